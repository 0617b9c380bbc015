"""Trap 4, on the files: every index entry carries the last offset of its batch, read straight from the disk."""

import struct

from rig import batches
from rig.batches import batch
from rig.raw import Link
from rig.requests import create, produce
from rig.traps import Checks

OFFSET_ENTRY, TIME_ENTRY = struct.Struct(">ii"), struct.Struct(">qi")


def write(node):
    """A topic with many batches of many records, over several segments, and times that jump back."""
    with Link(node.port) as link:
        create(link, "indexed", segment_bytes=1 << 20, index_interval_bytes=1000)
        start = batches.now_ms() - 100_000
        for number in range(400):
            times = [start + (number if number % 7 else number // 2) * 50 + at for at in range(12)]
            error, _ = produce(link, "indexed", batch([bytes(900)] * 12, times=times))
            if error:
                raise ValueError(f"produce: error {error}")


def judge(node, report):
    """After a stop: both kinds of index of the topic against its segments."""
    checks, entries = Checks(), {".index": 0, ".timeindex": 0}
    logs = [path for path in node.files(".log") if path.parent.name == "indexed-0"]
    for path in logs:
        found = batches.headers(path.read_bytes())
        base = int(path.stem)
        entries[".index"] += offsets(path.with_suffix(".index"), base, found, checks)
        entries[".timeindex"] += times(path.with_suffix(".timeindex"), base, found, checks)
    checks.true("several segments", len(logs) >= 3)
    checks.true("hundreds of entries", min(entries.values()) >= 200)
    checks.report(report, "trap 4, index entries")


def offsets(path, base, found, checks):
    """Offset index: relative last offset, position of the batch."""
    by_position = {one.position: one for one in found}
    entries = list(OFFSET_ENTRY.iter_unpack(path.read_bytes()))
    for relative, position in entries:
        one = by_position.get(position)
        checks.same(f"{path.name}: last offset at {position}", base + relative, one and one.last)
    return len(entries)


def times(path, base, found, checks):
    """Time index: greatest time so far, last offset of the batch that has it."""
    by_last, greatest = {}, -1
    for one in found:
        if one.max_time > greatest:
            greatest = one.max_time
            by_last[one.last] = greatest
    entries = list(TIME_ENTRY.iter_unpack(path.read_bytes()))
    for when, relative in entries:
        checks.same(f"{path.name}: time of {base + relative}", when, by_last.get(base + relative))
    return len(entries)
