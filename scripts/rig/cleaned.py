"""What a compacted topic must hold, and the judge of what was read from it. Nothing here talks to a broker.

Record number n of a partition is what stands at offset n, whoever was killed meanwhile: producers are idempotent, and
compaction never moves a record. So the model knows what every offset holds, or held before it was cleaned away.
"""

import hashlib
import random
from dataclasses import dataclass, field

from rig import corpus
from rig.table import part

TOMBSTONES = 0.05  # share of the records


class Partition:
    """The records of one partition in order: which key, and whether it is a tombstone."""

    def __init__(self, number, keys, dead):
        self._number, self.keys, self.dead = number, keys, dead
        self.successors = successors(keys)

    @classmethod
    def drawn(cls, number, records, keys, tombstones=TOMBSTONES):
        """Records on so many keys at random, the same in each run."""
        rng = random.Random(f"partition {number}")
        return cls(number, [rng.randrange(keys) for _ in range(records)],
                   [rng.random() < tombstones for _ in range(records)])

    def key(self, offset):
        """The key of a record."""
        return b"key-%d-%05d" % (self._number, self.keys[offset])

    def value(self, offset):
        """The value of a record: its offset, and bytes that do not compress. None is a tombstone."""
        if self.dead[offset]:
            return None
        return b"%d " % offset + hashlib.blake2b(b"%d/%d" % (self._number, offset)).digest()

    def pair(self, offset, digested=False):
        """Key and value, or key and digest of the value."""
        value = self.value(offset)
        return self.key(offset), digest(value) if digested else value

    def framed(self, offset):
        """The record as it stands in a records file."""
        return corpus.framed(self.key(offset), self.value(offset), [])

    def write(self, path, start, end):
        """Writes the records file of [start, end)."""
        path.write_bytes(b"".join(map(self.framed, range(start, end))))

    def last_offsets(self, end, start=0):
        """The offset of each key's last record in [start, end)."""
        return [offset for offset in range(start, end) if self.successors[offset] >= end]


def successors(keys):
    """The offset of the next record with the same key, for each record; the number of records where there is none."""
    following, latest = [len(keys)] * len(keys), {}
    for offset in range(len(keys) - 1, -1, -1):
        following[offset] = latest.get(keys[offset], len(keys))
        latest[keys[offset]] = offset
    return following


@dataclass
class Verdict:
    """Anomalies, each a list of texts; all must be empty."""

    changed: list = field(default_factory=list)  # another record at an offset than was written there
    disordered: list = field(default_factory=list)  # an offset not above the one before
    lost: list = field(default_factory=list)  # the last record of its key, and not there
    buried: list = field(default_factory=list)  # a tombstone, last of its key, gone before its time

    def rows(self):
        """(name, list) for each anomaly."""
        return vars(self).items()

    def text(self):
        """Counts, and the first of each."""
        found = [f"{len(texts)} {name} ({texts[0]})" for name, texts in self.rows() if texts]
        return ", ".join(found) or "none changed, disordered, lost or buried"

    @property
    def clean(self):
        """Whether nothing was found."""
        return not any(found for _, found in self.rows())


def check(partition, seen, end, known=None, start=0, tombstones_stay=True, digested=False):
    """Judges a read of [start, end): `seen` is [(offset, key, value)] in the order of reading, or digests of values.

    `known` is an end of the log as late as the read: a record may have gone for a successor below it. It is `end`
    when nothing was written meanwhile.
    """
    verdict, known = Verdict(), end if known is None else known
    there, before = bytearray(end), -1
    for offset, key, value in seen:
        if offset <= before:
            verdict.disordered.append(f"{offset} after {before}")
        before = offset
        if not start <= offset < end or (key, value) != partition.pair(offset, digested):
            verdict.changed.append(f"offset {offset} holds {key!r}: {value!r:.20}")
        else:
            there[offset] = 1
    for offset in range(start, end):
        if there[offset] or partition.successors[offset] < known:
            continue
        if not partition.dead[offset]:
            verdict.lost.append(f"offset {offset}, the last of {partition.key(offset)!r} below {known}")
        elif tombstones_stay:
            verdict.buried.append(f"offset {offset}, the last of {partition.key(offset)!r} below {known}")
    return verdict


def digest(value):
    """What the reader of passes notes of a value."""
    return None if value is None else hashlib.blake2b(value, digest_size=8).digest()


def superseded(partition, seen, end):
    """How many of the records that were read have a successor below `end`."""
    return sum(partition.successors[offset] < end for offset, _, _ in seen)


def passes(path):
    """The passes of clients/python/scan.py: yields (partition, known end, position, rows) of each that was ended."""
    rows = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            kind, partition, *rest = line.rstrip("\n").split(" ") if line != "pass\n" else ("pass", None)
            if kind == "pass":  # what the pass before read of partitions that it did not end is no whole read
                rows.clear()
            elif kind == "end":
                yield int(partition), int(rest[0]), int(rest[1]), rows.pop(int(partition), [])
            elif kind == "lost":
                raise RuntimeError(f"the reader lost its place: {line.strip()}")
            else:
                key, value = map(part, rest[1:])
                rows.setdefault(int(partition), []).append((int(rest[0]), key, value))
