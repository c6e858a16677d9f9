# SPDX-License-Identifier: ISC
"""Ledgers as a faulty or hostile program with all the keys would write them: whole and well signed, and wrong."""
import base64
import os
import shutil
import struct

from toteread.basic import Report, leaf_hash, public_key, sha, sign
from toteread.entry import BOX_KINDS, RECORD_KINDS, escape
from toteread.files import tile_name
from toteread.ledger import BUNDLE, Ledger

TIME = "2026-11-23T08:15:00.000000Z"


class Key:
    def __init__(self, name, seed, kind=1):
        self.name, self.seed = name, seed
        blob = bytes([kind]) + public_key(seed)
        self.id = sha(name.encode() + b"\n" + blob)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(blob).decode()}"
        self.line = f"PRIVATE+KEY+{name}+{self.id.hex()}+{base64.b64encode(bytes([kind]) + seed).decode()}\n"

    @classmethod
    def read(cls, path):
        with open(path, encoding="ascii") as f:
            _, _, name, _, blob = f.read().rstrip("\n").split("+", 4)
        blob = base64.b64decode(blob)
        return cls(name, blob[1:], blob[0])

    def sign_line(self, text):
        return self.line_of(sign(self.seed, text.encode()))

    def cosign_line(self, text, when=1763885700):
        signature = sign(self.seed, f"cosignature/v1\ntime {when}\n{text}".encode())
        return self.line_of(struct.pack(">Q", when) + signature)

    def line_of(self, rest):
        return f"\u2014 {self.name} {base64.b64encode(self.id + rest).decode()}\n"


def put(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.chmod(path, 0o600)
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


class Forge:
    """The ledger of one container of a root, or of its consolidated record, taken apart and put together again."""

    def __init__(self, root, name):
        self.root, self.name, self.record = root, name, name == "orchestrator"
        self.dir = os.path.join(root, "orchestrator/ledger" if self.record else f"containers/{name}/ledger")
        ledger = Ledger(Report(root), self.dir, RECORD_KINDS if self.record else BOX_KINDS)
        self.raw, self.origin = list(ledger.raw), ledger.origin
        self.key = Key.read(os.path.join(root, "orchestrator/keys", name))
        self.witness = Key.read(os.path.join(root, "orchestrator/keys/witness"))

    def entry(self, kind, fields, payload=b"", seq=None, prev=None, time=TIME, raw_fields=b""):
        """The bytes of an entry; fields are written as they are told, in order of their keys."""
        seq = len(self.raw) if seq is None else seq
        prev = leaf_hash(self.raw[-1]) if prev is None else prev
        if not self.record and seq % BUNDLE == 0 and "tote-state" not in fields:
            fields = dict(fields, **{"tote-state": "active"})
        lines = [b"toteborch.entry/1 " + kind.encode(), b"seq %d" % seq, b"time " + time.encode(),
                 b"prev " + base64.b64encode(prev)]
        for key in sorted(fields):
            if fields[key] is not None:
                value = fields[key]
                lines.append(key.encode() + b" " + escape(value if isinstance(value, bytes) else str(value).encode()))
        return b"\n".join(lines) + b"\n" + raw_fields + b"\n" + payload

    def add(self, kind, fields, **more):
        self.raw.append(self.entry(kind, fields, **more))
        return len(self.raw) - 1

    def rotation(self, new, old=None, **more):
        """key.rotated to `new`, proven by `old` or by the key in force."""
        old = old or self.key
        prev = base64.b64encode(leaf_hash(self.raw[-1])).decode()
        text = f"toteborch.rotate/1\n{self.origin}\n{len(self.raw)}\n{prev}\n{new.vkey}\n"
        fields = {"from": old.vkey, "to": new.vkey, "reason": "yearly",
                  "proof": base64.b64encode(sign(old.seed, text.encode())).decode()}
        return self.add("key.rotated", dict(fields, **more))

    def fill(self, multiple=BUNDLE):
        """Records up to the next entry whose seq is a multiple."""
        while len(self.raw) % multiple:
            self.add("record" if not self.record else "fleet.applied",
                     {} if not self.record else {"digest": "sha256:" + 64 * "0", "changes": 0})

    def tree(self, count):
        levels = [[leaf_hash(raw) for raw in self.raw[:count]]]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append([sha(b"\1" + below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)])
        return levels

    @staticmethod
    def root_of(levels, count):
        root = None
        for k, level in enumerate(levels):
            if count >> k & 1:
                peak = level[(count >> k) - 1]
                root = peak if root is None else sha(b"\1" + peak + root)
        return root

    def note(self, count, key=None):
        text = f"{self.origin}\n{count}\n{base64.b64encode(self.root_of(self.tree(count), count)).decode()}\n"
        return text, text + "\n" + (key or self.key).sign_line(text)

    def write(self, key=None, count=None, seen=True):
        """Everything under one checkpoint, which the key signs and the witness cosigns; the journal is empty then."""
        count = len(self.raw) if count is None else count
        log = os.path.join(self.dir, "log")
        for place in (os.path.join(log, "tile"), os.path.join(self.dir, "journal")):
            shutil.rmtree(place, ignore_errors=True)
            os.mkdir(place, 0o750)
        levels = self.tree(count)
        for level in range(0, len(levels), 8):
            self.tiles(log, str(level // 8), [hash_ for hash_ in levels[level]], count >> level)
        self.tiles(log, "entries", [struct.pack(">H", len(raw)) + raw for raw in self.raw[:count]], count)
        text, note = self.note(count, key)
        keys = os.path.join(self.root, "orchestrator/keys")
        put(os.path.join(keys, self.name + ".last"), note.encode(), 0o600)
        if not self.record:
            note += self.witness.cosign_line(text)
        put(os.path.join(log, "checkpoint"), note.encode())
        if seen and not self.record:
            put(os.path.join(self.root, "orchestrator/seen", self.name), note.encode())

    @staticmethod
    def tiles(log, level, parts, count):
        for n in range((count + BUNDLE - 1) // BUNDLE):
            width = min(BUNDLE, count - n * BUNDLE)
            name = tile_name(n) + (f".p/{width}" if width < BUNDLE else "")
            put(os.path.join(log, "tile", level, name), b"".join(parts[n * BUNDLE:n * BUNDLE + width]), 0o444)

    def segment(self, first, groups, prev=None, version=1, salt=b"s" * 16, features=0):
        """A segment of these groups, each a list of entries that begins at the seq it tells: (seq, entries)."""
        prev = leaf_hash(self.raw[first - 1]) if prev is None else prev
        head = struct.pack(">8sIIQ16s32s", b"tote.jnl", version, features, first, salt, prev)
        data = (head + sha(head)[:16]).ljust(4096, b"\0")
        for seq, entries in groups:
            body = b"".join(struct.pack(">H", len(raw)) + raw for raw in entries)
            head = struct.pack(">8sQII32s", b"totegrp\n", seq, len(entries), len(body), leaf_hash(entries[-1]))
            group = head + sha(salt + head)[:16] + body
            data += group.ljust(-(-len(group) // 4096) * 4096, b"\0")
        put(os.path.join(self.dir, "journal", f"{first:020d}"), data.ljust(32768, b"\0"), 0o640)
