# SPDX-License-Identifier: ISC
"""A container: its skeleton, its states, and its assets and rejected input against the entries that name them."""
import hashlib
import os
import re
import stat

from .entry import BOX_KINDS, is_host
from .files import names, regular, tree_files
from .ledger import BUNDLE, Ledger

MOVES = {("active", "suspended"), ("suspended", "active"), ("active", "archived"), ("suspended", "archived"),
         ("archived", "disposed")}


class Container:
    def __init__(self, report, directory, told_key=None):
        self.report, self.dir = report, directory
        self.skeleton()
        self.ledger = Ledger(report, os.path.join(directory, "ledger"), BOX_KINDS, told_key)
        self.states()
        self.created()
        self.assets()
        self.gate()

    def bad(self, code, seq, text):
        self.report.bad(code, self.ledger.where(seq), text, seq)

    def skeleton(self):
        wanted = {"app-console-input", "assets", "ledger"}
        for name in sorted(wanted | set(names(self.dir))):
            path = os.path.join(self.dir, name)
            if name not in wanted:
                self.report.bad(4002, path, "does not belong into a container")
            elif not os.path.lexists(path):
                self.report.bad(4001, path, "is missing")
            elif not stat.S_ISDIR(os.lstat(path).st_mode):
                self.report.bad(4003, path, "is no directory")
            elif os.lstat(path).st_dev != os.stat(self.dir).st_dev:
                self.report.bad(4003, path, "is a mount")

    def created(self):
        for e in self.ledger.entries:
            if e.kind == "container.created":
                if e.seq:
                    self.bad(1008, e.seq, "created a second time")
                there = [n for n in ("origin", "size", "root") if f"predecessor-{n}" in e.fields]
                if there and len(there) != 3:
                    self.bad(1008, e.seq, "names a part of its predecessor only")

    def states(self):
        self.state, self.moves = "active", []
        for e in self.ledger.entries:
            if e.version == 1:
                wanted = self.state.encode() if e.seq and e.seq % BUNDLE == 0 else None
                if e.fields.get("tote-state") != wanted:
                    self.bad(1013, e.seq, f"tote-state is {e.fields.get('tote-state')}, not {wanted}")
            taken = is_host(e.kind) or e.kind in ("asset.sealed", "input.rejected")
            if self.state == "disposed" or (self.state != "active" and taken):
                self.bad(4005, e.seq, f"{e.kind} while {self.state}")
            if e.kind == "container.state":
                move = (e.fields["from"].decode(), e.fields["to"].decode())
                if move not in MOVES or move[0] != self.state:
                    self.bad(4005, e.seq, f"moves from {move[0]} to {move[1]} while {self.state}")
                self.state = move[1]
                self.moves.append(move)

    # ---- assets -------------------------------------------------------------------------------------------------

    def meant(self, e, field):
        """The seq of the asset.sealed that a field names; None and a finding where it names none."""
        seq = int(e.fields[field])
        if seq < e.seq and self.ledger.entries[seq].kind == "asset.sealed":
            return seq
        self.bad(1008, e.seq, f"{e.kind}: {field} {seq} is no seal before it")
        return None

    def seals(self):
        """Seals by path, the first of each that is not void; the seqs of those that are void or erased."""
        void, erased = set(), set()
        for e in self.ledger.entries:
            if e.kind in ("asset.void", "asset.erased"):
                (void if e.kind == "asset.void" else erased).add(self.meant(e, "seal"))
            elif e.kind == "asset.sealed" and "supersedes" in e.fields:
                self.meant(e, "supersedes")
        paths, parents = {}, set()
        for e in self.ledger.entries:
            if e.kind != "asset.sealed" or e.seq in void:
                continue
            path = e.fields["path"]
            parts = path.split(b"/")
            above = {b"/".join(parts[:i]) for i in range(1, len(parts))}
            if path in paths or path in parents or above & paths.keys():
                self.bad(3008, e.seq, f"the path {path!r} was sealed before, or is below or above one that was")
                continue
            paths[path] = e
            parents |= above
        return paths, void, erased

    def assets(self):
        top = os.path.join(self.dir, "assets")
        paths, void, erased = self.seals()
        there, kept = {}, {}
        for path in tree_files(self.report, top):
            rel = os.fsencode(os.path.relpath(path, top))
            m = re.fullmatch(rb"\.tote-(0|[1-9][0-9]*)", rel)
            if m:
                kept[int(m[1])] = path
            elif rel.startswith(b".tote-w-"):
                self.report.note(path, "an unfinished file")
            else:
                there[rel] = path
        sealed = 0
        for rel, e in sorted(paths.items()):
            path, own = there.pop(rel, None), None
            if path is None:
                path = own = kept.pop(e.seq, None)
            if e.seq in erased:
                if path:
                    self.report.bad(3009, path, "was erased and is there", e.seq)
            elif path is None:
                self.gone(top, rel, e)
            else:
                self.asset(path, e, own)
                sealed += 1
        for seq, path in kept.items():
            if seq in void or seq >= len(self.ledger.entries):
                self.report.note(path, "is the rest of an interrupted seal, which the next writer removes")
            elif self.ledger.entries[seq].kind == "asset.sealed":
                self.report.bad(3011, path, "is a kept file whose entry is served already", seq)
            else:
                self.report.bad(3004, path, f"is a kept file, but entry {seq} is no seal", seq)
        for path in there.values():
            self.report.bad(3010 if os.path.islink(path) and os.path.isdir(path) else 3004, path,
                            "is a file that no entry names")
        self.report.good(self.dir, f"{sealed} assets whole, {len(erased)} erased, {len(void)} void; {self.state}")

    def gone(self, top, rel, e):
        """Nothing lies at a sealed path, or a directory, or a link stands for one of its parents."""
        path = os.path.join(top, os.fsdecode(rel))
        if os.path.isdir(path) and not os.path.islink(path):
            self.report.bad(3007, path, "is a directory", e.seq)
        else:
            self.report.bad(3003, path, "is missing", e.seq)

    def asset(self, path, e, kept):
        """One file against its seal; one that is still .tote-N is judged likewise, and only then an open seal."""
        data = regular(self.report, path, 0o444, 3007, 3006, 3005)
        if data is None:
            return
        if len(data) != int(e.fields["size"]):
            self.report.bad(3011 if kept else 3002, path, f"has {len(data)} bytes, not {e.fields['size'].decode()}", e.seq)
        elif "sha256:" + hashlib.sha256(data).hexdigest() != e.fields["digest"].decode():
            self.report.bad(3011 if kept else 3001, path, "was changed: it has another digest", e.seq)
        elif kept:
            self.report.note(path, "is sealed and not yet at its path", e.seq)

    # ---- input --------------------------------------------------------------------------------------------------

    def gate(self):
        """.tote-rejected/SEQ is the file that entry SEQ rejected; .tote-taken/ is what a taker holds at this moment."""
        top = os.path.join(self.dir, "app-console-input")
        for name in names(os.path.join(top, ".tote-rejected")):
            path = os.path.join(top, ".tote-rejected", name)
            seq = int(name) if re.fullmatch(r"0|[1-9][0-9]{0,18}", name) else len(self.ledger.entries)
            e = self.ledger.entries[seq] if seq < len(self.ledger.entries) else None
            if e is None or e.kind != "input.rejected":
                self.report.bad(4002, path, "is rejected input that no entry names")
                continue
            data = regular(self.report, path, None, 3007) or b""
            if (len(data), "sha256:" + hashlib.sha256(data).hexdigest()) != \
                    (int(e.fields["size"]), e.fields["digest"].decode()):
                self.report.bad(3001, path, "is not the input that was rejected", seq)
        for name in names(os.path.join(top, ".tote-taken")):
            self.report.note(os.path.join(top, ".tote-taken", name), "was taken, and is neither sealed nor rejected")
