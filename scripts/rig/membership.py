"""What the members of a group saw, and the checker of it.

Every member writes down what it was given, read, gave back and committed; this reads those events in order of time and
says what may never happen. Nothing here talks to a broker or a client.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One line of a member. `seat` names its place in the group: a static member keeps it when it is restarted."""

    at: int  # unix milliseconds
    who: str
    seat: str
    kind: str  # ready, assigned, revoked, records, committed, refused, leaving, left, or died (kill -9)
    generation: int = -1
    owned: frozenset = frozenset()  # assigned, revoked: everything it holds afterwards
    spans: dict = field(default_factory=dict)  # records: partition -> (first offset, offset behind the last)
    offsets: dict = field(default_factory=dict)  # committed: partition -> offset, answered without an error


@dataclass
class Verdict:
    """Anomalies, each a list of texts; all must be empty."""

    skipped: list = field(default_factory=list)  # an offset that nobody read, or that was passed over when it was due
    twice: list = field(default_factory=list)  # a partition given to two members of one generation
    shared: list = field(default_factory=list)  # a partition held by two living members at one time
    overcommitted: list = field(default_factory=list)  # a committed offset above the next unread record
    forgotten: list = field(default_factory=list)  # a member given a partition at less than what was committed

    def rows(self):
        """(name, list) for each anomaly."""
        return vars(self).items()


class _Partitions:
    """What is known of every partition while the events pass by."""

    def __init__(self):
        self.read = {}  # partition -> everything below was read
        self.committed = {}
        self.held = {}  # partition -> {who: generation}
        self.given = {}  # (generation, partition) -> seat
        self.due = {}  # (who, partition) -> what was committed when it was given


def check(events, ends, committed):
    """Judges a run. `ends`: partition -> end of its log; `committed`: what the group had committed in the end."""
    verdict, now, owned = Verdict(), _Partitions(), {}
    for event in sorted(events, key=lambda one: one.at):
        before = owned.get(event.who, frozenset())
        if event.kind in ("assigned", "revoked", "leaving", "died"):
            owned[event.who] = event.owned
            for partition in before - event.owned:
                now.held.get(partition, {}).pop(event.who, None)
        if event.kind == "assigned":
            _assigned(event, event.owned - before, now, verdict)
        elif event.kind == "records":
            _records(event, now, verdict)
        elif event.kind == "committed":
            now.committed.update(event.offsets)
            _committed(event.who, event.offsets, now, verdict)
    for partition, end in ends.items():
        if now.read.get(partition, 0) < end:
            verdict.skipped.append(f"{partition}/{now.read.get(partition, 0)} to {end}: read by nobody")
    _committed("in the end", committed, now, verdict)
    for partition, offset in now.committed.items():
        if committed.get(partition, -1) < offset:
            verdict.forgotten.append(f"in the end {partition}/{committed.get(partition)}, committed was {offset}")
    return verdict


def _assigned(event, new, now, verdict):
    for partition in event.owned:
        seat = now.given.setdefault((event.generation, partition), event.seat)
        if seat != event.seat:
            verdict.twice.append(f"{partition} in generation {event.generation}: {seat} and {event.seat}")
    for partition in new:
        holders = now.held.setdefault(partition, {})
        if holders:
            verdict.shared.append(f"{partition} given to {event.who} at {event.at}, held by {', '.join(holders)}")
        holders[event.who] = event.generation
        now.due[event.who, partition] = now.committed.get(partition, 0)


def _records(event, now, verdict):
    for partition, (first, behind) in event.spans.items():
        read = now.read.get(partition, 0)
        if first > read:
            verdict.skipped.append(f"{event.who} read {partition}/{first} when {read} was unread")
        now.read[partition] = max(read, behind)
        due = now.due.pop((event.who, partition), 0)
        if first < due:
            verdict.forgotten.append(f"{event.who} began {partition} at {first}, committed was {due}")


def _committed(who, offsets, now, verdict):
    for partition, offset in offsets.items():
        if offset > now.read.get(partition, 0):
            verdict.overcommitted.append(f"{who}: {partition}/{offset}, unread is {now.read.get(partition, 0)}")


def longest_pause(events, who, partitions, begin, end):
    """The longest time in milliseconds between `begin` and `end` without a record of one of these partitions."""
    longest = 0
    for partition in partitions:
        times = [one.at for one in events if one.who == who and one.kind == "records" and partition in one.spans]
        marks = [begin, *(at for at in times if begin < at < end), end]
        longest = max([longest, *(later - earlier for earlier, later in zip(marks, marks[1:]))])
    return longest
