# SPDX-License-Identifier: ISC
"""A root made by totectl to be damaged, and copies of it in which the marks of the locks still hold."""
import os
import re
import shutil
import subprocess

from toteread.basic import sha

BOX, OTHER = "contracts", "finance"


def totectl(root, *words, good=(0,)):
    done = subprocess.run([os.environ["TOTECTL"], "-C", root, *words], capture_output=True, check=False)
    if done.returncode not in good:
        raise SystemExit(f"totectl {' '.join(words)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


def make(work):
    """
    contracts: 300 assets and some records under a cosigned checkpoint, then some in the journal; finance: a few, archived.
    A flag that was raised and acknowledged, and reports of several audits.
    """
    root, files = os.path.join(work, "root"), os.path.join(work, "files")
    os.makedirs(os.path.join(files, "tree/below"))
    for n in range(300):
        with open(os.path.join(files, f"tree/below/{n}.txt"), "w", encoding="ascii") as f:
            f.write(f"file {n}\n")
    for name, text in (("plan", "a plan of 2026"), ("empty", "")):
        with open(os.path.join(files, name), "w", encoding="ascii") as f:
            f.write(text)
    totectl(root, "init", "--origin", "archive.example.com/acme")
    for box in (BOX, OTHER):
        totectl(root, "provision", box)
        totectl(root, "seal", box, os.path.join(files, "plan"), os.path.join(files, "empty"))
        totectl(root, "append", box, "--field", "matter=1")
    totectl(root, "seal", BOX, os.path.join(files, "tree"))
    foreign = os.path.join(root, "containers", BOX, "assets/foreign")
    with open(foreign, "w", encoding="ascii") as f:
        f.write("x")
    totectl(root, "audit", good=(3,))
    os.unlink(foreign)
    totectl(root, "audit")
    flag = re.search(r"flag ([0-9]+)", totectl(root, "status", good=(0, 3)))
    totectl(root, "ack", flag[1], "--reason", "a slip")
    totectl(root, "archive", OTHER, "--yes", "--reason", "it is over")
    for n in range(3):
        totectl(root, "append", BOX, "--field", f"after={n}")
    return root


def copy(root, to):
    if os.path.lexists(to):
        shutil.rmtree(to)
    shutil.copytree(root, to, symlinks=True)
    for directory, _, files in os.walk(to):
        if "lock" in files:
            relock(os.path.join(directory, "lock"))
    return to


def relock(path):
    """The line again, with the inode that the copy has."""
    with open(path, "rb") as f:
        words = f.read().partition(b"\n")[0].split(b" ")
    words[3] = str(os.stat(path).st_ino).encode()
    line = b" ".join(words[:-1]) + b" "
    with open(path, "r+b") as f:
        f.write(line + sha(line)[:8].hex().encode() + b"\n")


class Place:
    """A copy that is about to be damaged."""

    def __init__(self, root):
        self.root = root
        self.box = os.path.join(root, "containers", BOX)
        self.other = os.path.join(root, "containers", OTHER)
        self.log, self.assets = os.path.join(self.box, "ledger/log"), os.path.join(self.box, "assets")
        self.journal = os.path.join(self.box, "ledger/journal")
        self.top = os.path.join(root, "orchestrator")

    def change(self, path, function):
        """The bytes of a file, replaced in place; its mode and inode stay."""
        mode = os.stat(path).st_mode & 0o7777
        os.chmod(path, 0o600)
        with open(path, "r+b") as f:
            data = function(f.read())
            f.seek(0)
            f.write(data)
            f.truncate()
        os.chmod(path, mode)

    def flip(self, path, at):
        self.change(path, lambda d: d[:at] + bytes([d[at] ^ 1]) + d[at + 1:] if at >= 0 else
                    d[:at] + bytes([d[at] ^ 1]) + d[len(d) + at + 1:])

    def newest(self, directory):
        return os.path.join(directory, sorted(os.listdir(directory))[-1])

    def last_group(self, path):
        """Where the last group of a segment lies."""
        with open(path, "rb") as f:
            data = f.read()
        return max(at for at in range(4096, len(data), 4096) if data[at:at + 8] == b"totegrp\n")
