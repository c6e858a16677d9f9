# SPDX-License-Identifier: ISC
"""A root: the consolidated record, what it registers, keys/, seen/ and reports/, against the containers."""
import hashlib
import os
import re
import stat

from .basic import Malformed, Note, base64_strict, public_key
from .box import Container
from .entry import ID, RECORD_KINDS
from .files import names, regular
from .ledger import Ledger
from .registry import Registry

PLACES = {"ledger", "keys", "seen", "reports", "index"}


class Root:
    def __init__(self, report, directory, told_key=None):
        self.report, self.dir, self.top = report, directory, os.path.join(directory, "orchestrator")
        self.boxes = {}
        self.skeleton()
        self.record = Ledger(report, os.path.join(self.top, "ledger"), RECORD_KINDS, told_key)
        self.registry = Registry(report, self.record, os.path.join(self.top, "reports"))
        if self.record.chain:
            self.record.chain.settle(None if told_key else [])
        self.record.verify_checkpoint(self.registry.cosigners, True)
        self.key_file("orchestrator", self.record, 1)
        self.key_file("witness", None, 4)
        used = {}
        for name, row in sorted(self.registry.rows.items()):
            self.container(name, row, used)
        for name, log in sorted(self.registry.logs.items()):
            self.log(name, log)
        self.leftovers()

    def known(self, name):
        return name in self.registry.rows or name in self.registry.detached

    def skeleton(self):
        for name in names(self.dir):
            if name not in ("fleet.yaml", "containers", "orchestrator"):
                self.report.note(os.path.join(self.dir, name), "is not of this format")
        for name in names(self.top):
            path = os.path.join(self.top, name)
            if name not in PLACES and not name.startswith((".tote-w-", ".tote-new-")):
                self.report.bad(6003, path, "does not belong into the orchestrator's directory")
            elif name in PLACES and not stat.S_ISDIR(os.lstat(path).st_mode):
                self.report.bad(6003, path, "is no directory")

    def leftovers(self):
        """Names in containers/, seen/ and keys/ that nobody registered; a provisioning may be half-done."""
        for name in names(os.path.join(self.dir, "containers")):
            if not self.known(name):
                self.report.note(os.path.join(self.dir, "containers", name), "is not registered")
        for name in names(os.path.join(self.top, "seen")):
            path = os.path.join(self.top, "seen", name)
            if name.startswith((".tote-w-", ".tote-new-")):
                continue
            if name in self.registry.logs:
                continue
            if re.fullmatch("[0-9a-f]{64}", name) and self.unfinished(path, name):
                self.report.note(path, "is of another root's log that is not on record yet")
            elif not re.fullmatch(ID, name):
                self.report.bad(6003, path, "is of no container")
            elif not self.known(name):
                self.report.note(path, "is of no container that is registered")
        for name in names(os.path.join(self.top, "keys")):
            path = os.path.join(self.top, "keys", name)
            if name.startswith((".tote-w-", ".tote-new-")):
                continue
            owner = re.sub(r"\.(last|next)$", "", name)
            if owner not in ("orchestrator", "witness") and not re.fullmatch(ID, owner):
                self.report.bad(6003, path, "is no key of this root")
            elif name.endswith(".next"):
                self.report.note(path, "is the key of a rotation under way")
                self.read_key(path)

    # ---- logs of other roots that the witness cosigned ------------------------------------------------------------

    def log(self, name, log):
        """seen/HEX is ahead of the record or where it is, never behind."""
        path = os.path.join(self.top, "seen", name)
        if not os.path.lexists(path):
            self.report.bad(5010, path, f"is missing: {log['size']} entries of {log['origin']} were cosigned")
            return
        note = self.note(path, 5011)
        if note is None:
            return
        if note.origin != log["origin"]:
            self.report.bad(5011, path, f"is of {note.origin}, not of {log['origin']}")
        elif not any(note.signed_by(k) for k in self.registry.witness):
            self.report.bad(5011, path, "no good cosignature of the witness")
        elif note.size < log["size"]:
            self.report.bad(5009, path, f"witness rolled back: it cosigned {log['size']} entries, seen/ says {note.size}")
        elif note.size == log["size"] and log["root"] not in (None, note.root):
            self.report.bad(5011, path, "has another root than the one on record")

    def unfinished(self, path, name):
        try:
            note = Note(regular(self.report, path, None, 5011) or b"")
        except Malformed:
            return False
        return (hashlib.sha256(note.origin.encode()).hexdigest() == name
                and any(note.signed_by(k) for k in self.registry.witness))

    # ---- keys ---------------------------------------------------------------------------------------------------

    def read_key(self, path):
        """Name, key id, type and public key of a key file; None and a finding where it is none."""
        data = regular(self.report, path, 0o600, 5012, None, 6005)
        m = re.fullmatch(rb"PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n", data or b"")
        if not m:
            return self.report.bad(5012, path, "is no key file")
        try:
            blob = base64_strict(m[3].decode(), 33)
        except Malformed as e:
            return self.report.bad(5012, path, str(e))
        return os.fsdecode(m[1]), bytes.fromhex(m[2].decode()), blob[0], public_key(blob[1:])

    def key_file(self, name, ledger, kind):
        """keys/NAME, where it is here: its form, its mode, and that it is the key in force; NAME.last beside it."""
        path = os.path.join(self.top, "keys", name)
        if not os.path.lexists(path):
            return self.key_absent(name, path, ledger)
        if stat.S_IMODE(os.lstat(os.path.dirname(path)).st_mode) & 0o077:
            self.report.bad(6005, os.path.dirname(path), "is open to others")
        have = self.read_key(path)
        chain = ledger.chain.every() if ledger and ledger.chain else self.registry.witness
        want = chain[-1] if chain else None
        if have and want and have != (want.name, want.id, kind, want.public):
            before = len(chain) > 1 and have == (chain[-2].name, chain[-2].id, kind, chain[-2].public)
            if before and os.path.lexists(path + ".next"):
                self.report.note(path, "is the key before the one that NAME.next holds: a rotation to be completed")
            else:
                self.report.bad(5013, path, f"is not the key in force, {want.vkey}")
        if ledger and ledger.chain and os.path.lexists(path + ".last"):
            self.last(path + ".last", ledger)
        elif ledger and ledger.chain and ledger.size and self.is_own(ledger) and \
                ledger.chain.key_for(ledger.size) == want:
            self.report.bad(5017, path + ".last", "is missing, though the key has signed")
        return None

    def is_own(self, ledger):
        return ledger.chain and ledger.origin.startswith(f"{self.registry.name}/")

    def key_absent(self, name, path, ledger):
        """Of a container that came from elsewhere, was rotated to a signer of the host's or is disposed, none is here."""
        moves = self.registry.rows[name]["moves"] if name in self.registry.rows else []
        elsewhere = ledger is not None and (
            not self.is_own(ledger) or (len(ledger.chain.every()) > 1 and not os.path.lexists(path + ".last")))
        if elsewhere or (moves and moves[-1][1] == "disposed"):
            self.report.note(path, "is not kept here")
        else:
            self.report.bad(5017, path, "is missing")

    def note(self, path, code):
        try:
            return Note(regular(self.report, path, None, code) or b"")
        except Malformed as e:
            return self.report.bad(code, path, str(e))

    def last(self, path, ledger):
        note = self.note(path, 5012)
        if note is None:
            return
        if not note.signed_by(ledger.chain.key_for(note.size)):
            self.report.bad(5012, path, "no good signature")
        if note.size < ledger.size:
            self.report.bad(5012, path, f"covers {note.size} entries, the checkpoint {ledger.size}")
        self.extends(path, note, ledger)

    def extends(self, path, note, ledger):
        if note.origin != ledger.origin:
            self.report.bad(5011, path, f"is of {note.origin}")
        elif note.size > len(ledger.raw):
            self.report.bad(5007, path, f"rollback: {note.size} entries were seen, the ledger has {len(ledger.raw)}")
        elif ledger.root_at(note.size) != note.root:
            self.report.bad(5008, path, f"fork: the root of {note.size} entries is another")

    # ---- containers ---------------------------------------------------------------------------------------------

    def container(self, name, row, used):
        made = row["created"]
        where = os.path.join(self.dir, made["location"])
        state = row["moves"][-1][1] if row["moves"] else "active"
        if not os.path.isdir(where) or os.path.islink(where):
            if state == "disposed":
                return self.report.note(where, "is disposed, and its directory absent")
            return self.report.bad(9001, where, f"{name}: is no directory")
        st = os.stat(where)
        if used.setdefault((st.st_dev, st.st_ino), name) != name:
            self.report.bad(4004, where, f"{name} and {used[st.st_dev, st.st_ino]} are one directory")
        box = Container(self.report, where)
        self.boxes[name] = box
        ledger = box.ledger
        if not ledger.chain:
            return None
        ledger.chain.settle(row["rekeyed"])
        first = {k: os.fsdecode(v) for k, v in ledger.entries[0].fields.items()}
        own = {key: first.get(key) for key in ("id", "origin", "backend")}
        if own != {"id": name, "origin": made["origin"], "backend": made["backend"]}:
            self.report.bad(4006, where, f"is {own['id']} of {own['origin']}, not the container registered")
        if made["vkey"] not in [k.vkey for k in ledger.chain.every()]:
            self.report.bad(4006, where, "has not the key registered")
        ours = ledger.origin == f"{self.registry.name}/{name}"
        outside = row["cosigner-keys"]
        ledger.verify_checkpoint(self.registry.witness + outside, ours and (bool(outside) or not row["cosigners"]))
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
            self.report.bad(4005, where, f"the two ledgers disagree: {ours} here, {theirs} in the consolidated record")

    def seen(self, name, ledger):
        path = os.path.join(self.top, "seen", name)
        if not os.path.lexists(path):
            return self.report.bad(5010, path, "is missing for a registered container")
        note = self.note(path, 5011)
        if note is None:
            return None
        if not note.signed_by(ledger.chain.key_for(note.size)):
            self.report.bad(5011, path, "no good signature of the log")
        if not any(note.signed_by(k) for k in self.registry.witness):
            self.report.bad(5011, path, "no good cosignature of the witness")
        self.extends(path, note, ledger)
        ours = ledger.checkpoint
        if ours and ours.size > note.size and any(ours.signed_by(k) for k in self.registry.witness):
            self.report.bad(5009, path, f"witness rolled back: it cosigned {ours.size} entries, seen/ says {note.size}")
        return None


