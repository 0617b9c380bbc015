"""What a topic holds, as a client program's op `table` wrote it down: records in order, and the last value per key."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One record. A value of None is a tombstone."""

    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def read(path):
    """Yields the rows of the file."""
    with open(path, encoding="ascii") as lines:
        for line in lines:
            partition, offset, timestamp, key, value = line.split(" ")
            yield Row(int(partition), int(offset), int(timestamp), part(key), part(value.rstrip("\n")))


def part(text):
    """A key or value; an empty one is no text at all, null is "-"."""
    return None if text == "-" else bytes.fromhex(text)


def last_values(rows):
    """The last value of each key, keys whose last record is a tombstone among them."""
    values = {}
    for row in rows:
        values[row.key] = row.value
    return values


def fetch(worker, topic, folder, seconds=60):
    """Asks a confluent worker for a topic's rows."""
    path = folder / f"{topic}.table"
    worker.must(op="table", topic=topic, file=str(path), timeout=seconds, patience=seconds + 30)
    return list(read(path))
