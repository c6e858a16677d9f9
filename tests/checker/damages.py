# SPDX-License-Identifier: ISC
"""Damages to bytes, names and modes: what each is called, the codes of which one must be found, and how it is done."""
import os
import shutil

from house import BOX, OTHER

TABLE = []


def damage(name, *codes):
    def take(function):
        TABLE.append((name, codes, function))
        return function
    return take


def plain(name, codes, function):
    damage(name, *codes)(function)


def write(path, text="x"):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def moved_link(p, path):
    """A symbolic link to the same bytes elsewhere."""
    os.rename(path, os.path.join(p.root, "moved"))
    os.symlink(os.path.join(p.root, "moved"), path)


# ---- the log ----------------------------------------------------------------------------------------------------

def bundle(p):
    return os.path.join(p.log, "tile/entries/000")


def tile(p):
    return os.path.join(p.log, "tile/0/000")


def checkpoint(p):
    return os.path.join(p.log, "checkpoint")


def lines_of(function):
    """A damage to the lines of the checkpoint."""
    def do(p):
        p.change(checkpoint(p), lambda d: "".join(function(d.decode().splitlines(True))).encode())
    return do


def superseded(p):
    path = os.path.join(p.log, "tile/0/000.p/7")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(tile(p), "rb") as f, open(path, "wb") as g:
        g.write(f.read(6 * 32) + bytes(32))
    os.chmod(path, 0o444)


def other_checkpoint(p):
    shutil.copy(os.path.join(p.other, "ledger/log/checkpoint"), checkpoint(p))


plain("a byte of a bundle", [1003, 1008, 1009], lambda p: p.flip(bundle(p), 3000))
plain("a bundle that is cut", [1003], lambda p: p.change(bundle(p), lambda d: d[:-1]))
plain("a bundle with one more entry", [1003], lambda p: p.change(bundle(p), lambda d: d + b"\0\1x"))
plain("a bundle that is gone", [1004], lambda p: os.unlink(bundle(p)))
plain("a byte of a tile", [1001], lambda p: p.flip(tile(p), 1000))
plain("a tile that is cut", [1001], lambda p: p.change(tile(p), lambda d: d[:-32]))
plain("a tile that is gone", [1002], lambda p: os.unlink(tile(p)))
plain("a tile that is writable", [1006], lambda p: os.chmod(tile(p), 0o644))
plain("a bundle that is executable", [1006], lambda p: os.chmod(bundle(p), 0o555))
plain("a bundle with another link", [1006], lambda p: os.link(bundle(p), os.path.join(p.root, "link")))
plain("a symbolic link in place of a bundle", [1006], lambda p: moved_link(p, bundle(p)))
plain("a foreign file among the tiles", [1005], lambda p: write(os.path.join(p.log, "tile/0/x")))
plain("a tile of a level that cannot be", [1005, 1007], lambda p: shutil.copytree(os.path.join(p.log, "tile/0"),
                                                                                    os.path.join(p.log, "tile/99")))
plain("a bundle beyond all entries", [1007], lambda p: shutil.copy(bundle(p), os.path.join(p.log, "tile/entries/009")))
plain("a superseded partial tile that was changed", [1001], superseded)
plain("no checkpoint", [5001], lambda p: os.unlink(checkpoint(p)))
plain("an empty checkpoint", [5002], lambda p: p.change(checkpoint(p), lambda d: b""))
plain("the checkpoint of another container", [5002], other_checkpoint)
plain("a byte of the root", [1011], lines_of(lambda l: l[:2] + [("B" if l[2][0] != "B" else "C") + l[2][1:]] + l[3:]))
plain("another size in the checkpoint", [5003, 1011], lines_of(lambda l: l[:1] + [f"{int(l[1]) - 1}\n"] + l[2:]))
plain("a size with a leading zero", [5002], lines_of(lambda l: l[:1] + ["0" + l[1]] + l[2:]))
plain("a changed signature", [5003], lines_of(lambda l: l[:4] + [l[4][:-9] + ("A" if l[4][-9] != "A" else "B") + l[4][-8:]] + l[5:]))
plain("no signature of the log", [5004], lines_of(lambda l: l[:4] + l[5:]))
plain("a changed cosignature", [5006], lines_of(lambda l: l[:5] + [l[5][:-9] + ("A" if l[5][-9] != "A" else "B") + l[5][-8:]]))
plain("a line by a stranger", [5005], lines_of(lambda l: l + ["\u2014 stranger AAAABBBB\n"]))
plain("a malformed signature line", [5002], lines_of(lambda l: l + ["- stranger AAAABBBB\n"]))

# ---- the journal and the lock -----------------------------------------------------------------------------------


def segment(p):
    return p.newest(p.journal)


def later_name(p):
    os.rename(segment(p), os.path.join(p.journal, f"{900:020d}"))


plain("a byte of the newest segment's header", [2001], lambda p: p.flip(segment(p), 60))
plain("a byte of a group below the mark", [2001], lambda p: p.flip(segment(p), p.last_group(segment(p)) + 200))
plain("a byte of a group's header", [2001], lambda p: p.flip(segment(p), p.last_group(segment(p)) + 20))
plain("a group that is zeros", [2001], lambda p: p.change(
    segment(p), lambda d: d[:p.last_group(segment(p))].ljust(len(d), b"\0")))
plain("a newest segment that is gone", [2001], lambda p: os.unlink(segment(p)))
plain("a segment under another name", [2001], later_name)
plain("a foreign file in the journal", [2003], lambda p: write(os.path.join(p.journal, "notes")))
plain("a segment with another link", [2006], lambda p: os.link(segment(p), os.path.join(p.root, "link")))
plain("a symbolic link in place of a segment", [2006], lambda p: moved_link(p, segment(p)))
plain("a lock that others may read", [4007], lambda p: os.chmod(os.path.join(p.box, "ledger/lock"), 0o644))
plain("a lock with another link", [4007], lambda p: os.link(os.path.join(p.box, "ledger/lock"), os.path.join(p.root, "l")))

# ---- the skeleton -----------------------------------------------------------------------------------------------


def linked_assets(p):
    os.rename(p.assets, os.path.join(p.root, "away"))
    os.symlink(os.path.join(p.root, "away"), p.assets)


def repaired_by_a_stranger(p):
    os.makedirs(os.path.join(p.box, "ledger/damaged/notes"))


plain("a foreign directory in a container", [4002], lambda p: os.mkdir(os.path.join(p.box, "more")))
plain("a foreign name in ledger/", [4002], lambda p: write(os.path.join(p.box, "ledger/notes")))
plain("a foreign name in damaged/", [4002], repaired_by_a_stranger)
plain("a gate that is gone", [4001], lambda p: shutil.rmtree(os.path.join(p.box, "app-console-input")))
plain("a link in place of assets/", [4003], linked_assets)

# ---- assets -----------------------------------------------------------------------------------------------------


def asset(p):
    return os.path.join(p.assets, "plan")


def replaced(p, make):
    os.unlink(asset(p))
    make(asset(p))


def linked_directory(p):
    os.rename(os.path.join(p.assets, "tree"), os.path.join(p.root, "away"))
    os.symlink(os.path.join(p.root, "away"), os.path.join(p.assets, "tree"))


def kept(p, seq, text):
    path = os.path.join(p.assets, f".tote-{seq}")
    write(path, text)
    os.chmod(path, 0o444)


def kept_with_other_bytes(p):
    os.unlink(asset(p))
    for seq in range(1, 4):
        kept(p, seq, "not the bytes")


plain("a byte of an asset", [3001], lambda p: p.flip(asset(p), 3))
plain("an asset that was cut", [3002], lambda p: p.change(asset(p), lambda d: d[:-1]))
plain("an asset that grew", [3002], lambda p: p.change(asset(p), lambda d: d + b"x"))
plain("an asset that is gone", [3003], lambda p: os.unlink(asset(p)))
plain("an empty asset that is gone", [3003], lambda p: os.unlink(os.path.join(p.assets, "empty")))
plain("an asset that is writable", [3005], lambda p: os.chmod(asset(p), 0o644))
plain("an asset that is executable", [3005], lambda p: os.chmod(asset(p), 0o555))
plain("an asset with another link", [3006], lambda p: os.link(asset(p), os.path.join(p.root, "link")))
plain("a symbolic link in place of an asset", [3007], lambda p: moved_link(p, asset(p)))
plain("a directory in place of an asset", [3007], lambda p: replaced(p, os.mkdir))
plain("a pipe in place of an asset", [3007], lambda p: replaced(p, os.mkfifo))
plain("a link in place of a directory below assets/", [3010], linked_directory)
plain("a file that no entry names", [3004], lambda p: write(os.path.join(p.assets, "tree/new")))
plain("an asset under another name", [3003, 3004], lambda p: os.rename(asset(p), asset(p) + "2"))
plain("a kept file beside its asset", [3011], lambda p: kept(p, 1, "a plan of 2026"))
plain("a kept file with other bytes", [3011], kept_with_other_bytes)
plain("a kept file whose entry is no seal", [3004], lambda p: kept(p, 0, "x"))
plain("rejected input that no entry names", [4002], lambda p: (
    os.mkdir(os.path.join(p.box, "app-console-input/.tote-rejected")),
    write(os.path.join(p.box, "app-console-input/.tote-rejected/3"))))

# ---- the orchestrator -------------------------------------------------------------------------------------------


def key(p, name):
    return os.path.join(p.top, "keys", name)


def seen(p):
    return os.path.join(p.top, "seen", BOX)


def swapped(p):
    os.rename(p.box, p.box + "-")
    os.rename(p.other, p.box)
    os.rename(p.box + "-", p.other)


def seen_lines(function):
    def do(p):
        p.change(seen(p), lambda d: "".join(function(d.decode().splitlines(True))).encode())
    return do


def report(p):
    return p.newest(os.path.join(p.top, "reports"))


plain("seen/ID that is gone", [5010], lambda p: os.unlink(seen(p)))
plain("seen/ID without the witness", [5011], seen_lines(lambda l: l[:5]))
plain("seen/ID without the log's signature", [5011], seen_lines(lambda l: l[:4] + l[5:]))
plain("seen/ID that is another's", [5011], lambda p: shutil.copy(os.path.join(p.top, "seen", OTHER), seen(p)))
plain("a foreign name in seen/", [6003], lambda p: write(os.path.join(p.top, "seen/Notes")))
plain("a key that others may read", [6005], lambda p: os.chmod(key(p, BOX), 0o640))
plain("a key that is garbage", [5012], lambda p: p.change(key(p, BOX), lambda d: b"x" * 40))
plain("the key of another container", [5013], lambda p: shutil.copy(key(p, OTHER), key(p, BOX)))
plain("a witness's key that is another", [5013], lambda p: shutil.copy(key(p, OTHER), key(p, "witness")))
plain("a key that is gone", [5017], lambda p: os.unlink(key(p, BOX)))
plain("a last note that is gone", [5017], lambda p: os.unlink(key(p, BOX + ".last")))
plain("keys/ open to others", [6005], lambda p: os.chmod(os.path.join(p.top, "keys"), 0o755))
plain("a foreign name in keys/", [6003], lambda p: write(key(p, "Notes")))
plain("a last note that is another's", [5012, 5011], lambda p: shutil.copy(key(p, OTHER + ".last"), key(p, BOX + ".last")))
plain("a report that was changed", [6001], lambda p: p.flip(report(p), 10))
plain("a foreign name in orchestrator/", [6003], lambda p: write(os.path.join(p.top, "notes")))
plain("a byte of the consolidated record", [1003, 1008, 1009], lambda p: p.flip(
    os.path.join(p.top, "ledger/log/tile/entries/000.p", sorted(
        os.listdir(os.path.join(p.top, "ledger/log/tile/entries/000.p")), key=int)[-1]), 700))
plain("a container that is gone", [9001], lambda p: shutil.rmtree(p.box))
plain("two containers that changed places", [4006], swapped)
