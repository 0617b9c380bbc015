"""The records that every client sends: seeded, so the same in each run, and handed over as a file.

A records file is its own canonical form (clients/python/jobs.py draws it): the sha256 of the file is what a
reader of the partition must answer. Flavours say what a client library can express:

  rich      binary keys, values and headers; null and empty values, null header values, repeated header names
  keyed     the same, and every record has a key, as compacted topics demand
  bytes     the same without null header values and repeated names; header values are words
  uniform   all records carry the same headers, and an empty value is null (kcat's forms)
"""

import hashlib
import random
import struct
from dataclasses import dataclass
from pathlib import Path

INT = struct.Struct(">i")
RICH = ("rich", "keyed")
KIB, MIB = 1 << 10, 1 << 20
# Bytes of a value -> records of a cell. Small ones travel hundreds to a batch; big ones are few.
SIZES = {1: 2000, KIB: 1000, MIB: 4, 10 * MIB: 2}
NAMES = {1: "1B", KIB: "1KiB", MIB: "1MiB", 10 * MIB: "10MiB"}
WORDS = [bytes(random.Random(seed).choices(b"abcdefghijklmnopqrstuvwxyz", k=2 + seed % 9)) for seed in range(500)]


@dataclass(frozen=True)
class Corpus:
    """A records file: where it is, how many records, the sha256 a reader must find."""

    path: Path
    records: int
    sha256: str


def frame(part):
    """A nullable byte string as it stands in a records file."""
    return INT.pack(-1) if part is None else INT.pack(len(part)) + part


def framed(key, value, headers):
    """One record as it stands in a records file."""
    parts = [frame(key), frame(value), INT.pack(len(headers))]
    for name, content in headers:
        parts += [frame(name.encode()), frame(content)]
    return b"".join(parts)


def text(rng, size):
    """Bytes that compress as text does: words, repeated now and then."""
    block = b" ".join(rng.choices(WORDS, k=min(size, 64 * KIB) // 4 + 1))[: 64 * KIB]
    parts, have = [], 0
    while have < size:
        start = rng.randrange(len(block) // 2 + 1)
        part = block[start : start + size - have]
        parts.append(part)
        have += len(part)
    return b"".join(parts)


def headers_of(rng, flavour, number):
    """The headers of record `number`."""
    if flavour == "uniform":
        return [("origin", b"kcat"), ("trace", b"0123456789abcdef")]
    if number % 7 == 0:
        return []
    headers = [("origin", rng.choice(WORDS)), ("n", str(number).encode())]
    if flavour in RICH and number % 3 == 0:
        headers += [("origin", rng.randbytes(5)), ("nothing", None), ("\u00fcber", b"")]
    return headers[: number % 5 + 1]


def records_of(flavour, size, count, seed):
    """Yields framed records: `count` with a value of `size` bytes, and null (and empty) values among them.

    Big records fill a batch each. The small ones between them may travel as a batch of their own, so there are
    enough of them to compress: some libraries send a batch as it is when compression would not make it smaller.
    """
    rng = random.Random(f"{flavour}/{size}/{seed}")
    for number in range(count):
        key = None if number % 5 == 4 and flavour != "keyed" else b"key-%d" % rng.randrange(count)
        if flavour in RICH and number % 11 == 3:
            key = rng.randbytes(9)
        yield framed(key, text(rng, size), headers_of(rng, flavour, number))
        if size >= MIB:
            filler = b" ".join([rng.choice(WORDS)] * 20)
            yield from (framed(None, filler, headers_of(rng, flavour, small)) for small in range(20))
        if size >= MIB or number % 97 == 1:
            yield framed(b"gone-%d" % number, None, headers_of(rng, flavour, number))
        if flavour != "uniform" and (size >= MIB or number % 101 == 1):
            yield framed(b"empty-%d" % number, b"", headers_of(rng, flavour, number))
    # The last record may travel alone, so it compresses by itself.
    yield framed(b"end", b"end " * 100, headers_of(rng, flavour, count))


def write(folder, flavour, size, count=None, seed=0):
    """Writes a records file into `folder` and describes it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{flavour}-{NAMES.get(size, size)}-{count or 'cell'}-{seed}.records"
    records = list(records_of(flavour, size, count or SIZES[size], seed))
    data = b"".join(records)
    path.write_bytes(data)
    return Corpus(path, len(records), hashlib.sha256(data).hexdigest())
