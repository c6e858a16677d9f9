# SPDX-License-Identifier: ISC
"""What is well signed and wrong all the same, each with the codes of which one must be found; and what is right."""
import base64
import os
import shutil

from damages import write
from forge import Forge, Key, put
from house import BOX, OTHER
from toteread.basic import leaf_hash, sign

TABLE, GOOD = [], []
DIGEST = "sha256:" + 64 * "0"
EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def entry(name, codes, kind, fields=None, box=BOX, **more):
    """One more entry, under a checkpoint that its key signs and the witness cosigns."""
    def do(p):
        f = Forge(p.root, box)
        f.add(kind, fields or {}, **more)
        f.write()
    TABLE.append((name, codes, do))


def forgery(name, *codes):
    def take(function):
        TABLE.append((name, codes, function))
        return function
    return take


def right(name):
    def take(function):
        GOOD.append((name, function))
        return function
    return take


def new_key(p, box, number=7):
    return Key(Forge(p.root, box).origin, bytes([number]) * 32)


SEAL = {"path": "new", "size": 0, "digest": EMPTY}

entry("a kind without a field that it must have", [1008], "container.state", {"from": "active", "to": "suspended"})
entry("a payload in a kind of the library", [1008], "container.state",
      {"from": "active", "to": "suspended", "reason": "x"}, payload=b"x")
entry("a digest of another form", [1008], "asset.sealed", dict(SEAL, digest="sha256:00"))
entry("a size that is no number", [1008], "asset.sealed", dict(SEAL, size="01"))
entry("a reserved path", [1008], "asset.sealed", dict(SEAL, path="a/.tote-1"))
entry("a path that leads out", [1008], "asset.sealed", dict(SEAL, path="a/../b"))
entry("a value that is not escaped as it must be", [1008], "record", raw_fields=b"zz %41\n")
entry("fields out of order", [1008], "record", {"b": "1"}, raw_fields=b"a 1\n")
entry("a field that occurs twice", [1008], "record", {"b": "1"}, raw_fields=b"b 2\n")
entry("a day that is none", [1008], "record", time="2026-02-29T08:15:00.000000Z")
entry("another seq", [1010], "record", seq=5)
entry("another prev", [1009], "record", prev=b"p" * 32)
entry("tote-state where it does not belong", [1013], "record", {"tote-state": "active"})
entry("a second container.created", [1008], "container.created",
      {"id": BOX, "origin": "archive.example.com/acme/contracts", "backend": "posix",
       "vkey": Key("archive.example.com/acme/contracts", b"k" * 32).vkey})
entry("a move that there is none of", [4005], "container.state", {"from": "active", "to": "disposed", "reason": "x"})
entry("a move from another state", [4005], "container.state", {"from": "suspended", "to": "archived", "reason": "x"})
entry("a record while archived", [4005], "record", box=OTHER)
entry("a seal while archived", [4005], "asset.sealed", SEAL, box=OTHER)
entry("a path that is sealed twice", [3008], "asset.sealed", dict(SEAL, path="plan"))
entry("a path below a sealed one", [3008], "asset.sealed", dict(SEAL, path="plan/below"))
entry("a path above a sealed one", [3008], "asset.sealed", dict(SEAL, path="tree"))
entry("a void of what is no seal", [1008], "asset.void", {"seal": 0, "reason": "x"})
entry("an erasure of what is to come", [1008], "asset.erased", {"seal": 90000, "reason": "x", "authority": "y"})
entry("an erased asset that is there", [3009], "asset.erased", {"seal": 1, "reason": "x", "authority": "y"})
entry("a seal that supersedes a record", [1008], "asset.sealed", dict(SEAL, supersedes=0))
entry("a seal without its file", [3003], "asset.sealed", SEAL)
entry("a repair at another seq", [1008], "ledger.repaired", {"from-seq": 3, "lost": 1, "reason": "x"})
entry("a kind of the host in the record", [1008], "record", {}, box="orchestrator")
entry("a container registered twice", [1008], "container.registered",
      {"container": BOX, "location": f"containers/{BOX}", "backend": "posix", "origin": "archive.example.com/acme/contracts",
       "vkey": Key("archive.example.com/acme/contracts", b"k" * 32).vkey}, box="orchestrator")
entry("a move of a container that is none", [1008], "container.state",
      {"container": "nobody", "from": "active", "to": "suspended", "reason": "x"}, box="orchestrator")
entry("a flag of no finding", [1008], "flag.raised", {"container": BOX, "code": "TOTE-3001", "finding": 0}, box="orchestrator")
entry("an acknowledgement of no flag", [1008], "flag.acknowledged", {"flag": 0, "reason": "x"}, box="orchestrator")
entry("coverage of a run that was none", [1008], "audit.covered",
      {"container": BOX, "run": 0, "level": "full", "from-seq": 0, "to-seq": 1, "bytes": 1}, box="orchestrator")
entry("a code that is none", [1008], "audit.finding", {"container": BOX, "run": 0, "code": "3001"}, box="orchestrator")
entry("a rotation that is not proven", [1008], "key.rotated",
      {"from": Key("archive.example.com/acme/contracts", b"k" * 32).vkey, "reason": "x", "proof": 86 * "A" + "==",
       "to": Key("archive.example.com/acme/contracts", b"l" * 32).vkey})
entry("a rekeying from another key", [1008], "container.rekeyed",
      {"container": BOX, "from": Key("archive.example.com/acme/contracts", b"k" * 32).vkey, "at-seq": 100000, "reason": "x",
       "to": Key("archive.example.com/acme/contracts", b"l" * 32).vkey}, box="orchestrator")


@forgery("an entry without tote-state where it belongs", 1013)
def no_state(p):
    f = Forge(p.root, BOX)
    f.fill()
    f.add("record", {"tote-state": None})
    f.write()


@forgery("a wrong tote-state", 1013)
def wrong_state(p):
    f = Forge(p.root, BOX)
    f.fill()
    f.add("record", {"tote-state": "suspended"})
    f.write()


@forgery("a checkpoint by the key before a rotation", 5004, 5003)
def old_key(p):
    f = Forge(p.root, BOX)
    new = new_key(p, BOX)
    f.rotation(new)
    f.write()
    put(os.path.join(p.top, "keys", BOX), new.line.encode(), 0o600)


@forgery("a rotation that a key before the last proves", 1008)
def twice_from_one(p):
    f = Forge(p.root, BOX)
    one, two = new_key(p, BOX, 7), new_key(p, BOX, 8)
    f.rotation(one)
    f.rotation(two)
    f.write(two)
    put(os.path.join(p.top, "keys", BOX), two.line.encode(), 0o600)


@forgery("a fork", 5008)
def fork(p):
    f = Forge(p.root, BOX)
    f.raw[-1] = f.entry("record", {"another": "history"}, seq=len(f.raw) - 1, prev=leaf_hash(f.raw[-2]))
    f.write()
    shutil.copy(os.path.join(p.top, "seen", BOX), os.path.join(p.root, "kept"))
    g = Forge(p.root, BOX)
    g.raw[-1] = g.entry("record", {"one more": None, "third": "history"}, seq=len(g.raw) - 1, prev=leaf_hash(g.raw[-2]))
    g.write(seen=False)


@forgery("a rollback", 5007)
def rollback(p):
    f = Forge(p.root, BOX)
    f.write()
    f.raw.pop()
    f.write(seen=False)


@forgery("a witness that was rolled back", 5009)
def witness_back(p):
    f = Forge(p.root, BOX)
    f.write(count=200)
    kept = os.path.join(p.root, "kept")
    shutil.copy(os.path.join(p.top, "seen", BOX), kept)
    f.write()
    shutil.copy(kept, os.path.join(p.top, "seen", BOX))


@forgery("a last note below the checkpoint", 5012)
def last_below(p):
    f = Forge(p.root, BOX)
    f.write()
    put(os.path.join(p.top, "keys", BOX + ".last"), f.note(len(f.raw) - 1)[1].encode(), 0o600)


@forgery("an entry 0 of another key", 1012)
def other_genesis(p):
    f = Forge(p.root, BOX)
    f.raw[0] = f.raw[0].replace(f.key.vkey.encode(), new_key(p, BOX).vkey.encode())
    f.write()


@forgery("two ledgers that differ by two moves", 4005)
def two_moves(p):
    f = Forge(p.root, BOX)
    f.add("container.state", {"from": "active", "to": "suspended", "reason": "x"})
    f.add("container.state", {"from": "suspended", "to": "active", "reason": "x"})
    f.write()


@forgery("a valid group that differs from the log", 2002)
def group_differs(p):
    f = Forge(p.root, BOX)
    f.write()
    f.segment(0, [(0, [f.raw[0].replace(b"posix", b"posiy")])], prev=b"\0" * 32)


@forgery("two groups with different entries for one seq", 2001)
def group_twice(p):
    f = Forge(p.root, BOX)
    f.write()
    at = len(f.raw)
    f.segment(at, [(at, [f.entry("record", {"n": n})]) for n in (1, 2)])


@forgery("a group whose prev is another", 2001)
def group_prev(p):
    f = Forge(p.root, BOX)
    f.write()
    at = len(f.raw)
    f.segment(at, [(at, [f.entry("record", {}, prev=b"q" * 32)])])


@forgery("a gap between two groups", 2001)
def group_gap(p):
    f = Forge(p.root, BOX)
    f.write()
    at = len(f.raw)
    f.segment(at, [(at, [f.entry("record", {})]), (at + 2, [f.entry("record", {}, seq=at + 2)])])


@forgery("a segment whose prev is another", 2001)
def segment_prev(p):
    f = Forge(p.root, BOX)
    f.write()
    f.segment(len(f.raw), [], prev=b"q" * 32)


@forgery("a segment of a later version", 2007)
def segment_version(p):
    f = Forge(p.root, BOX)
    f.write()
    f.segment(len(f.raw), [], version=2)


@forgery("a segment with a feature that is not known", 2007)
def segment_feature(p):
    f = Forge(p.root, BOX)
    f.write()
    f.segment(len(f.raw), [], features=1)


# ---- what must not be found -------------------------------------------------------------------------------------

@right("a ledger that was written anew")
def anew(p):
    Forge(p.root, BOX).write()


@right("a group above the checkpoint, a torn tail behind it")
def torn(p):
    f = Forge(p.root, BOX)
    f.write()
    at = len(f.raw)
    f.segment(at, [(at, [f.entry("record", {})])])
    path = os.path.join(f.dir, "journal", f"{at:020d}")
    p.change(path, lambda d: d[:8192] + b"totegrp\n" + d[8200:])


@right("a rotation, and the next")
def rotated(p):
    f = Forge(p.root, BOX)
    one, two = new_key(p, BOX, 7), new_key(p, BOX, 8)
    f.rotation(one)
    f.add("record", {})
    f.rotation(two, one)
    f.write(two)
    put(os.path.join(p.top, "keys", BOX), two.line.encode(), 0o600)


@right("a rotation whose key is not yet renamed")
def rotating(p):
    f = Forge(p.root, BOX)
    new = new_key(p, BOX)
    f.rotation(new)
    f.write(new)
    put(os.path.join(p.top, "keys", BOX + ".next"), new.line.encode(), 0o600)


@right("a lost key that was replaced, and a rotation after it")
def rekeyed(p):
    f, record = Forge(p.root, BOX), Forge(p.root, "orchestrator")
    one, two = new_key(p, BOX, 7), new_key(p, BOX, 8)
    record.add("container.rekeyed", {"container": BOX, "from": f.key.vkey, "to": one.vkey, "at-seq": len(f.raw), "reason": "x"})
    record.write()
    f.add("record", {})
    f.rotation(two, one)
    f.write(two)
    put(os.path.join(p.top, "keys", BOX), two.line.encode(), 0o600)


@right("an orchestrator and a witness with new keys")
def root_keys(p):
    record = Forge(p.root, "orchestrator")
    new, witness = new_key(p, "orchestrator"), Key(record.witness.name, b"w" * 32, 4)
    record.rotation(new)
    prev = base64.b64encode(leaf_hash(record.raw[-1])).decode()
    text = f"toteborch.rotate/1\n{witness.name}\n{len(record.raw)}\n{prev}\n{witness.vkey}\n"
    record.add("witness.rotated", {"from": record.witness.vkey, "to": witness.vkey, "reason": "x",
                                   "proof": base64.b64encode(sign(record.witness.seed, text.encode())).decode()})
    record.write(new)
    put(os.path.join(p.top, "keys/orchestrator"), new.line.encode(), 0o600)
    put(os.path.join(p.top, "keys/witness"), witness.line.encode(), 0o600)


@right("a repair and what it set aside")
def repaired(p):
    f = Forge(p.root, BOX)
    f.write()
    at = f.add("ledger.repaired", {"from-seq": len(f.raw), "lost": 2, "reason": "x"})
    f.write()
    os.makedirs(os.path.join(f.dir, f"damaged/{at:020d}"))
    os.makedirs(os.path.join(f.dir, f"damaged/{at:020d}.log/tile/0"))


@right("an erased asset, and one that was void and is sealed again")
def erased(p):
    f = Forge(p.root, BOX)
    f.add("asset.erased", {"seal": 1, "reason": "x", "authority": "y"})
    os.unlink(os.path.join(p.assets, seal_path(f.raw[1])))
    void = f.add("asset.sealed", SEAL)
    f.add("asset.void", {"seal": void, "reason": "x"})
    f.add("asset.sealed", SEAL)
    write(os.path.join(p.assets, "new"), "")
    os.chmod(os.path.join(p.assets, "new"), 0o444)
    f.write()


@right("a seal that is not yet at its path")
def kept(p):
    f = Forge(p.root, BOX)
    seq = f.add("asset.sealed", SEAL)
    f.write()
    write(os.path.join(p.assets, f".tote-{seq}"), "")
    os.chmod(os.path.join(p.assets, f".tote-{seq}"), 0o444)


@right("a move that only one ledger has")
def one_move(p):
    f = Forge(p.root, BOX)
    f.add("container.state", {"from": "active", "to": "suspended", "reason": "x"})
    f.write()


@right("kinds, fields and versions of later days")
def later(p):
    f = Forge(p.root, BOX)
    f.add("asset.dreamt", {"of": "x"})
    f.add("ledger.repaired", {"from-seq": len(f.raw), "lost": 0, "reason": "x", "weather": "fine"})
    f.raw.append(f.entry("record", {}).replace(b"entry/1", b"entry/2"))
    f.write()


def seal_path(raw):
    return next(line[5:].decode() for line in raw.split(b"\n") if line.startswith(b"path "))
