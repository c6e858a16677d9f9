# SPDX-License-Identifier: ISC
"""One entry of a ledger: its grammar, its kinds and their fields (toteborch-ledger(5))."""
import collections
import datetime
import re

from .basic import Malformed, base64_strict, decimal, need, vkey


Entry = collections.namedtuple("Entry", "version kind seq prev actor fields payload")

TIME = r"(\d{4})-(\d\d)-(\d\d)T(\d\d):([0-5]\d):([0-5]\d)\.\d{6}Z"
ID = r"(?!(?:orchestrator|witness)$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def is_time(text):
    m = re.fullmatch(TIME, text, re.ASCII)
    if not m or not 1970 <= int(m[1]) or int(m[4]) > 23:
        return False
    try:
        datetime.date(int(m[1]), int(m[2]), int(m[3]))
        return True
    except ValueError:
        return False


def escape(raw):
    out, i = bytearray(), 0
    while i < len(raw):
        n = next((n for n in (1, 2, 3, 4) if is_char(raw[i:i + n])), 0)
        if not n or raw[i] < 0x20 or raw[i] in b"\x7f%" or (raw[i] == 0x20 and i in (0, len(raw) - 1)):
            out += b"%%%02X" % raw[i]
            n = 1
        else:
            out += raw[i:i + n]
        i += n
    return bytes(out)


def is_char(data):
    try:
        return len(data.decode()) == 1
    except UnicodeDecodeError:
        return False


PLAIN = re.compile(rb"[!-$&-~]([ -$&-~]*[!-$&-~])?")


def value(written):
    need(1 <= len(written) <= 16384, "a value's length")
    if PLAIN.fullmatch(written):
        return written
    raw = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), written)
    need(escape(raw) == written, f"a value is not written as it must be: {written!r}")
    return raw


def is_host(kind):
    return kind == "record" or kind.startswith(("record.", "host."))


def parse_entry(data):
    need(len(data) <= 65535, "longer than 65,535 bytes")
    header, gap, payload = data.partition(b"\n\n")
    need(gap, "no empty line")
    lines = header.split(b"\n")
    m = re.fullmatch(rb"toteborch\.entry/([1-9][0-9]*) ([a-z][a-z0-9]*(?:\.[a-z][a-z0-9-]*)*)", lines[0])
    need(m and len(m[2]) <= 64, f"the first line: {lines[0][:80]!r}")
    pairs = [line.partition(b" ")[::2] for line in lines[1:]]
    need([k for k, _ in pairs[:3]] == [b"seq", b"time", b"prev"], "not seq, time, prev in this order")
    seq = decimal(pairs[0][1].decode("latin-1"))
    need(is_time(pairs[1][1].decode("latin-1")), f"the time {pairs[1][1]!r}")
    prev = base64_strict(pairs[2][1].decode("latin-1"), 32)
    version, kind = int(m[1]), m[2].decode()
    if version > 1:
        return Entry(version, kind, seq, prev, None, {}, payload)
    need(len(pairs) <= 64, "more than 64 lines")
    rest, actor = pairs[3:], None
    if rest and rest[0][0] == b"actor":
        actor = value(rest.pop(0)[1])
    keys = [k for k, _ in rest]
    need(keys == sorted(set(keys)), "keys out of order or twice")
    for key in keys:
        need(re.fullmatch(rb"[a-z][a-z0-9-]{0,31}", key), f"the key {key[:80]!r}")
        need(key not in (b"seq", b"time", b"prev", b"actor"), f"the key {key!r} out of its place")
    need(not payload or is_host(kind), f"a payload in {kind}")
    return Entry(version, kind, seq, prev, actor, {k.decode(): value(v) for k, v in rest}, payload)


def is_path(raw):
    return len(raw) <= 4095 and b"\0" not in raw and all(
        1 <= len(c) <= 255 and c not in (b".", b"..") and not c.startswith(b".tote-") for c in raw.split(b"/"))


def is_location(raw):
    return raw.startswith(b"/") or not {b"", b".", b".."} & set(raw.split(b"/"))


def form(pattern):
    return lambda raw: re.fullmatch(pattern.encode(), raw)


def parses(function, *more):
    def check(raw):
        try:
            function(raw.decode(), *more)
            return True
        except (Malformed, UnicodeDecodeError):
            return False
    return check


NUMBER, ANY, VKEY = parses(decimal), (lambda raw: True), parses(vkey)
COSIGNERS = parses(lambda text: [vkey(key, 4) for key in text.split(" ")])
DIGEST, STATE = form("sha256:[0-9a-f]{64}"), form("active|suspended|archived|disposed")
LEVEL, ORIGIN = form("structure|full"), form("[!-*,-~]{1,255}")
FORMS = {
    "origin": ORIGIN, "predecessor-origin": ORIGIN, "vkey": VKEY, "witness-vkey": parses(vkey, 4), "backend": form(ID),
    "id": form(ID), "container": form(f"{ID}|orchestrator"), "path": is_path, "digest": DIGEST, "report-digest": DIGEST,
    "mtime": lambda raw: is_time(raw.decode("latin-1")), "since": lambda raw: is_time(raw.decode("latin-1")), "level": LEVEL, "verdict": form("ok|damaged|incomplete"),
    "cached": form("store|asked"), "code": form("TOTE-[0-9]{4}"), "root": parses(base64_strict, 32), "predecessor-root": parses(base64_strict, 32),
    "proof": parses(base64_strict, 64), "on-flag": form("none|suspend"),
    "location": is_location, "window": form("([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]"),
}
FORMS.update(dict.fromkeys(
    "size seal supersedes run flag finding at-seq from-seq to-seq bytes entries assets findings witnessed report-size lost "
    "changes cosigners continues job asked stopped-at structure-every full-every overdue-after fold-after fold-bytes rate predecessor-size".split(), NUMBER))
BOTH = {
    "key.rotated": ("from to proof reason", "", {"from": VKEY, "to": VKEY}),
    "ledger.repaired": ("from-seq lost reason", "", {}),
}
BOX_KINDS = {
    "container.created": ("id origin vkey backend", "predecessor-origin predecessor-size predecessor-root", {}),
    "container.state": ("from to reason", "", {"from": STATE, "to": STATE}),
    "asset.sealed": ("path size digest", "media-type mtime source supersedes", {}),
    "asset.void": ("seal reason", "", {}),
    "asset.erased": ("seal reason authority", "", {}),
    "input.rejected": ("name size digest reason", "", {}),
    **BOTH,
}
RECORD_KINDS = {
    "orchestrator.created": ("origin vkey witness-vkey", "", {}),
    "witness.rotated": ("from to proof reason", "", {"from": parses(vkey, 4), "to": parses(vkey, 4)}),
    "witness.accepted": ("origin vkey", "", {"origin": ANY}),
    "witness.cosigned": ("origin size root", "", {"origin": ANY}),
    "container.registered": ("container location backend origin vkey", "", {}),
    "container.policy": ("container", "structure-every full-every overdue-after fold-after fold-bytes rate window on-flag "
                         "cosigners cosigner-keys", {"cosigner-keys": COSIGNERS}),
    "container.detached": ("container reason", "", {}),
    "container.rekeyed": ("container from to at-seq reason", "", {"from": VKEY, "to": VKEY}),
    "container.state": ("container from to reason", "", {"from": STATE, "to": STATE}),
    "audit.started": ("container level", "from-seq to-seq path continues job scope cached", {"scope": form("all")}),
    "audit.covered": ("container run level from-seq to-seq bytes", "size leaf", {"leaf": parses(base64_strict, 32)}),
    "audit.finished": ("container run level verdict entries assets bytes findings size root witnessed report-digest "
                       "report-size", "asked since stopped-at cached", {}),
    "audit.finding": ("container run code", "at-seq path expected found", {"path": ANY}),
    "flag.raised": ("container code finding", "", {}),
    "flag.acknowledged": ("flag reason", "", {}),
    "fleet.applied": ("digest changes", "", {}),
    **BOTH,
}


def check_fields(kinds, entry):
    """Fields of a kind that is known; gives the names that are not."""
    required, optional, forms = kinds[entry.kind]
    required, optional = required.split(), optional.split()
    for name in required:
        need(name in entry.fields, f"{entry.kind} without {name}")
    for name in required + optional:
        if name in entry.fields:
            check = forms.get(name) or FORMS.get(name, ANY)
            need(check(entry.fields[name]), f"{entry.kind} has {name} {entry.fields[name][:80]!r}")
    return [name for name in entry.fields if name not in required + optional + ["tote-state"]]
