"""Part of the list `compare`: how long a start takes after a kill on the load of the list `recovery`, beside Kafka's.

16 partitions of 640 MB, killed under load, caches dropped, the clock read without a client library's own delays.
Ready means that every partition answered a fetch at its start and one at its end, each with a whole batch that holds
the offset and whose CRC fits (checked after the clock was read). The work must follow what was not checkpointed, not
the size of the log, so what the broker had the disk read until then counts as much as the time.
"""

import shutil
import signal
import subprocess
import time

from rig import generator, machine, requests, subject
from rig.batches import HEADER, CRC_FROM, crc32c
from rig.raw import Closed, Link

ORDER = ("corelog", "kafka")
PARTITIONS = 16
PARTITION_BYTES, PARTITION_BYTES_QUICK = 640_000_000, 64_000_000
TOPIC = "recovered"
EARLIEST, LATEST = -2, -1
KAFKA_SHARE_MIN = 50
LOAD_SECONDS_MAX, READY_SECONDS_MAX = 300, 300


class NotYet(Exception):
    """The broker answered with an error code."""


def run(folder, options, report):
    """Both brokers, and the line of the target."""
    seconds = {kind: one(kind, folder / kind, options, report) for kind in ORDER}
    share = seconds["kafka"] / seconds["corelog"]
    report.item("compare: restart after a kill / Kafka", share >= KAFKA_SHARE_MIN,
                f"1/{share:.0f}: {seconds['corelog']:.3f} s beside {seconds['kafka']:.1f} s (target <= 1/{KAFKA_SHARE_MIN})")


def one(kind, folder, options, report):
    """One broker: load, kill, start; returns the seconds until every partition was served."""
    try:
        broker, _ = subject.start(kind, folder, options)
        with Link(broker.port) as link:
            error, _ = requests.create(link, TOPIC, PARTITIONS)
            if error:
                raise RuntimeError(f"{kind}: creating {TOPIC} gave error {error}")
        answered = load_and_kill(broker, PARTITION_BYTES_QUICK if options.quick else PARTITION_BYTES)
        sizes = partition_bytes(broker)
        machine.drop_caches()
        start = time.monotonic()
        first_answer = subject.restart(broker)
        found = first_fetches(broker)
        took, read = time.monotonic() - start, machine.read_mb(broker.pid)
        records = check(found)
        report.item(f"compare: {kind} serves after a kill", records >= answered,
                    f"{took:.3f} s to correct fetches everywhere ({first_answer:.3f} s to the first answer), "
                    f"{read:.0f} MB read; {sum(sizes) / 1e9:.1f} GB, partitions of {min(sizes) / 1e6:.0f} to "
                    f"{max(sizes) / 1e6:.0f} MB; {records} records kept, {answered} answered")
        broker.kill()
        return took
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load_and_kill(broker, wanted):
    """Produces until every partition is that large, and kills the broker meanwhile; returns the answered records."""
    command = generator.produce_command(broker.bootstrap, TOPIC, None)
    deadline = time.monotonic() + LOAD_SECONDS_MAX
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as producer:
        try:
            while min(partition_bytes(broker), default=0) < wanted:
                if time.monotonic() > deadline or producer.poll() is not None or not broker.up:
                    raise RuntimeError(f"the load stopped at {sum(partition_bytes(broker)) / 1e9:.1f} GB: {broker.tail()}")
                time.sleep(0.2)
            broker.kill()
            producer.send_signal(signal.SIGINT)
            output, _ = producer.communicate(timeout=60)
        finally:
            producer.kill()
    return int(generator.PRODUCED.findall(output)[-1][1])


def partition_bytes(broker):
    """The size of each partition's logs."""
    return [sum(path.stat().st_size for path in folder.glob("*.log"))
            for one in broker.log_dirs for folder in one.glob(f"{TOPIC}-*")]


def first_fetches(broker):
    """Asks until every partition gave a batch at its start and one at its end: partition -> [(offset, batch)]."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    found = {}
    while True:
        try:
            with Link(broker.port, timeout=READY_SECONDS_MAX) as link:
                for partition in (one for one in range(PARTITIONS) if one not in found):
                    start, end = (_offset(link, partition, question) for question in (EARLIEST, LATEST))
                    found[partition] = [(offset, _batch(link, partition, offset)) for offset in (start, end - 1)]
            return found
        except (OSError, Closed, NotYet) as error:
            if time.monotonic() > deadline or not broker.up:
                raise RuntimeError(f"after {len(found)} partitions: {error!r}; {broker.tail()}") from error
            time.sleep(0.002)


def _offset(link, partition, question):
    error, _, offset = requests.offset_at(link, TOPIC, question, version=1, partition=partition)
    if error:
        raise NotYet(f"partition {partition}: offsets: error {error}")
    return offset


def _batch(link, partition, offset):
    """The batch that holds the offset: a limit of one byte gives it whole and alone."""
    error, _, records = requests.fetch(link, TOPIC, version=4, partition=partition, offset=offset, wait_ms=500,
                                       min_bytes=1, max_bytes=1)
    if error or len(records) < HEADER.size:
        raise NotYet(f"partition {partition}: fetch at {offset}: error {error}, {len(records)} bytes")
    return records


def check(found):
    """That each batch holds what was asked for and is sound; returns how many records the logs hold."""
    records = 0
    for partition, ends in found.items():
        for offset, batch in ends:
            base, length, _, _, crc, _, last_delta, *_ = HEADER.unpack_from(batch)
            sound = len(batch) >= 12 + length and crc32c(batch[CRC_FROM:12 + length]) == crc
            if not (base <= offset <= base + last_delta and sound):
                raise RuntimeError(f"partition {partition}: the batch at {offset} holds {base} to {base + last_delta}, "
                                   f"CRC {'fits' if sound else 'does not fit'}")
        records += ends[1][0] + 1 - ends[0][0]
    return records
