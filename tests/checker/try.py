#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The checker's own test: each damage and each forgery is found under one of its codes, and what is right is not.

    TOTECTL=path/to/totectl try.py [NAME...]
"""
import os
import shutil
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True

import damages
import forgeries
import house
from totecheck import check


def judge(name, codes, root, do):
    """What went wrong, or None."""
    try:
        do(house.Place(root))
        report = check(root)
    except Exception:
        return f"{name}: {traceback.format_exc()}"
    found = {code for code, _, _, _ in report.found}
    wanted = {f"TOTE-{code}" for code in codes}
    if wanted and not wanted & found:
        return f"{name}: not found: {' or '.join(sorted(wanted))}; found: {sorted(found) or 'nothing'}"
    if not wanted and found:
        return f"{name}: {list(report.found)[0]}"
    return None


def main():
    chosen, failed, count = sys.argv[1:], 0, 0
    here = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    work = tempfile.mkdtemp(prefix="tote-check-", dir=here)
    try:
        root = house.make(work)
        cases = [("the root as it was made", (), lambda p: None)] + damages.TABLE + forgeries.TABLE
        cases += [(name, (), do) for name, do in forgeries.GOOD]
        for name, codes, do in cases:
            if chosen and name not in chosen:
                continue
            wrong = judge(name, codes, house.copy(root, os.path.join(work, "copy")), do)
            count += 1
            if wrong:
                failed += 1
                print("FAIL", wrong)
    finally:
        shutil.rmtree(work)
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
