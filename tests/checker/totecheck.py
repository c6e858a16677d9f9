#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An independent checker of containers and roots, in Python's standard library alone, sharing nothing with lib/.

    totecheck.py DIR [--vkey VKEY] [--witness VKEY] [--acknowledged [ID=]FILE]... [--json] [-v]

DIR is a root (it has orchestrator/), a container (it has ledger/) or a ledger (it has log/). The checker takes no lock
and believes that nobody writes here. It follows toteborch-ledger(5) and totebox(5) and prints one line a finding,

    CODE PATH SEQ TEXT

with a code of toteborch-messages(7), white space in a path as %20 and so on, and - where no entry is concerned. With -v
it also tells what is good and what is worth a note. Without --vkey, a ledger's keys are what its own entries say.

--acknowledged FILE: lines of a seq, a tab and the SHA-256 of an entry, in hexadecimal, each of which must be there; in a
root ID= says of which container (`orchestrator`: of the consolidated record).

Exit 0 when all is good, 3 with findings, 2 for wrong usage.
"""
import argparse
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True

from toteread.basic import Malformed, Report, spelled, vkey
from toteread.box import Container
from toteread.entry import BOX_KINDS, RECORD_KINDS
from toteread.ledger import Ledger
from toteread.root import Root


def acknowledged(report, ledger, path):
    """Each line's entry is in its place, byte for byte."""
    with open(path, encoding="ascii") as f:
        for line in f:
            seq, _, digest = line.rstrip("\n").partition("\t")
            seq = int(seq)
            if seq >= len(ledger.raw):
                report.bad(2001, ledger.where(seq), "was acknowledged and is missing", seq)
            elif hashlib.sha256(ledger.raw[seq]).hexdigest() != digest:
                report.bad(1003, ledger.where(seq), "is another entry than the one acknowledged", seq)


def check(top, told=None, witness=(), files=()):
    """The report on a directory; None where it is nothing that can be checked."""
    top = top.rstrip("/") or "/"
    report, ledgers = Report(top), {}
    if os.path.isdir(os.path.join(top, "orchestrator")):
        root = Root(report, top, told)
        ledgers = {name: box.ledger for name, box in root.boxes.items()}
        ledgers["orchestrator"] = root.record
    elif os.path.isdir(os.path.join(top, "ledger")):
        ledgers[""] = Container(report, top, told).ledger
    elif os.path.isdir(os.path.join(top, "log")):
        kinds = RECORD_KINDS if os.path.basename(os.path.dirname(os.path.abspath(top))) == "orchestrator" else BOX_KINDS
        ledgers[""] = Ledger(report, top, kinds, told)
    else:
        return None
    if "" in ledgers:
        if ledgers[""].chain:
            ledgers[""].chain.settle(None)
        ledgers[""].verify_checkpoint(list(witness), False)
    report.ledgers = ledgers
    for name, path in files:
        if name in ledgers:
            acknowledged(report, ledgers[name], path)
        else:
            report.bad(9001, name or top, "has acknowledged entries and is not here")
    return report


def show(report, as_json, verbose):
    rows = list(report.found)
    if verbose:
        rows = report.goods + report.notes + rows
    for code, path, seq, text in rows:
        if as_json:
            print(json.dumps({"code": code, "path": spelled(path), "seq": seq, "text": text}))
        else:
            line = f"{code} {spelled(path)} {'-' if seq is None else seq} {text}"
            print(line.encode("utf-8", "backslashreplace").decode())


def main():
    args = argparse.ArgumentParser(description="check a root, a container or a ledger and say what does not hold")
    args.add_argument("dir")
    args.add_argument("--vkey", help="the log's key (of a root: the consolidated record's)")
    args.add_argument("--witness", help="the witness's key")
    args.add_argument("--acknowledged", action="append", default=[], metavar="[ID=]FILE")
    args.add_argument("--json", action="store_true", help="one object a line")
    args.add_argument("-v", "--verbose", action="store_true", help="also what is good, and notes")
    args = args.parse_args()
    files = [(a[:a.index("=")], a[a.index("=") + 1:]) if "=" in a.split("/")[0] else ("", a) for a in args.acknowledged]
    try:
        report = check(args.dir, vkey(args.vkey) if args.vkey else None,
                       [vkey(args.witness, 4)] if args.witness else [], files)
    except Malformed as e:
        print(f"totecheck.py: {e}", file=sys.stderr)
        return 2
    if report is None:
        print(f"totecheck.py: {args.dir} is no root, container or ledger", file=sys.stderr)
        return 2
    show(report, args.json, args.verbose)
    return 3 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
