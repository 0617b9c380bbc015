"""Parts of the list `compaction`: how long tombstones stay, and that cleaning forgets no producer.

A tombstone is the last record of its key until `delete.retention.ms` after the first cleaning that met it, over
restarts too; then it goes. A producer whose records were all cleaned away is still known: what it sends again is a
duplicate, what it sends next is taken.
"""

import time

from rig import broker, cleaned, programs, requests, table
from rig.batches import assemble, now_ms, record
from rig.children import wait
from rig.cleaned import Partition
from rig.raw import Link

TOPIC = "dying"
RECORDS, KEYS, SHARE = 20_000, 500, 0.3
STAY_SECONDS, SLACK_SECONDS = 20, 120
FILLER = 20  # records of keys of their own, every round, so that segments roll and logs get dirty
CONFIGS = {"cleanup.policy": "compact", "segment.ms": 1000, "min.cleanable.dirty.ratio": 0.001,
           "delete.retention.ms": STAY_SECONDS * 1000, "file.delete.delay.ms": 1000}
OVERRIDES = {"log.cleaner.backoff.ms": 100, "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500}


def model():
    """Records on few keys with many tombstones; then fillers, each with a key that never comes again."""
    drawn = Partition.drawn(9, RECORDS, KEYS, SHARE)
    fillers = FILLER * 500
    return Partition(9, [*drawn.keys, *range(KEYS, KEYS + fillers)], [*drawn.dead, *[False] * fillers])


class Scene:
    """A broker, the topic, its writer and its reader."""

    def __init__(self, folder, options):
        self._folder, self._model = folder, model()
        self.node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
        self.node.start()
        self.java = programs.start("java", self.node.bootstrap, folder)
        self._reader = programs.start("confluent", self.node.bootstrap, folder)
        self.java.must(op="create", topics=[{"name": TOPIC, "configs": CONFIGS}])
        self.written = 0

    def close(self):
        """Ends the programs."""
        self.java.close()
        self._reader.close()

    def batch(self, offset, producer):
        """A batch of one: the record of this offset, from a producer (id, epoch, sequence)."""
        return assemble(record(0, 0, self._model.value(offset), self._model.key(offset)), 1, (now_ms(),) * 2, producer)

    def write(self, count):
        """The next records."""
        path = self._folder / "chunk.records"
        self._model.write(path, self.written, self.written + count)
        self.java.must(op="produce", topic=TOPIC, partition=0, codec="none", acks="all", idempotent=True, batch=16_384,
                       records=str(path))
        self.written += count

    def read(self):
        """Everything: the verdict, how many superseded records, how many tombstones that are the last of their key."""
        rows = [(row.offset, row.key, row.value) for row in table.fetch(self._reader, TOPIC, self._folder)]
        verdict = cleaned.check(self._model, rows, self.written)
        last = sum(value is None and self._model.successors[offset] >= self.written for offset, _, value in rows)
        return verdict, cleaned.superseded(self._model, rows, self.written), last


def times(folder, options, report):
    """Tombstones stay their time, over a kill, and no longer."""
    scene = Scene(folder, options)
    try:
        began = time.monotonic()
        scene.write(RECORDS)
        wanted = scene.read()[2]
        cleaned_at = first_gone = all_gone = None
        killed, faults = False, []
        while all_gone is None and time.monotonic() < (cleaned_at or began) + STAY_SECONDS + SLACK_SECONDS:
            scene.write(FILLER)
            verdict, old, tombstones = scene.read()
            now = time.monotonic() - began
            cleaned_at = cleaned_at or (time.monotonic() if old == 0 else None)
            if tombstones < wanted:
                first_gone = first_gone or now
                all_gone = now if tombstones == 0 else None
            faults += [verdict.text()] if verdict.changed or verdict.disordered or verdict.lost else []
            if cleaned_at and not killed and now > STAY_SECONDS / 2:
                killed = True
                scene.node.kill()
                scene.node.start()
        name = "compaction/tombstones"
        report.item(f"{name}/cleaned, then killed", cleaned_at and killed and not faults,
                    f"first read without a superseded record after {(cleaned_at or began) - began:.1f} s; "
                    f"{faults[0] if faults else 'nothing lost'}")
        report.item(f"{name}/stay", wanted and (first_gone is None or first_gone >= STAY_SECONDS),
                    f"{wanted} tombstones, the first gone {first_gone or 0:.1f} s after they were written "
                    f"(at least {STAY_SECONDS})")
        report.item(f"{name}/go", all_gone, f"all gone {all_gone or 0:.1f} s after they were written")
    finally:
        scene.close()
    scene.node.stop()


def producers(folder, options, report):
    """The first batch of a producer is superseded and cleaned away; then the producer sends it again."""
    scene = Scene(folder, options)
    name = "compaction/producers"
    try:
        with Link(scene.node.port) as link:
            _, producer, epoch = wait(lambda: known_producer(link), 30)
            first, second = (scene.batch(number, (producer, epoch, number)) for number in range(2))
            error, base = requests.produce(link, TOPIC, first)
        report.item(f"{name}/first batch", (error, base) == (0, 0), f"error {error}, offset {base}")
        scene.written = 1
        scene.write(RECORDS - 1)
        deadline, there = time.monotonic() + 60, True
        while there and time.monotonic() < deadline:
            scene.write(FILLER)
            with Link(scene.node.port) as link:
                there = holds_record(link, 0)
        for moment in ("after cleaning", "after a kill"):
            with Link(scene.node.port) as link:
                error, base = requests.produce(link, TOPIC, first)
            report.item(f"{name}/sent again {moment}", not there and (error, base) == (0, 0),
                        f"record {'still there' if there else 'cleaned away'}, error {error}, offset {base}")
            scene.node.kill()
            scene.node.start()
        with Link(scene.node.port) as link:
            error, base = requests.produce(link, TOPIC, second)
        report.item(f"{name}/next batch", (error, base) == (0, scene.written), f"error {error}, offset {base}")
    finally:
        scene.close()
    scene.node.stop()


def known_producer(link):
    """What InitProducerId answers, once it is no error: a broker that has just started may ask for patience."""
    answer = requests.init_producer_id(link)
    return answer if answer[0] == 0 else None


def holds_record(link, offset):
    """Whether the batch with this offset still has a record (Kafka keeps a producer's last batch, empty)."""
    error, _, data = requests.fetch(link, TOPIC, offset=offset)
    if error:
        raise RuntimeError(f"fetch at {offset}: error {error}")
    base, count = int.from_bytes(data[:8], "big"), int.from_bytes(data[57:61], "big")
    return base == offset and count > 0
