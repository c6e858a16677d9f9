#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The same small job as examples/c/archive.c, through ctypes. Usage: archive.py DIRECTORY FILE"""
import ctypes as c
import sys

SEQ_ANY = 2**64 - 1
tote = c.CDLL("libtoteborch.so.0")


class Fault(c.Structure):
    _fields_ = [("code", c.c_int32), ("sys_errno", c.c_int32), ("seq", c.c_uint64),
                ("effect", c.c_uint32), ("flags", c.c_uint32), ("box", c.c_char * 64),
                ("text", c.c_char * 424)]


class Field(c.Structure):
    _fields_ = [("key", c.c_char_p), ("value", c.c_char_p), ("length", c.c_size_t)]


class Record(c.Structure):
    _fields_ = [("kind", c.c_char_p), ("actor", c.c_char_p), ("fields", c.POINTER(Field)),
                ("field_count", c.c_size_t), ("payload", c.c_char_p), ("payload_length", c.c_size_t)]


class Source(c.Structure):
    _fields_ = [("path", c.c_char_p), ("file", c.c_char_p), ("data", c.c_void_p),
                ("length", c.c_size_t), ("fd", c.c_int32), ("flags", c.c_uint32),
                ("supersedes", c.c_uint64), ("media_type", c.c_char_p), ("source", c.c_char_p)]


class Verdict(c.Structure):
    _fields_ = ([(n, c.c_uint32) for n in ("size", "flags", "verdict", "level")] +
                [(n, c.c_uint64) for n in ("run", "entries", "entries_total", "assets",
                                           "assets_total", "bytes", "bytes_total", "findings",
                                           "tree_size", "witnessed")] +
                [("oldest_unverified_us", c.c_int64), ("root", c.c_uint8 * 32),
                 ("container", c.c_char * 64)])


class Error(Exception):
    pass


def call(name, *args):
    """Calls tote_NAME with a fault behind the arguments; raises what the fault says."""
    fault = Fault()
    rc = getattr(tote, "tote_" + name)(*args, c.byref(fault))
    if rc < 0:
        raise Error(fault.text.decode("utf-8", "replace"))
    return rc


def handle(name, *args):
    """A call whose last argument before the fault is a new handle."""
    out = c.c_void_p()
    call(name, *args, c.byref(out))
    return out


def audit(root):
    job, verdict, whole = handle("audit_start", root, None), Verdict(size=c.sizeof(Verdict)), True
    while call("audit_step", job, c.c_uint64(0), c.c_int64(0)):
        pass
    while call("audit_next_verdict", job, c.byref(verdict)):
        print(f"{verdict.container.decode()}: {verdict.entries} entries and {verdict.assets} assets verified")
        whole = whole and verdict.verdict == 1
    call("audit_close", job)
    return whole


def main(directory, file):
    ctx = handle("ctx_new", None)
    call("orchestrator_init", ctx, directory.encode(), b"archive.example.com/acme", b"alice", 0)
    root = handle("orchestrator_open", ctx, directory.encode(), 0)
    call("orchestrator_provision", root, b"contracts", None, None)
    box = handle("box_open", root, b"contracts", None)
    source = Source(path=b"contract", file=file.encode())
    call("box_seal", box, c.byref(source), c.c_size_t(1), b"alice", 0, None)
    field, text, seq = Field(b"matter", b"acme/2026-014", 13), b"signed by both", c.c_uint64()
    record = Record(b"record", b"alice", c.pointer(field), 1, text, len(text))
    call("box_append", box, c.byref(record), c.c_uint64(SEQ_ANY), 0, c.byref(seq))
    if not audit(root):
        return 1
    proof, length = c.create_string_buffer(65536), c.c_size_t()
    call("box_prove", box, seq, 0, proof, c.c_size_t(len(proof)), c.byref(length))
    print(f"record {seq.value} is proven in {length.value} bytes")
    call("box_close", box)
    call("orchestrator_close", root)
    tote.tote_ctx_unref(ctx)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(2)
    try:
        sys.exit(main(*sys.argv[1:]))
    except Error as e:
        sys.exit(f"archive: {e}")
