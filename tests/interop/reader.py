#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An independent reader of containers and roots, in Python's standard library alone, sharing nothing with lib/.

    reader.py DIR [--vkey VKEY] [--witness VKEY]

DIR is a root (it has orchestrator/), a container (it has ledger/) or a ledger (it has log/). The reader takes no lock
and believes that nobody writes here. It follows toteborch-ledger(5) and totebox(5) and prints what holds; exit 0, or 1
with a line for each finding, or 2 for wrong usage. Without --vkey, a ledger's keys are what its own entries say.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True

from toteread.basic import Malformed, Report, vkey
from toteread.box import Container
from toteread.entry import BOX_KINDS, RECORD_KINDS
from toteread.ledger import Ledger
from toteread.root import Root


def main():
    args = argparse.ArgumentParser(description="read a root, a container or a ledger and say what holds")
    args.add_argument("dir")
    args.add_argument("--vkey", help="the log's key (of a root: the consolidated record's)")
    args.add_argument("--witness", help="the witness's key")
    args = args.parse_args()
    report, top = Report(), args.dir.rstrip("/") or "/"
    try:
        told = vkey(args.vkey) if args.vkey else None
        witness = [vkey(args.witness, 4)] if args.witness else []
    except Malformed as e:
        sys.exit(f"reader.py: {e}")
    if os.path.isdir(os.path.join(top, "orchestrator")):
        Root(report, top, told)
    elif os.path.isdir(os.path.join(top, "ledger")):
        Container(report, top, told).ledger.verify_checkpoint(witness, False)
    elif os.path.isdir(os.path.join(top, "log")):
        kinds = RECORD_KINDS if os.path.basename(os.path.dirname(os.path.abspath(top))) == "orchestrator" else BOX_KINDS
        Ledger(report, top, kinds, told).verify_checkpoint(witness, False)
    else:
        print(f"reader.py: {top} is no root, container or ledger", file=sys.stderr)
        return 2
    print(f"{report.findings} findings" if report.findings else "all good: no finding")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
