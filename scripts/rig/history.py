"""What producers were told and what consumers saw, and the checker of both.

The names of the anomalies are those of Jepsen's Kafka workload. A record's name is "PRODUCER-NUMBER", unique in the
run. Nothing here talks to a broker: the load, the watchers and the drain leave files, this reads them.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Send:
    """One record of the load: `kind` ok (acknowledged), fail (refused for good) or info (nobody knows)."""

    kind: str
    producer: int
    partition: int
    number: int
    offset: int
    invoked: int  # unix nanoseconds
    completed: int

    @property
    def name(self):
        """The first word of the record's value."""
        return f"{self.producer}-{self.number}"


@dataclass
class Verdict:
    """Anomalies, each a list of texts; all must be empty."""

    lost: list = field(default_factory=list)  # acknowledged, and not there
    duplicated: list = field(default_factory=list)  # at two offsets
    reordered: list = field(default_factory=list)  # a later record of one producer at a lower offset
    inconsistent: list = field(default_factory=list)  # another offset than acknowledged, or another record at an offset
    invented: list = field(default_factory=list)  # never sent, or refused for good
    skipped: list = field(default_factory=list)  # a consumer jumped over, went back or lost its place

    def rows(self):
        """(name, list) for each anomaly."""
        return vars(self).items()

    @property
    def clean(self):
        """Whether nothing was found."""
        return not any(found for _, found in self.rows())


def read_sends(path):
    """The history file of `franz load`, up to the last line that is written whole."""
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            kind, *numbers = line.split()
            yield Send(kind, *map(int, numbers))


def read_drain(path):
    """[(offset, name)] of one partition, as the drain found it."""
    with open(path, encoding="utf-8") as lines:
        return [(int(offset), name) for offset, name in (line.split() for line in lines)]


def check(sends, drained, watched=(), before=None):
    """Judges a run.

    `drained` maps a partition to [(offset, name)] of a full read afterwards; `watched` has one path per consumer that
    read along. With `before` (unix nanoseconds, the moment of a power cut) only what was acknowledged by then must be
    there; what was acknowledged later may be missing, but not doubled or out of order.
    """
    verdict = Verdict()
    by_name = {send.name: send for send in sends}
    offsets = {partition: dict(records) for partition, records in drained.items()}
    for partition, records in drained.items():
        check_partition(partition, records, by_name, verdict)
    for send in by_name.values():
        if send.kind == "ok" and (before is None or send.completed <= before):
            check_acked(send, offsets.get(send.partition, {}), verdict)
    for path in watched:
        check_watcher(path, offsets, verdict)
    return verdict


def check_partition(partition, records, by_name, verdict):
    """One partition in offset order: doubles, order per producer, records nobody sent."""
    for name, times in Counter(name for _, name in records).items():
        if times > 1:
            verdict.duplicated.append(f"{name} {times} times in partition {partition}")
    highest = defaultdict(lambda: -1)
    for offset, name in records:
        producer, number = map(int, name.split("-"))
        if number < highest[producer]:
            verdict.reordered.append(f"{name} at {partition}/{offset} after {producer}-{highest[producer]}")
        highest[producer] = max(number, highest[producer])
        send = by_name.get(name)
        if send is None or send.kind == "fail" or send.partition != partition:
            verdict.invented.append(f"{name} at {partition}/{offset}")


def check_acked(send, offsets, verdict):
    """An acknowledged record stands where its acknowledgement said."""
    found = offsets.get(send.offset)
    if found == send.name:
        return
    if send.name in offsets.values():
        verdict.inconsistent.append(f"{send.name} not at {send.partition}/{send.offset}, as acknowledged")
    else:
        verdict.lost.append(f"{send.name}, acknowledged at {send.partition}/{send.offset}; there: {found}")


def check_watcher(path, offsets, verdict):
    """A consumer saw what the log holds, each record once, in order."""
    position = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("reset "):
                verdict.skipped.append(f"{path.name}: {line.strip()}")
                continue
            partition, offset, name = line.split()
            partition, offset = int(partition), int(offset)
            if offset != position.get(partition, 0):
                verdict.skipped.append(f"{path.name}: {partition}/{offset} after {position.get(partition)}")
            position[partition] = offset + 1
            if offsets.get(partition, {}).get(offset) != name:
                verdict.inconsistent.append(f"{path.name} saw {name} at {partition}/{offset}")
