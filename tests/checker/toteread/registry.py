# SPDX-License-Identifier: ISC
"""What the consolidated record says: containers, their moves and keys, runs of audits and their reports, flags."""
import hashlib
import os

from .basic import Malformed, base64_strict, vkey
from .entry import RECORD_KINDS
from .files import regular
from .keychain import prove


class Registry:
    def __init__(self, report, record, reports):
        self.report, self.record, self.reports = report, record, reports
        self.rows, self.detached, self.witness, self.name = {}, {}, [], None
        self.logs, self.cosigners = {}, []
        self.runs, self.finished, self.findings, self.flags = {}, set(), {}, {}
        for e in record.entries:
            f = {k: os.fsdecode(v) for k, v in e.fields.items()}
            if "tote-state" in f:
                self.bad(e, "has tote-state", 1013)
            if e.kind == "orchestrator.created" and e.seq:
                self.bad(e, "created a second time")
            take = getattr(self, "take_" + e.kind.replace(".", "_"), None)
            if take and e.kind in RECORD_KINDS:
                try:
                    take(e, f)
                except Malformed as error:
                    self.bad(e, str(error))
        report.good(record.dir, f"{len(self.rows)} containers registered, {len(self.detached)} detached, "
                    f"{len(self.runs)} audits started, {len(self.flags)} flags")

    def bad(self, e, text, code=1008):
        self.report.bad(code, self.record.where(e.seq), text, e.seq)

    # ---- keys of the root ---------------------------------------------------------------------------------------

    def take_orchestrator_created(self, e, f):
        if e.seq == 0:
            self.name = f["origin"].removesuffix("/orchestrator")
            self.witness = [vkey(f["witness-vkey"], 4)]
            if self.witness[0].name != f"{self.name}/witness" or not f["origin"].endswith("/orchestrator"):
                self.bad(e, "origin and witness are not of one root")
            if self.witness[0].public == vkey(f["vkey"]).public:
                self.bad(e, "orchestrator and witness have the same key")

    def take_witness_rotated(self, e, f):
        old, new = vkey(f["from"], 4), vkey(f["to"], 4)
        if not self.witness or old != self.witness[-1]:
            self.bad(e, "from is not the witness's key")
        prove(old, e, old.name)
        self.witness.append(new)

    # ---- logs of other roots that the witness cosigned ------------------------------------------------------------

    def take_witness_accepted(self, e, f):
        if vkey(f["vkey"]).name != f["origin"]:
            self.bad(e, "the key's name is not the origin")
        self.logs.setdefault(hashlib.sha256(os.fsencode(f["origin"])).hexdigest(), {"origin": f["origin"], "size": 0, "root": None})

    def take_witness_cosigned(self, e, f):
        log = self.logs.get(hashlib.sha256(os.fsencode(f["origin"])).hexdigest())
        if not log:
            return self.bad(e, f"{f['origin']} was never accepted")
        if int(f["size"]) < log["size"]:
            self.bad(e, f"{f['size']} entries of {f['origin']} were cosigned after {log['size']}")
        log["size"], log["root"] = int(f["size"]), base64_strict(f["root"], 32)
        return None

    # ---- containers ---------------------------------------------------------------------------------------------

    def row(self, e, f):
        if f["container"] not in self.rows:
            self.bad(e, f"{e.kind} of {f['container']}, which is not registered")
        return self.rows.get(f["container"])

    def take_container_registered(self, e, f):
        box, before = f["container"], self.detached.pop(f["container"], None)
        if box in self.rows:
            self.bad(e, f"{box} is registered already")
        if before and before["created"]["origin"] != f["origin"]:
            self.bad(e, f"{box} was another container before")
        if vkey(f["vkey"]).name != f["origin"]:
            self.bad(e, "the key's name is not the origin")
        self.rows[box] = {"created": f, "moves": before["moves"] if before else [],
                          "rekeyed": before["rekeyed"] if before else [], "cosigners": 0,
                          "cosigner-keys": before["cosigner-keys"] if before else []}

    def take_container_detached(self, e, f):
        if self.row(e, f):
            self.detached[f["container"]] = self.rows.pop(f["container"])

    def take_container_policy(self, e, f):
        keys = [vkey(key, 4) for key in f["cosigner-keys"].split(" ")] if "cosigner-keys" in f else None
        if f["container"] == "orchestrator":
            self.cosigners = keys or self.cosigners
        elif self.row(e, f):
            row = self.rows[f["container"]]
            row["cosigners"] = int(f.get("cosigners", row["cosigners"]))
            row["cosigner-keys"] = keys or row["cosigner-keys"]

    def take_container_rekeyed(self, e, f):
        if self.row(e, f):
            self.rows[f["container"]]["rekeyed"].append((int(f["at-seq"]), vkey(f["from"]), vkey(f["to"])))

    def take_container_state(self, e, f):
        if self.row(e, f):
            self.rows[f["container"]]["moves"].append((f["from"], f["to"]))

    # ---- audits and flags ---------------------------------------------------------------------------------------

    def take_audit_started(self, e, f):
        self.runs[e.seq] = (f["container"], f["level"])
        if f["container"] != "orchestrator":
            self.row(e, f)

    def run(self, e, f):
        run = int(f["run"])
        if self.runs.get(run, (None, None))[0] != f["container"]:
            self.bad(e, f"run {run} is not one of {f['container']}")
        elif run in self.finished:
            self.bad(e, f"run {run} is finished already")
        elif "level" in f and self.runs[run][1] != f["level"]:
            self.bad(e, f"run {run} is of the level {self.runs[run][1]}")

    def take_audit_covered(self, e, f):
        self.run(e, f)
        if int(f["from-seq"]) > int(f["to-seq"]):
            self.bad(e, "from-seq lies behind to-seq")

    def take_audit_finding(self, e, f):
        self.run(e, f)
        self.findings[e.seq] = (f["container"], f["code"])

    def take_audit_finished(self, e, f):
        self.run(e, f)
        self.finished.add(int(f["run"]))
        path = os.path.join(self.reports, f"{f['run']}.jsonl")
        if not os.path.lexists(path):
            self.report.note(path, "is gone")
            return
        data = regular(self.report, path, None, 6001)
        if data is not None and (len(data) != int(f["report-size"]) or
                                 "sha256:" + hashlib.sha256(data).hexdigest() != f["report-digest"]):
            self.report.bad(6001, path, "is not the report of that run", e.seq)

    def take_flag_raised(self, e, f):
        if self.findings.get(int(f["finding"])) != (f["container"], f["code"]):
            self.bad(e, f"finding {f['finding']} is not one of {f['container']} with that code")
        self.flags[e.seq] = False

    def take_flag_acknowledged(self, e, f):
        flag = int(f["flag"])
        if self.flags.get(flag) is not False:
            self.bad(e, f"flag {flag} is none, or acknowledged already")
        self.flags[flag] = True
