# SPDX-License-Identifier: ISC
"""A ledger's journal, replayed as toteborch-ledger(5) tells, and the line of its lock."""
import base64
import os
import re
import struct

from .basic import Malformed, leaf_hash, need, sha
from .entry import parse_entry
from .files import names, regular, split_bundle

BLOCK = 4096
BODY = 4 << 20
SEGMENT = 16 << 20


class Journal:
    def __init__(self, report, ledger):
        self.report, self.ledger = report, ledger
        self.dir, self.c = os.path.join(ledger.dir, "journal"), len(ledger.raw)
        self.found = {}  # seq: (entry, file), from C on
        self.mark = self.read_line()
        segments = self.segments()
        self.replay(segments)

    def read_line(self):
        """The mark in the line of `lock`, 0 where there is none or it is void."""
        path = os.path.join(self.ledger.dir, "lock")
        if not os.path.isfile(path):
            return 0
        with open(path, "rb") as f:
            line, _, _ = f.read(4096).partition(b"\n")
        m = re.fullmatch(rb"(tote-lock/1 (0|[1-9][0-9]{0,18}) (?:busy|idle) ([0-9]{1,20})(?: [!-~]+){4} )"
                         rb"([0-9a-f]{16})", line)
        if not m or sha(m[1])[:8].hex().encode() != m[4] or int(m[3]) != os.stat(path).st_ino:
            self.report.note(path, "the line is void")
            return 0
        return int(m[2])

    def segments(self):
        out = []
        for name in names(self.dir):
            path = os.path.join(self.dir, name)
            if not re.fullmatch(r"[0-9]{20}", name):
                if name.startswith(".tote-w-"):
                    self.report.note(path, "an unfinished file")
                else:
                    self.report.bad(2003, path, "is no segment")
                continue
            data = regular(self.report, path, None, 2006)
            if data is not None:
                out.append((int(name), path, data))
        return out

    def replay(self, segments):
        """E is the first seq from C on that no valid group holds, H what must be there."""
        c, ledger = self.c, self.ledger
        high, unknown = max(ledger.size, self.mark), False
        if not ledger.checkpoint and segments and segments[0][0] == 0:
            self.report.note(self.dir, "the journal begins at 0: the first fold was never finished")
        for i, (first, path, data) in enumerate(segments):
            needed = not (i + 1 < len(segments) and segments[i + 1][0] <= c)
            try:
                high = max(high, self.segment(first, path, data, needed))
            except NotImplementedError:
                self.report.bad(2007, path, "is of a version or has a feature that is not known")
                unknown = True
        if segments:
            high = max(high, segments[-1][0])
        while len(ledger.raw) in self.found:
            ledger.add(self.found[len(ledger.raw)][0])
        if len(ledger.raw) < high and not unknown:
            self.report.bad(2001, self.dir, f"entries up to {high} must be there, {len(ledger.raw)} are", len(ledger.raw))
        if self.mark and len(ledger.raw) > max(self.mark, c):
            self.report.note(self.dir, f"{len(ledger.raw) - max(self.mark, c)} entries lie above the mark")

    def header(self, first, data):
        """Salt and prev of block 0; None where it does not check."""
        head = data[:88]
        if len(head) < 88 or head[72:] != sha(head[:72])[:16]:
            return None
        magic, version, features, start, salt, prev = struct.unpack(">8sIIQ16s32s", head[:72])
        if magic != b"tote.jnl" or start != first:
            return None
        if version != 1 or features:
            raise NotImplementedError
        return salt, prev

    def segment(self, first, path, data, needed):
        """The seq behind its last group."""
        head = self.header(first, data)
        if head is None:
            if needed:
                self.report.bad(2001, path, "the segment's header does not check", first)
            else:
                self.report.note(path, "a header that does not check, below the checkpoint")
            return 0
        if any(data[88:BLOCK]):
            self.report.note(path, "block 0 is not zero behind its header")
        if len(data) > SEGMENT or len(data) % BLOCK:
            self.report.note(path, f"has {len(data)} bytes")
        salt, prev = head
        self.expect_prev(path, first, prev)
        at, end, torn = BLOCK, first, 0
        while at < len(data):
            group = self.group(data, at, salt)
            if group is None:
                torn += any(data[at:at + BLOCK])
                at += BLOCK
                continue
            seq, entries, length = group
            self.take(path, seq, entries)
            end = max(end, seq + len(entries))
            at += -(-length // BLOCK) * BLOCK
        if torn:
            self.report.note(path, f"{torn} blocks hold a torn tail or rot below the checkpoint")
        return end

    def take(self, path, seq, entries):
        for i, raw in enumerate(entries, seq):
            if i < self.c:
                if self.ledger.raw[i] != raw:
                    self.report.bad(2002, path, "differs from the log", i)
            elif i in self.found and self.found[i][0] != raw:
                self.report.bad(2001, path, f"differs from what {os.path.basename(self.found[i][1])} holds", i)
            else:
                self.found[i] = raw, path
        if seq >= self.c:
            self.expect_prev(path, seq, prev_of(entries[0]))

    def expect_prev(self, path, seq, prev):
        before = None
        if 0 < seq <= self.c:
            before = self.ledger.leaves[seq - 1]
        elif seq - 1 in self.found:
            before = leaf_hash(self.found[seq - 1][0])
        if before is not None and before != prev:
            self.report.bad(2001, path, "prev is not the leaf hash before it", seq)

    @staticmethod
    def group(data, at, salt):
        """Seq, entries and length of a valid group, else None."""
        head = data[at:at + 72]
        if len(head) < 72 or head[:8] != b"totegrp\n" or sha(salt + head[:56])[:16] != head[56:]:
            return None
        _, seq, count, length, last = struct.unpack(">8sQII32s", head[:56])
        body = data[at + 72:at + 72 + length]
        try:
            need(len(body) == length <= BODY and count, "its length")
            entries = split_bundle(body)
            need(len(entries) == count and leaf_hash(entries[-1]) == last, "its entries")
            for i, raw in enumerate(entries):
                need(parse_entry(raw).seq == seq + i, "a seq")
                need(i == 0 or prev_of(raw) == leaf_hash(entries[i - 1]), "a prev")
        except Malformed:
            return None
        return seq, entries, 72 + length


def prev_of(raw):
    m = re.match(rb"[^\n]*\nseq [0-9]+\ntime [^\n]*\nprev ([A-Za-z0-9+/=]{44})\n", raw)
    return base64.b64decode(m[1]) if m else None
