# SPDX-License-Identifier: ISC
"""What is said, and hashes, numbers, keys and signed notes (RFC 8032, C2SP signed-note, tlog-checkpoint)."""
import base64
import collections
import hashlib
import os
import re

LIMIT = 1 << 63


def spelled(data):
    """A name of a path as it is shown: no white space, no byte that is not printable."""
    raw = os.fsencode(data)
    return "".join(chr(c) if 0x20 < c < 0x7F and c != 0x25 else f"%{c:02X}" for c in raw) or "-"


class Report:
    """Findings as (code, path, seq, text), codes as in toteborch-messages(7); notes are no findings."""

    def __init__(self, top=""):
        self.top, self.found, self.notes, self.goods, self.ledgers = top, {}, [], [], {}

    def below(self, path):
        rel = os.path.relpath(path, self.top) if self.top else path
        return path if rel.startswith("..") else rel

    def bad(self, code, path, text, seq=None):
        self.found[f"TOTE-{code}", self.below(path), seq, text] = True

    def note(self, path, text, seq=None):
        self.notes.append(("note", self.below(path), seq, text))

    def good(self, path, text):
        self.goods.append(("ok", self.below(path), None, text))


class Malformed(Exception):
    """Bytes that depart from the format; the text says where, the code what kind of finding it is, if any other."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


def need(condition, text, code=None):
    if not condition:
        raise Malformed(text, code)


def sha(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha(b"\0" + entry)


def base64_strict(text, length=None):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as e:
        raise Malformed(f"not base64: {text}") from e
    need(base64.b64encode(data).decode() == text, f"not strict base64: {text}")
    need(length is None or len(data) == length, f"{len(data)} bytes, not {length}: {text}")
    return data


def decimal(text):
    need(re.fullmatch(r"0|[1-9][0-9]{0,18}", text) and int(text) < LIMIT, f"not a number: {text}")
    return int(text)


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point_add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    g, h = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    x, y, z, t = f - e, h - g, h + g, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def point_mul(n, a):
    r = (0, 1, 1, 0)
    while n:
        if n & 1:
            r = point_add(r, a)
        a, n = point_add(a, a), n >> 1
    return r


def point_read(data):
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    need(y < P, "not a point")
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need((x * x - x2) % P == 0 and not (x == 0 and sign), "not a point")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_read((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def public_key(seed):
    a = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & (1 << 254) - 8 | 1 << 254
    x, y, z, _ = point_mul(a, BASE)
    z = pow(z, -1, P)
    return (y * z % P | (x * z % P & 1) << 255).to_bytes(32, "little")


def sign(seed, message):
    """RFC 8032 5.1.6; the checker's own tests forge ledgers with it."""
    h = hashlib.sha512(seed).digest()
    a, key = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254, public_key(seed)
    r = int.from_bytes(hashlib.sha512(h[32:] + message).digest(), "little") % ORDER
    x, y, z, _ = point_mul(r, BASE)
    z = pow(z, -1, P)
    point = (y * z % P | (x * z % P & 1) << 255).to_bytes(32, "little")
    k = int.from_bytes(hashlib.sha512(point + key + message).digest(), "little") % ORDER
    return point + ((r + k * a) % ORDER).to_bytes(32, "little")


def ed25519(key, signature, message):
    """RFC 8032 5.1.7, without the cofactor."""
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER:
        return False
    try:
        a, r = point_read(key), point_read(signature[:32])
    except Malformed:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = point_mul(s, BASE), point_add(r, point_mul(k, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


Key = collections.namedtuple("Key", "name id type public vkey")


def vkey(text, kind=1):
    parts = text.split("+", 2)
    need(len(parts) == 3, f"not a vkey: {text}")
    data = base64_strict(parts[2], 33)
    need(data[0] == kind, f"a key of type {data[0]}, not {kind}: {text}")
    need(sha(parts[0].encode() + b"\n" + data)[:4].hex() == parts[1], f"the key id is wrong: {text}")
    return Key(parts[0], bytes.fromhex(parts[1]), kind, data[1:], text)


class Note:
    """A signed checkpoint: text, origin, size, root, and its signature lines as (name, id, rest)."""

    def __init__(self, data):
        try:
            whole = data.decode()
        except UnicodeDecodeError as e:
            raise Malformed("not UTF-8") from e
        need(not re.search(r"[\x00-\x09\x0b-\x1f]", whole), "a control character")
        self.text, gap, lines = whole.rpartition("\n\n")
        need(gap and lines.endswith("\n"), "not a signed note")
        self.text += "\n"
        head = self.text.split("\n")
        need(len(head) >= 4 and all(head[:-1]), "fewer than three lines, or an empty one")
        self.origin, self.size, self.root = head[0], decimal(head[1]), base64_strict(head[2], 32)
        self.lines = []
        for line in lines[:-1].split("\n"):
            m = re.fullmatch(r"\u2014 ([^ +]+) (\S+)", line)
            need(m, f"a malformed signature line: {line}")
            blob = base64_strict(m[2])
            need(len(blob) > 4, f"a short signature: {line}")
            self.lines.append((m[1], blob[:4], blob[4:]))

    def signed_by(self, key):
        """None without a line by the key (or without a key), else whether all of them verify."""
        if key is None:
            return None
        mine = [rest for name, kid, rest in self.lines if (name, kid) == (key.name, key.id)]
        return all(self.good(key, rest) for rest in mine) if mine else None

    def good(self, key, rest):
        if key.type == 1:
            return ed25519(key.public, rest, self.text.encode())
        if len(rest) != 72 or rest[0] & 0x80:
            return False
        time = int.from_bytes(rest[:8], "big")
        return ed25519(key.public, rest[8:], f"cosignature/v1\ntime {time}\n{self.text}".encode())
