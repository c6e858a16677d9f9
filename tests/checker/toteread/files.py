# SPDX-License-Identifier: ISC
"""Files and directories as they lie there, bundles of entries, names of tiles."""
import os
import stat

from .basic import need


def regular(report, path, mode=None, kind=9002, linked=None, wrong_mode=None):
    """
    The bytes of a regular file with one link and, where given, exactly that mode; otherwise a finding: `kind` is its
    code for what is no regular file, `linked` and `wrong_mode` where they have codes of their own.
    """
    try:
        st = os.lstat(path)
        if not stat.S_ISREG(st.st_mode):
            report.bad(kind, path, "is not a regular file")
            return None
        if st.st_nlink != 1:
            report.bad(linked or kind, path, f"has {st.st_nlink} links")
        if mode is not None and stat.S_IMODE(st.st_mode) != mode:
            report.bad(wrong_mode or kind, path, f"has the mode {stat.S_IMODE(st.st_mode):04o}, not {mode:04o}")
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        report.bad(9002, path, e.strerror)
        return None


def names(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def tree_files(report, top, code=3010):
    """All paths below a directory that are no directories; a mount in place of a directory is a finding."""
    device = os.lstat(top).st_dev if os.path.isdir(top) and not os.path.islink(top) else None
    stack = [top] if device is not None else []
    while stack:
        directory = stack.pop()
        for name in names(directory):
            path = os.path.join(directory, name)
            st = os.lstat(path)
            if stat.S_ISDIR(st.st_mode):
                if st.st_dev != device:
                    report.bad(code, path, "is a mount")
                stack.append(path)
            else:
                yield path


def split_bundle(data):
    entries, at = [], 0
    while at < len(data):
        need(at + 2 <= len(data), f"is cut in the length of entry {len(entries)}")
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        need(end <= len(data), f"is cut in entry {len(entries)}")
        entries.append(data[at + 2:end])
        at = end
    return entries


def tile_name(n):
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups))
