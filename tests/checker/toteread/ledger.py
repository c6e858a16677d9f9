# SPDX-License-Identifier: ISC
"""A ledger directory: its log, tiles and checkpoint, verified on the way; the journal is read by journal.py."""
import collections
import os
import re
import stat
import struct

from .basic import Malformed, Note, leaf_hash, need, sha, vkey
from .entry import RECORD_KINDS, Entry, check_fields, is_host, parse_entry
from .files import names, regular, split_bundle, tile_name, tree_files
from .journal import Journal
from .keychain import Keychain

BUNDLE = 256


class Ledger:
    """Reads log and journal: raw entries, parsed entries, leaf hashes; says what is wrong with any of them."""

    def __init__(self, report, directory, kinds, told_key=None):
        self.report, self.dir, self.kinds, self.told = report, directory, kinds, told_key
        self.raw, self.entries, self.leaves = [], [], []
        self.checkpoint, self.size, self.origin, self.chain = None, 0, None, None
        self.log = os.path.join(directory, "log")
        self.skeleton()
        self.read_log()
        self.journal = Journal(report, self)
        self.read_entries()
        self.repairs()
        self.build_tree()
        self.read_tiles()

    def where(self, seq):
        """The file that holds an entry: its bundle, or the journal."""
        if seq >= self.size:
            return os.path.join(self.dir, "journal")
        n, w = seq // BUNDLE, min(BUNDLE, self.size - seq // BUNDLE * BUNDLE)
        path = os.path.join(self.log, "tile/entries", tile_name(n))
        return path if w == BUNDLE or os.path.lexists(path) else f"{path}.p/{w}"

    def skeleton(self):
        for name in names(self.dir):
            path = os.path.join(self.dir, name)
            if name not in ("log", "journal", "damaged", "lock") and not name.startswith((".tote-w-", ".tote-new-")):
                self.report.bad(4002, path, "does not belong into a ledger")
            elif name in ("log", "journal", "damaged") and not stat.S_ISDIR(os.lstat(path).st_mode):
                self.report.bad(4003, path, "is no directory")
        if os.path.lexists(os.path.join(self.dir, "lock")):
            regular(self.report, os.path.join(self.dir, "lock"), 0o600, 4007)

    # ---- reading ------------------------------------------------------------------------------------------------

    def add(self, raw):
        self.raw.append(raw)
        self.leaves.append(leaf_hash(raw))

    def read_checkpoint(self):
        path = os.path.join(self.log, "checkpoint")
        if not os.path.lexists(path):
            return self.report.bad(5001, path, "unsigned: there is no checkpoint")
        data = regular(self.report, path, None, 5002)
        try:
            return Note(data or b"")
        except Malformed as e:
            return self.report.bad(e.code or 5002, path, str(e))

    def bundle(self, n, width):
        """The entries of bundle n, `width` of them needed: from the full one where the partial one has gone."""
        path = os.path.join(self.log, "tile/entries", tile_name(n))
        part = f"{path}.p/{width}"
        path, holds = (part, width) if width < BUNDLE and os.path.lexists(part) else (path, BUNDLE)
        if not os.path.lexists(path):
            raise Malformed("is missing", 1004)
        try:
            entries = split_bundle(regular(self.report, path, 0o444, 1006) or b"")
            need(len(entries) == holds, f"holds {len(entries)} entries, not {holds}")
        except Malformed as e:
            raise Malformed(str(e), 1003) from e
        return entries[:width]

    def read_log(self):
        self.checkpoint = self.read_checkpoint()
        self.size = self.checkpoint.size if self.checkpoint else 0
        for n in range((self.size + BUNDLE - 1) // BUNDLE):
            width = min(BUNDLE, self.size - n * BUNDLE)
            try:
                for raw in self.bundle(n, width):
                    self.add(raw)
            except Malformed as e:
                return self.report.bad(e.code, self.where(n * BUNDLE), str(e))
        return None

    def read_entries(self):
        """Grammar, seq, chain, and the keys that are in force."""
        prev, unknown = None, collections.Counter()
        for seq, raw in enumerate(self.raw):
            try:
                entry = parse_entry(raw)
                need(entry.seq == seq, f"says seq {entry.seq}", 1010)
                if entry.version > 1 or (entry.kind not in self.kinds and not is_host(entry.kind)):
                    unknown[f"{entry.kind}/{entry.version}"] += 1
                elif entry.kind in self.kinds:
                    for name in check_fields(self.kinds, entry):
                        unknown[f"{entry.kind} {name}"] += 1
                else:
                    need(self.kinds is not RECORD_KINDS, f"{entry.kind} is the host's and has no place here")
                if seq == 0:
                    prev = self.genesis(entry)
                need(entry.prev == prev, "prev is not the leaf hash of the entry before" if seq else
                     "prev is not the genesis of its own origin and vkey", 1009 if seq else 1012)
                if self.chain:
                    self.chain.rotation(entry)
                self.entries.append(entry)
            except Malformed as e:
                self.report.bad(e.code or 1008, self.where(seq), str(e), seq)
                self.entries.append(Entry(0, "", seq, b"", None, {}, b""))
            prev = self.leaves[seq]
        for what, count in sorted(unknown.items()):
            self.report.note(self.dir, f"unknown: {what}, {count} times")

    def genesis(self, entry):
        first = "orchestrator.created" if self.kinds is RECORD_KINDS else "container.created"
        need(entry.kind == first, f"the first entry is {entry.kind}, not {first}", 1012)
        self.origin, key = entry.fields["origin"].decode(), entry.fields["vkey"].decode()
        need(vkey(key).name == self.origin, "the key's name is not the origin", 1012)
        self.chain = Keychain(self.report, self, vkey(key))
        return sha(f"toteborch.genesis/1\n{self.origin}\n{key}\n".encode())

    # ---- repairs ------------------------------------------------------------------------------------------------

    def repairs(self):
        """ledger.repaired names the seq at which it stands; what was set aside lies under the same number."""
        aside = {}
        for name in names(os.path.join(self.dir, "damaged")):
            path = os.path.join(self.dir, "damaged", name)
            m = re.fullmatch(r"([0-9]{20})(\.[1-9][0-9]*)?(\.log(\.[1-9][0-9]*)?)?", name)
            if not m:
                self.report.bad(4002, path, "is nothing that a repair sets aside")
            else:
                aside.setdefault(int(m[1]), []).append(name)
        for e in self.entries:
            if e.kind != "ledger.repaired":
                continue
            if int(e.fields["from-seq"]) != e.seq:
                self.report.bad(1008, self.where(e.seq), f"repairs from seq {e.fields['from-seq'].decode()}", e.seq)
            if not aside.pop(e.seq, None):
                self.report.note(self.dir, f"nothing of the repair is in damaged/{e.seq:020d}", e.seq)
        for seq in aside:
            self.report.note(os.path.join(self.dir, "damaged"), f"a repair at {seq} that no entry tells of")

    # ---- tree ---------------------------------------------------------------------------------------------------

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
        there, beyond, whole = set(), 0, len(self.raw) >= self.size
        for path in tree_files(self.report, self.log, 1005):
            rel = os.path.relpath(path, self.log)
            if rel == "checkpoint" or os.path.basename(rel).startswith(".tote-w-") or rel == ".tote-new-checkpoint":
                continue
            m = re.fullmatch(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", rel)
            n, w = (int(re.sub("[x/]", "", m[2])), int(m[3] or BUNDLE)) if m else (0, 0)
            if not m or tile_name(n) != m[2] or w > BUNDLE or (m[3] and w == BUNDLE):
                self.report.bad(1005, path, "is neither tile nor bundle")
                continue
            data = regular(self.report, path, 0o444, 1006)
            there.add((m[1], n, w))
            level = 0 if m[1] == "entries" else int(m[1])
            above = (n * BUNDLE + w) << 8 * level > self.size
            if (n * BUNDLE + w) << 8 * level > len(self.raw):
                if whole:
                    self.report.bad(1007, path, "reaches beyond all entries")
                continue
            beyond += above
            at = slice(n * BUNDLE, n * BUNDLE + w)
            if m[1] == "entries":
                want = b"".join(struct.pack(">H", len(raw)) + raw for raw in self.raw[at])
            else:
                want = b"".join(self.levels[8 * level][at])
            if data is not None and data != want:
                code = 1007 if above else 1003 if m[1] == "entries" else 1001
                self.report.bad(code, path, f"is not what the entries give ({len(data)} bytes, {len(want)} expected)")
        if beyond:
            self.report.note(self.log, f"{beyond} files reach beyond the checkpoint: an interrupted fold")
        self.tiles_missing(there)

    def tiles_missing(self, there):
        for level in range(8):
            count = self.size >> 8 * level
            for n in range((count + BUNDLE - 1) // BUNDLE):
                w = min(BUNDLE, count - n * BUNDLE)
                if not {(str(level), n, w), (str(level), n, BUNDLE)} & there:
                    self.report.bad(1002, os.path.join(self.log, f"tile/{level}", tile_name(n)), "is missing")

    def verify_checkpoint(self, witness_keys, strict):
        """Root, the log's signature, each other line: a witness's must verify, a stranger's is a finding or a note."""
        path, note = os.path.join(self.log, "checkpoint"), self.checkpoint
        if note is None or not self.chain:
            return
        if note.origin != self.origin:
            self.report.bad(5002, path, f"is of {note.origin}, not of {self.origin}")
        if len(self.raw) >= note.size and self.root_at(note.size) != note.root:
            self.report.bad(1011, path, "the root is not what the entries give")
        # A key that was told is where the entries' keys begin, or replaces one that they do not know of.
        led_to = self.chain.key_for(note.size)
        key = self.told if self.told and self.told not in self.chain.every() else led_to
        if self.told and self.told != led_to:
            self.report.note(path, "the key told is not the one that the entries lead to")
        signed = note.signed_by(key)
        if not signed:
            self.report.bad(5004 if signed is None else 5003, path, f"no good signature by {key.vkey}")
        known = {(k.name, k.id) for k in self.chain.every()} | {(key.name, key.id)}
        cosigned = 0
        for k in witness_keys:
            known.add((k.name, k.id))
            verdict = note.signed_by(k)
            cosigned += bool(verdict)
            if verdict is False:
                self.report.bad(5006, path, f"the cosignature by {k.vkey} does not verify")
        for name, kid, _ in note.lines:
            if (name, kid) not in known and strict:
                self.report.bad(5005, path, f"a signature by {name}+{kid.hex()}, which nobody names")
            elif (name, kid) not in known:
                self.report.note(path, f"a signature by {name}+{kid.hex()}, which nobody names")
        self.report.good(self.dir, f"{len(self.raw)} entries, {note.size} under the checkpoint, "
                         f"{len(self.raw) - note.size} in the journal, {cosigned} cosignatures")
