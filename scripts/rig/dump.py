"""kafka-dump-log.sh: run it over files and read what it says.

It leaves with 0 on mismatches, so every complaint is looked for: standard error, and batches that are not valid.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from rig.broker import run_kafka

BATCH = re.compile(r"^baseOffset: (\d+) lastOffset: (\d+) count: (\d+) .*producerId: (-?\d+) .*"
                   r"size: (\d+) .*compresscodec: (\w+) .*isvalid: (\w+)")
# A batch of a few bytes is larger compressed: librdkafka then leaves it as it is, whatever codec it was told.
BATCH_BYTES_TINY = 128


@dataclass
class Segment:
    """What the dump of one .log file shows."""

    batches: int = 0
    records: int = 0
    codecs: set = field(default_factory=set)
    producers: set = field(default_factory=set)
    invalid: int = 0
    last_offset: int = -1


def segments(files):
    """Batch headers of .log files, by path; one JVM for all."""
    found = {}
    current = None
    for line in dump(files).stdout.splitlines():
        if line.startswith("Dumping "):
            current = found.setdefault(line.removeprefix("Dumping ").strip(), Segment())
        elif match := BATCH.match(line):
            _, last, count, producer, size, codec, valid = match.groups()
            current.batches += 1
            current.records += int(count)
            if int(size) > BATCH_BYTES_TINY or codec.lower() != "none":
                current.codecs.add(codec.lower())
            current.producers.add(int(producer))
            current.invalid += valid != "true"
            current.last_offset = int(last)
    return found


def dump(files, *options):
    """The completed process of one dump over many files."""
    return run_kafka("kafka-dump-log.sh", *options, "--files", ",".join(map(str, files)), check=False)


def complaints(files, *options, holes=False):
    """What the dump complains about: lines of standard error, mismatches, invalid batches.

    With `holes` offsets may be missing, as in a compacted topic, but must rise; and a batch that an index points to may
    have no records left, of which the tool finds the time -1.
    """
    if not files:
        return []
    done = dump(files, *options)
    found = real_complaints(done.stderr.splitlines(), holes)
    if done.returncode != 0:
        found.append(f"kafka-dump-log.sh left with {done.returncode}")
    for line in done.stdout.splitlines():
        if "isvalid: false" in line or re.search(r"mismatch|corrupt|non-consecutive|out of order", line, re.I):
            found.append(line)
    return found


def real_complaints(lines, holes=False):
    """Standard error without the tool's own fault.

    With --deep-iteration it says of every segment that does not begin at 0 "Non-consecutive offsets in FILE",
    "-1 is followed by BASE": it takes the time before the first record for offset -1. Only that pair is no complaint.
    """
    found, segment, mismatch = [], None, None
    for line in filter(str.strip, lines):
        if line.startswith("Non-consecutive offsets in "):
            segment = Path(line)
        elif holes and line.startswith("Found timestamp mismatch in "):
            mismatch = line
        elif mismatch and line.lstrip().startswith("Index timestamp: "):
            if not line.endswith(", log timestamp: -1"):
                found.append(f"{mismatch} {line.strip()}")
        elif segment and " is followed by " in line:
            before, after = int(line.split()[0]), int(line.split()[-1])
            if not (after > before if holes else (before, after) == (-1, int(segment.stem))):
                found.append(f"{segment}: {line.strip()}")
        else:
            found.append(line)
    return found
