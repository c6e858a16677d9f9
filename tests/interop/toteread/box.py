# SPDX-License-Identifier: ISC
"""A container: its skeleton, its states, and its assets against the entries that seal them."""
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
        self.assets()

    def skeleton(self):
        wanted = {"app-console-input", "assets", "ledger"}
        for name in sorted(wanted | set(names(self.dir))):
            path = os.path.join(self.dir, name)
            if name not in wanted:
                self.report.bad(path, "does not belong into a container")
            elif not os.path.lexists(path) or not stat.S_ISDIR(os.lstat(path).st_mode):
                self.report.bad(path, "is missing or no directory")

    def states(self):
        self.state, self.moves = "active", []
        for e in self.ledger.entries:
            where = f"{self.ledger.dir} seq {e.seq}"
            if e.version == 1:
                wanted = self.state.encode() if e.seq and e.seq % BUNDLE == 0 else None
                if e.fields.get("tote-state") != wanted:
                    self.report.bad(where, f"tote-state is {e.fields.get('tote-state')}, not {wanted}")
            taken = is_host(e.kind) or e.kind in ("asset.sealed", "input.rejected")
            if self.state == "disposed" or (self.state != "active" and taken):
                self.report.bad(where, f"{e.kind} while {self.state}")
            if e.kind == "container.created" and e.seq:
                self.report.bad(where, "created a second time")
            if e.kind == "container.state":
                move = (e.fields["from"].decode(), e.fields["to"].decode())
                if move not in MOVES or move[0] != self.state:
                    self.report.bad(where, f"moves from {move[0]} to {move[1]} while {self.state}")
                self.state = move[1]
                self.moves.append(move)

    def seals(self):
        """Seals by seq, those that are void or erased, and the first seal of each path."""
        entries = self.ledger.entries
        void, erased = set(), set()
        for e in entries:
            if e.kind in ("asset.void", "asset.erased"):
                seal = int(e.fields["seal"])
                if seal >= e.seq or entries[seal].kind != "asset.sealed":
                    self.report.bad(f"{self.ledger.dir} seq {e.seq}", f"seal {seal} is none")
                (void if e.kind == "asset.void" else erased).add(seal)
        paths, parents = {}, set()
        for e in entries:
            if e.kind != "asset.sealed" or e.seq in void:
                continue
            path = e.fields["path"]
            parts = path.split(b"/")
            above = {b"/".join(parts[:i]) for i in range(1, len(parts))}
            if path in paths or path in parents or above & paths.keys():
                self.report.bad(f"{self.ledger.dir} seq {e.seq}",
                                f"the path {path!r} was sealed before, or is below or above one that was")
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
            path = there.pop(rel, None) or kept.pop(e.seq, None)
            if e.seq in erased:
                if path:
                    self.report.bad(path, "was erased and is there")
            elif path is None:
                self.report.bad(os.path.join(top, os.fsdecode(rel)), f"is missing; sealed by seq {e.seq}")
            else:
                self.asset(path, e)
                sealed += 1
        for seq, path in kept.items():
            if seq in void or seq >= len(self.ledger.entries):
                self.report.note(path, "is the rest of an interrupted seal, which the next writer removes")
            else:
                there[b".tote-%d" % seq] = path
        for path in there.values():
            self.report.bad(path, "is a file that no entry names")
        self.report.good(self.dir, f"{sealed} assets whole, {len(erased)} erased, {len(void)} void; {self.state}")

    def asset(self, path, e):
        data = regular(self.report, path, 0o444)
        if data is None:
            return
        if len(data) != int(e.fields["size"]):
            self.report.bad(path, f"has {len(data)} bytes, not the {e.fields['size'].decode()} of seq {e.seq}")
        elif "sha256:" + hashlib.sha256(data).hexdigest() != e.fields["digest"].decode():
            self.report.bad(path, f"was changed: not the digest of seq {e.seq}")
