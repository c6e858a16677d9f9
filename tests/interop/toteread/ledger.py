# SPDX-License-Identifier: ISC
"""A ledger directory: log, tiles and journal, read into entries that are verified on the way."""
import base64
import collections
import os
import re
import struct

from .basic import Malformed, Note, ed25519, base64_strict, leaf_hash, need, sha, vkey
from .entry import RECORD_KINDS, Entry, check_fields, is_host, parse_entry
from .files import names, regular, split_bundle, tile_name, tree_files

BUNDLE = 256
BLOCK = 4096


class Ledger:
    """Reads log and journal: raw entries, parsed entries, leaf hashes; says what is wrong with any of them."""

    def __init__(self, report, directory, kinds, told_key=None):
        self.report, self.dir, self.kinds, self.told = report, directory, kinds, told_key
        self.raw, self.entries, self.leaves = [], [], []
        self.checkpoint, self.size, self.keys, self.rekeyed = None, 0, [], []
        self.log = os.path.join(directory, "log")
        self.skeleton()
        self.read_log()
        self.read_journal()
        self.read_entries()
        self.build_tree()
        self.read_tiles()

    def skeleton(self):
        for name in names(self.dir):
            if name not in ("log", "journal", "damaged", "lock") and not name.startswith((".tote-w-", ".tote-new-")):
                self.report.bad(os.path.join(self.dir, name), "does not belong into a ledger")
        if os.path.lexists(os.path.join(self.dir, "lock")):
            regular(self.report, os.path.join(self.dir, "lock"), 0o600)
        for name in names(os.path.join(self.dir, "damaged")):
            self.report.note(os.path.join(self.dir, "damaged", name), "was set aside by a repair")

    def add(self, raw):
        self.raw.append(raw)
        self.leaves.append(leaf_hash(raw))

    def read_log(self):
        path = os.path.join(self.log, "checkpoint")
        if not os.path.lexists(path):
            return self.report.bad(path, "unsigned: there is no checkpoint")
        data = regular(self.report, path)
        try:
            self.checkpoint = Note(data or b"")
        except Malformed as e:
            return self.report.bad(path, str(e))
        self.size = self.checkpoint.size
        for n in range((self.size + BUNDLE - 1) // BUNDLE):
            width = min(BUNDLE, self.size - n * BUNDLE)
            path = os.path.join(self.log, "tile/entries", tile_name(n))
            part = f"{path}.p/{width}"
            path, holds = (part, width) if width < BUNDLE and os.path.lexists(part) else (path, BUNDLE)
            data = regular(self.report, path, 0o444)
            try:
                entries = split_bundle(data or b"")
                need(len(entries) == holds, f"holds {len(entries)} entries, not {holds}")
            except Malformed as e:
                self.report.bad(path, str(e))
                return None
            for raw in entries[:width]:
                self.add(raw)

    def mark(self):
        """The mark in the line of `lock`, 0 where there is none or it is void."""
        path = os.path.join(self.dir, "lock")
        if not os.path.isfile(path):
            return 0
        with open(path, "rb") as f:
            line, _, _ = f.read(4096).partition(b"\n")
        m = re.fullmatch(rb"(tote-lock/1 (0|[1-9][0-9]{0,18}) (?:busy|idle) ([0-9]{1,20})(?: [!-~]+){4} )"
                         rb"([0-9a-f]{16})", line)
        if not m or sha(m[1])[:8].hex().encode() != m[4] or int(m[3]) != os.stat(path).st_ino:
            return 0
        return int(m[2])

    def read_journal(self):
        """Section 5, the replay: E is the first seq from C on that no valid group holds, H what must be there."""
        directory, top, segments = os.path.join(self.dir, "journal"), self.mark(), []
        for name in names(directory):
            path = os.path.join(directory, name)
            if not re.fullmatch(r"[0-9]{20}", name):
                if not name.startswith(".tote-w-"):
                    self.report.bad(path, "is no segment")
                continue
            data = regular(self.report, path)
            if data is not None:
                segments.append((int(name), path, data))
        c, found, ends = len(self.raw), {}, [self.size]
        if not self.checkpoint and segments and segments[0][0] == 0:
            self.report.note(directory, "the journal begins at 0: the first fold was never finished")
        for i, (first, path, data) in enumerate(segments):
            below = i + 1 < len(segments) and segments[i + 1][0] <= c
            ends.append(self.read_segment(first, path, data, c, found, below))
        if segments:
            top = max(top, segments[-1][0])
        for seq in range(c, c + len(found) + 1):
            if seq not in found:
                break
            raw, where = found[seq]
            self.add(raw)
        high = max([top, *ends])
        if len(self.raw) < high:
            self.report.bad(directory, f"damage at seq {len(self.raw)}: entries up to {high} must be there")
        above = len(self.raw) - max(self.mark(), c)
        if above > 0 and self.mark():
            self.report.note(directory, f"{above} entries lie above the mark")

    def read_segment(self, first, path, data, c, found, below):
        head = data[:88]
        good = len(head) == 88 and head[72:] == sha(head[:72])[:16]
        if good:
            magic, version, features, start, salt, prev = struct.unpack(">8sIIQ16s32s", head[:72])
            good = magic == b"tote.jnl" and start == first
        if not good:
            if not below:
                self.report.bad(path, "damage: the segment's header does not check")
            return 0
        if version != 1 or features:
            self.report.note(path, f"is of version {version}, features {features}: not read")
            return 0
        if any(data[88:BLOCK]):
            self.report.note(path, "block 0 is not zero behind its header")
        self.expect_prev(path, first, prev, found, c)
        at, end, torn = BLOCK, first, 0
        while at < len(data):
            group = self.group(data, at, salt)
            if group is None:
                torn += any(data[at:at + BLOCK])
                at += BLOCK
                continue
            seq, entries, length = group
            for i, raw in enumerate(entries):
                if seq + i < c:
                    if self.raw[seq + i] != raw:
                        self.report.bad(path, f"seq {seq + i} differs from the log")
                elif seq + i in found and found[seq + i][0] != raw:
                    self.report.bad(path, f"damage: seq {seq + i} differs from {found[seq + i][1]}")
                else:
                    found[seq + i] = (raw, path)
            if seq >= c:
                self.expect_prev(path, seq, self.prev_of(entries[0]), found, c)
            end = max(end, seq + len(entries))
            at += -(-length // BLOCK) * BLOCK
        if torn:
            self.report.note(path, f"{torn} blocks hold a torn tail or rot below the checkpoint")
        return end

    def expect_prev(self, path, seq, prev, found, c):
        before = None
        if 0 < seq <= c:
            before = self.leaves[seq - 1]
        elif seq - 1 in found:
            before = leaf_hash(found[seq - 1][0])
        if before is not None and before != prev:
            self.report.bad(path, f"damage: prev of seq {seq} is not the leaf hash before it")

    @staticmethod
    def prev_of(raw):
        m = re.match(rb"[^\n]*\nseq [0-9]+\ntime [^\n]*\nprev ([A-Za-z0-9+/=]{44})\n", raw)
        return base64.b64decode(m[1]) if m else None

    def group(self, data, at, salt):
        head = data[at:at + 72]
        if len(head) < 72 or head[:8] != b"totegrp\n" or sha(salt + head[:56])[:16] != head[56:]:
            return None
        _, seq, count, length, last = struct.unpack(">8sQII32s", head[:56])
        body = data[at + 72:at + 72 + length]
        try:
            entries = split_bundle(body)
        except Malformed:
            return None
        if len(body) != length or length > 4 << 20 or len(entries) != count or not count:
            return None
        if leaf_hash(entries[-1]) != last:
            return None
        for one, two in zip(entries, entries[1:]):
            if self.prev_of(two) != leaf_hash(one):
                return None
        return seq, entries, 72 + length

    def read_entries(self):
        """Grammar, seq, chain, and the keys that are in force."""
        prev, unknown = None, collections.Counter()
        for seq, raw in enumerate(self.raw):
            where = f"{self.dir} seq {seq}"
            try:
                entry = parse_entry(raw)
                need(entry.seq == seq, f"says seq {entry.seq}")
                if entry.version > 1 or (entry.kind not in self.kinds and not is_host(entry.kind)):
                    unknown[f"{entry.kind}/{entry.version}"] += 1
                elif entry.kind in self.kinds:
                    for name in check_fields(self.kinds, entry):
                        unknown[f"{entry.kind} {name}"] += 1
                elif self.kinds is RECORD_KINDS:
                    self.report.bad(where, f"{entry.kind} is the host's and has no place here")
                if seq == 0:
                    prev = self.genesis(entry)
                need(prev is None or entry.prev == prev, "prev is not the leaf hash of the entry before")
                self.rotation(where, entry)
                self.entries.append(entry)
            except Malformed as e:
                self.report.bad(where, str(e))
                self.entries.append(Entry(0, "", seq, b"", None, {}, b""))
            prev = self.leaves[seq]
        for what, count in sorted(unknown.items()):
            self.report.note(self.dir, f"unknown: {what}, {count} times")

    def genesis(self, entry):
        first = "orchestrator.created" if self.kinds is RECORD_KINDS else "container.created"
        need(entry.kind == first, f"entry 0 is {entry.kind}, not {first}")
        self.origin, key = entry.fields["origin"].decode(), entry.fields["vkey"].decode()
        self.keys = [(0, vkey(key))]
        need(self.keys[0][1].name == self.origin, "the key's name is not the origin")
        return sha(f"toteborch.genesis/1\n{self.origin}\n{key}\n".encode())

    def rotation(self, where, entry):
        if entry.kind != "key.rotated":
            return
        old, new = vkey(entry.fields["from"].decode()), vkey(entry.fields["to"].decode())
        if old != self.keys[-1][1]:
            self.report.note(where, "a key is in force that no rotation names")
        prev, proof = base64.b64encode(entry.prev).decode(), base64_strict(entry.fields["proof"].decode())
        text = f"toteborch.rotate/1\n{self.origin}\n{entry.seq}\n{prev}\n{new.vkey}\n"
        need(new.name == self.origin, "the new key's name is not the origin")
        need(ed25519(old.public, proof, text.encode()), "the proof does not verify")
        self.keys.append((entry.seq, new))

    def key_for(self, size):
        """The key that a checkpoint of that size is signed with; None where entry 0 names none."""
        steps = sorted(self.keys + self.rekeyed, key=lambda step: step[0])
        return next((key for seq, key in reversed(steps) if seq < max(size, 1)), None)

    def build_tree(self):
        """levels[k] has the hash of each complete, aligned subtree of 2^k leaves."""
        self.levels = [self.leaves]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([sha(b"\1" + below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def root_at(self, size):
        """RFC 6962 2.1: the peaks of the first `size` leaves, put together from the right."""
        root, k = None, 0
        while size >> k:
            if size >> k & 1:
                peak = self.levels[k][(size >> k) - 1]
                root = peak if root is None else sha(b"\1" + peak + root)
            k += 1
        return sha(b"") if root is None else root

    def read_tiles(self):
        """Every file under log/: what is in its place must be what the entries give, also superseded partial ones."""
        there, beyond = set(), 0
        for path in tree_files(self.report, self.log):
            rel = os.path.relpath(path, self.log)
            if rel == "checkpoint" or os.path.basename(rel).startswith(".tote-w-") or rel == ".tote-new-checkpoint":
                continue
            m = re.fullmatch(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", rel)
            n, w = (int(re.sub("[x/]", "", m[2])), int(m[3] or BUNDLE)) if m else (0, 0)
            if not m or tile_name(n) != m[2] or w > BUNDLE or (m[3] and w == BUNDLE):
                self.report.bad(path, "is neither tile nor bundle")
                continue
            data = regular(self.report, path, 0o444)
            there.add((m[1], n, w))
            level = 0 if m[1] == "entries" else int(m[1])
            if (n * BUNDLE + w) << 8 * level > len(self.raw):
                self.report.bad(path, "reaches beyond all entries")
                continue
            beyond += (n * BUNDLE + w) << 8 * level > self.size
            at = slice(n * BUNDLE, n * BUNDLE + w)
            if m[1] == "entries":
                want = b"".join(struct.pack(">H", len(raw)) + raw for raw in self.raw[at])
            else:
                want = b"".join(self.levels[8 * level][at])
            if data is not None and data != want:
                self.report.bad(path, f"is not what the entries give ({len(data)} bytes, {len(want)} expected)")
        if beyond:
            self.report.note(self.log, f"{beyond} files reach beyond the checkpoint: an interrupted fold")
        for level in range(8):
            count = min(self.size, len(self.raw)) >> 8 * level
            for n in range((count + BUNDLE - 1) // BUNDLE):
                w = min(BUNDLE, count - n * BUNDLE)
                if not {(str(level), n, w), (str(level), n, BUNDLE)} & there:
                    self.report.bad(os.path.join(self.log, f"tile/{level}", tile_name(n)), "is missing")

    def verify_checkpoint(self, witness_keys, strict):
        """Root, the log's signature, each other line: a witness's must verify, a stranger's is a finding or a note."""
        path, note = os.path.join(self.log, "checkpoint"), self.checkpoint
        if note is None or not self.keys or len(self.raw) < note.size:
            return
        if note.origin != self.origin:
            self.report.bad(path, f"is of {note.origin}, not of {self.origin}")
        if self.root_at(note.size) != note.root:
            self.report.bad(path, "the root is not what the entries give")
        key = self.told or self.key_for(note.size)
        if self.told and self.told != self.key_for(note.size):
            self.report.note(path, "the key told is not the one that the entries lead to")
        if not note.signed_by(key):
            self.report.bad(path, f"no good signature by {key.vkey}")
        known = {(k.name, k.id) for _, k in self.keys + self.rekeyed} | {(key.name, key.id)}
        cosigned = 0
        for k in witness_keys:
            known.add((k.name, k.id))
            verdict = note.signed_by(k)
            cosigned += bool(verdict)
            if verdict is False:
                self.report.bad(path, f"the cosignature by {k.vkey} does not verify")
        for name, kid, _ in note.lines:
            if (name, kid) not in known:
                tell = self.report.bad if strict else self.report.note
                tell(path, f"a signature by {name}+{kid.hex()}, which nobody names")
        self.report.good(self.dir, f"{len(self.raw)} entries, {note.size} under the checkpoint, "
                         f"{len(self.raw) - note.size} in the journal, {cosigned} cosignatures")
