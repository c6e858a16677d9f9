# SPDX-License-Identifier: ISC
"""A root: the consolidated record, what it registers, keys/, seen/ and reports/, against the containers."""
import hashlib
import os
import re
import stat

from .basic import LIMIT, Malformed, Note, base64_strict, public_key, vkey
from .box import Container
from .entry import RECORD_KINDS
from .files import names, regular
from .ledger import Ledger


class Root:
    def __init__(self, report, directory, told_key=None):
        self.report, self.dir, self.top = report, directory, os.path.join(directory, "orchestrator")
        for name in names(directory):
            if name not in ("fleet.yaml", "containers", "orchestrator"):
                report.note(os.path.join(directory, name), "is not of this format")
        self.record = Ledger(report, os.path.join(self.top, "ledger"), RECORD_KINDS, told_key)
        self.registry()
        self.record.verify_checkpoint([], True)
        self.key_file("orchestrator", self.record, 1)
        self.key_file("witness", None, 4)
        used = {}
        for name, row in sorted(self.rows.items()):
            self.container(name, row, used)
        for name in names(os.path.join(directory, "containers")):
            if name not in self.rows and name not in self.detached:
                report.note(os.path.join(directory, "containers", name), "is not registered")
        for name in names(os.path.join(self.top, "seen")):
            if name not in self.rows and name not in self.detached and not name.startswith(".tote-new-"):
                report.bad(os.path.join(self.top, "seen", name), "is of no container")

    def registry(self):
        """The rows of registered containers, rebuilt from the consolidated record, and the runs of its audits."""
        self.rows, self.detached, self.witness, runs = {}, set(), [], {}
        for e in self.record.entries:
            where, f = f"{self.record.dir} seq {e.seq}", {k: os.fsdecode(v) for k, v in e.fields.items()}
            box = f.get("container")
            if "tote-state" in f:
                self.report.bad(where, "has tote-state")
            if e.kind == "orchestrator.created":
                self.witness = [vkey(f["witness-vkey"], 4)]
            elif e.kind == "witness.rotated":
                self.witness.append(vkey(f["to"], 4))
            elif e.kind == "container.registered":
                if box in self.rows:
                    self.report.bad(where, f"{box} is registered already")
                self.rows[box] = {"created": f, "moves": [], "rekeyed": [], "cosigners": 0}
                self.detached.discard(box)
            elif e.kind.startswith("container.") and e.kind in RECORD_KINDS and box not in self.rows:
                self.report.bad(where, f"{e.kind} of {box}, which is not registered")
            elif e.kind == "container.detached":
                del self.rows[box]
                self.detached.add(box)
            elif e.kind == "container.policy":
                self.rows[box]["cosigners"] = int(f.get("cosigners", 0))
            elif e.kind == "container.rekeyed":
                self.rows[box]["rekeyed"].append((int(f["at-seq"]), vkey(f["to"])))
            elif e.kind == "container.state":
                self.rows[box]["moves"].append((f["from"], f["to"]))
            elif e.kind == "audit.started":
                runs[e.seq] = box
            elif e.kind in ("audit.covered", "audit.finished", "audit.finding") and runs.get(int(f["run"])) != box:
                self.report.bad(where, f"run {f['run']} is not one of {box}")
            elif e.kind == "audit.finished":
                self.run_report(f)
        self.report.good(self.record.dir, f"{len(self.rows)} containers registered, {len(self.detached)} detached, "
                         f"{len(runs)} audits started")

    def run_report(self, f):
        path = os.path.join(self.top, "reports", f"{f['run']}.jsonl")
        if not os.path.lexists(path):
            return self.report.note(path, "is gone")
        data = regular(self.report, path)
        if data is not None and (len(data) != int(f["report-size"]) or
                                 "sha256:" + hashlib.sha256(data).hexdigest() != f["report-digest"]):
            self.report.bad(path, "is not the report of that run")

    def key_file(self, name, ledger, kind):
        """keys/NAME, where it is here: its form, its mode, and that it is the key in force; NAME.last beside it."""
        path = os.path.join(self.top, "keys", name)
        if not os.path.lexists(path):
            return self.report.note(path, "is not kept here")
        if stat.S_IMODE(os.lstat(os.path.dirname(path)).st_mode) & 0o077:
            self.report.bad(os.path.dirname(path), "is open to others")
        data = regular(self.report, path, 0o600)
        m = re.fullmatch(rb"PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n", data or b"")
        if not m:
            return self.report.bad(path, "is no key file")
        try:
            blob = base64_strict(m[3].decode(), 33)
        except Malformed as e:
            return self.report.bad(path, str(e))
        want = ledger.key_for(LIMIT) if ledger else next(reversed(self.witness), None)
        if want and (os.fsdecode(m[1]), bytes.fromhex(m[2].decode()), blob[0], public_key(blob[1:])) != \
                (want.name, want.id, kind, want.public):
            self.report.bad(path, f"is not the key in force, {want.vkey}")
        if ledger and os.path.lexists(path + ".last"):
            self.last(path + ".last", ledger)
        return None

    def last(self, path, ledger):
        try:
            note = Note(regular(self.report, path) or b"")
        except Malformed as e:
            return self.report.bad(path, str(e))
        if not note.signed_by(ledger.key_for(note.size)):
            self.report.bad(path, "no good signature")
        if note.size < ledger.size:
            self.report.bad(path, f"covers {note.size} entries, the checkpoint {ledger.size}")
        self.extends(path, note, ledger)
        return None

    def extends(self, path, note, ledger):
        if note.size > len(ledger.raw):
            self.report.bad(path, f"rollback: {note.size} entries were seen, the ledger has {len(ledger.raw)}")
        elif ledger.root_at(note.size) != note.root:
            self.report.bad(path, f"fork: the root of {note.size} entries is another")

    def container(self, name, row, used):
        made = row["created"]
        where = os.path.join(self.dir, made["location"])
        state = row["moves"][-1][1] if row["moves"] else "active"
        if not os.path.isdir(where) or os.path.islink(where):
            if state == "disposed":
                return self.report.note(where, "is disposed, and its directory absent")
            return self.report.bad(where, f"{name}: is no directory")
        st = os.stat(where)
        if used.setdefault((st.st_dev, st.st_ino), name) != name:
            self.report.bad(where, f"{name} and {used[st.st_dev, st.st_ino]} are one directory")
        box = Container(self.report, where)
        ledger = box.ledger
        ledger.rekeyed = row["rekeyed"]
        if not ledger.keys:
            return None
        first = {k: os.fsdecode(v) for k, v in ledger.entries[0].fields.items()}
        if (first["id"], first["origin"], first["backend"]) != (name, made["origin"], made["backend"]):
            self.report.bad(where, f"is {first['id']} of {first['origin']}, not the container registered")
        if made["vkey"] not in [k.vkey for _, k in ledger.keys + ledger.rekeyed]:
            self.report.bad(where, "has not the key registered")
        ledger.verify_checkpoint(self.witness, not row["cosigners"])
        self.compare_states(where, row["moves"], box.moves)
        self.key_file(name, ledger, 1)
        return self.seen(name, ledger)

    def compare_states(self, where, theirs, ours):
        if theirs == ours:
            return
        longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
        if longer[:-1] == shorter:
            self.report.note(where, "one ledger is a move behind; it is completed when the container is next touched")
        else:
            self.report.bad(where, f"the two ledgers disagree: {ours} here, {theirs} in the consolidated record")

    def seen(self, name, ledger):
        path = os.path.join(self.top, "seen", name)
        if not os.path.lexists(path):
            return self.report.bad(path, "is missing for a registered container")
        try:
            note = Note(regular(self.report, path) or b"")
        except Malformed as e:
            return self.report.bad(path, str(e))
        if not note.signed_by(ledger.key_for(note.size)):
            self.report.bad(path, "no good signature of the log")
        if not any(note.signed_by(k) for k in self.witness):
            self.report.bad(path, "no good cosignature of the witness")
        self.extends(path, note, ledger)
        ours = ledger.checkpoint
        if ours and ours.size > note.size and any(ours.signed_by(k) for k in self.witness):
            self.report.bad(path, f"witness rolled back: it cosigned {ours.size} entries, seen/ says {note.size}")
        return None
