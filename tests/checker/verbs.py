#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A root is clean after each verb of totectl that writes, and what each must leave is there.

    TOTECTL=path/to/totectl verbs.py
"""
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True

from house import BOX, totectl
from totecheck import check

ID = "letters"
STEPS = [
    ("append", BOX, "--field", "a=b"),
    ("seal", BOX, "FILES"),
    ("checkpoint", BOX),
    ("audit",),
    ("append", BOX, "--field", "c= %"),
    ("suspend", BOX, "--reason", "x"),
    ("resume", BOX, "--reason", "x"),
    ("rotate", BOX, "--reason", "yearly"),
    ("append", BOX),
    ("checkpoint", BOX),
    ("rotate", "orchestrator", "--reason", "yearly"),
    ("rotate", "witness", "--reason", "yearly"),
    ("audit",),
    ("erase", BOX, "files/plan", "--authority", "a court", "--reason", "an order", "--yes"),
    ("provision", ID),
    ("seal", ID, "FILES"),
    ("archive", ID, "--reason", "x", "--yes"),
    ("dispose", ID, "--reason", "x", "--yes"),
    ("LOSE KEY",),
    ("rekey", BOX, "--reason", "it is lost", "--yes"),
    ("append", BOX),
    ("audit",),
    ("ROT",),
    ("repair", BOX, "--reason", "it rotted", "--yes"),
    ("append", BOX),
    ("audit",),
    ("copy", BOX, "COPY"),
    ("detach", ID, "--reason", "x"),
]
KINDS = {"key.rotated", "asset.erased", "ledger.repaired", "container.state", "asset.sealed", "record"}


def lose_key(root):
    for name in (BOX, BOX + ".last"):
        os.unlink(os.path.join(root, "orchestrator/keys", name))


def rot(root):
    """The newest group that no checkpoint covers."""
    journal = os.path.join(root, "containers", BOX, "ledger/journal")
    totectl(root, "append", BOX, "--field", "lost=1")
    path = os.path.join(journal, sorted(os.listdir(journal))[-1])
    with open(path, "r+b") as f:
        data = f.read()
        at = max(at for at in range(4096, len(data), 4096) if data[at:at + 8] == b"totegrp\n")
        f.seek(at + 100)
        f.write(b"rot")


def files(work):
    place = os.path.join(work, "files")
    os.mkdir(place)
    for name in ("plan", "lease"):
        with open(os.path.join(place, name), "w", encoding="ascii") as f:
            f.write(name)
    return place


def main():
    here = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    work, failed, clean = tempfile.mkdtemp(prefix="tote-verbs-", dir=here), 0, 0
    root, copy = os.path.join(work, "root"), os.path.join(work, "copy")
    words = {"FILES": files(work), "COPY": copy}
    kinds = set()
    try:
        totectl(root, "init", "--origin", "archive.example.com/verbs")
        totectl(root, "provision", BOX)
        for step in STEPS:
            damaged = step[0] == "ROT"
            if step[0] == "LOSE KEY":
                lose_key(root)
                continue
            if damaged:
                rot(root)
            else:
                totectl(root, *[words.get(word, word) for word in step], good=(0, 3) if step[0] == "audit" else (0,))
            report = check(root)
            kinds |= {e.kind for e in report.ledgers[BOX].entries}
            if bool(report.found) != damaged:
                failed += 1
                print(f"FAIL after {' '.join(step)}: {next(iter(report.found), 'nothing found')}")
            else:
                clean += 1
        # who has no consolidated record is told the key that replaced the lost one
        report = check(copy, report.ledgers[BOX].chain.every()[-1])
        if report is None or report.found:
            failed += 1
            print(f"FAIL the copy: {report and next(iter(report.found))}")
        for kind in sorted(KINDS - kinds):
            failed += 1
            print(f"FAIL no {kind} was ever written")
    finally:
        shutil.rmtree(work)
    print(f"{clean} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
