# SPDX-License-Identifier: ISC
"""The keys of a log: that of entry 0, each proven rotation, and what the consolidated record puts in a lost one's place."""
import base64

from .basic import base64_strict, ed25519, need, vkey


class Keychain:
    def __init__(self, report, ledger, first):
        self.report, self.ledger, self.steps = report, ledger, [(0, None, first)]

    def rotation(self, entry):
        """key.rotated: proven by the key that it names as the one before; the order of keys is judged by settle."""
        if entry.kind != "key.rotated":
            return
        old, new = vkey(entry.fields["from"].decode()), vkey(entry.fields["to"].decode())
        need(new.name == self.ledger.origin, "the new key's name is not the origin")
        prove(old, entry, self.ledger.origin)
        self.steps.append((entry.seq, old, new))

    def settle(self, rekeyed):
        """
        rekeyed: (at-seq, from, to) of the consolidated record. In order of seq each step begins where the one before
        ended; without a record a key in between is only told of.
        """
        self.steps = sorted(self.steps + [(seq, old, new) for seq, old, new in rekeyed or []], key=lambda step: step[0])
        for (_, _, held), (seq, old, _) in zip(self.steps, self.steps[1:]):
            if old == held:
                continue
            where = self.ledger.where(seq) if seq < len(self.ledger.raw) else self.ledger.dir
            text = f"the key before is {held.vkey}, not {old.vkey}"
            if rekeyed is None:
                self.report.note(where, text, seq)
            else:
                self.report.bad(1008, where, text, seq)

    def key_for(self, size):
        """The key that a checkpoint of that size is signed with: the newest of the entries that it covers."""
        return next(key for seq, _, key in reversed(self.steps) if seq < max(size, 1))

    def every(self):
        return [key for _, _, key in self.steps]


def prove(old, entry, name):
    """The proof of a rotation: the old key's signature over the place of the entry and the new key."""
    prev, to = base64.b64encode(entry.prev).decode(), entry.fields["to"].decode()
    text = f"toteborch.rotate/1\n{name}\n{entry.seq}\n{prev}\n{to}\n"
    need(ed25519(old.public, base64_strict(entry.fields["proof"].decode()), text.encode()), "the proof does not verify")
