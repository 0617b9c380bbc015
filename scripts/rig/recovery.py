"""The list `recovery`: after kill -9 under load, a start reads what was not checkpointed, never the whole log.

16 partitions of 640 MB at the default segment size, killed while producers go on, caches dropped. Measured: the bytes
the broker read from the disk (`read_bytes` of /proc/PID/io) and the seconds, until every partition has answered a
correct fetch of its last acknowledged record. Apache Kafka gets the same load, for the time beside it. Needs root.
"""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from rig import broker, machine, places, programs

PARTITIONS = 16
PARTITION_BYTES = 640 * 10**6
READ_BYTES_MAX = 300 * 10**6
SECONDS_UNDER_LOAD = 5


@dataclass
class Recovery:
    """One measured start."""

    seconds: float
    read_bytes: int
    right: int
    partitions: int
    log_bytes: int
    fill_seconds: float
    errors: list


def run(options, report):
    """Measures the broker under test, then Kafka beside it."""
    if os.geteuid() != 0:
        report.item("recovery", False, "needs root, to drop the page cache")
        return
    mine = measure(broker.KINDS[options.broker], options)
    report.item("recovery/every partition answers", mine.right == mine.partitions == PARTITIONS,
                f"{mine.right} of {PARTITIONS} right, {' '.join(mine.errors) or 'no errors'}")
    report.item("recovery/read from disk", mine.read_bytes <= READ_BYTES_MAX,
                f"{mine.read_bytes / 1e6:.0f} MB of {mine.log_bytes / 1e6:.0f} MB, at most {READ_BYTES_MAX / 1e6:.0f}")
    if options.broker == "kafka" or options.quick:
        report.item("recovery/time", mine.right == PARTITIONS, f"{mine.seconds:.2f} s")
        return
    theirs = measure(broker.Kafka, options)
    report.item("recovery/time", mine.right == theirs.right == PARTITIONS,
                f"{mine.seconds:.2f} s; Apache Kafka on the same load {theirs.seconds:.2f} s "
                f"(1/{theirs.seconds / mine.seconds:.0f}), reading {theirs.read_bytes / 1e6:.0f} MB")


def measure(kind, options):
    """Fills, kills, drops the caches, starts; the folder is removed afterwards, it is large."""
    folder = places.fresh(f"recovery-{kind.kind}")
    node = kind(folder / "broker", options)
    try:
        node.start()
        with programs.start("java", node.bootstrap, folder) as java:
            java.must(op="create", topics=[{"name": "big", "partitions": PARTITIONS}])
        fill_seconds = fill_and_kill(node, folder, PARTITION_BYTES // 10 if options.quick else PARTITION_BYTES)
        log_bytes = sum(path.stat().st_size for path in node.files(".log"))
        return restart(node, folder, log_bytes, fill_seconds)
    finally:
        if node.up:
            node.kill()
        places.fresh(f"recovery-{kind.kind}")


def fill_and_kill(node, folder, partition_bytes):
    """Kills the broker while records still arrive; returns the seconds of the filling."""
    with open(folder / "fill.err", "wb") as errors:
        fill = subprocess.Popen([str(programs.franz()), "fill", node.bootstrap, "big", str(PARTITIONS),
                                 str(partition_bytes), str(folder / "acked")],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    filled = fill.stdout.readline()
    if not filled.startswith("filled "):
        raise RuntimeError(f"the filling ended early: see {folder}/fill.err")
    time.sleep(SECONDS_UNDER_LOAD)
    node.kill()
    fill.stdin.close()
    fill.wait(timeout=60)
    return float(filled.split()[1])


def restart(node, folder, log_bytes, fill_seconds):
    """Starts with cold caches and waits for a correct fetch from every partition."""
    machine.drop_caches()
    program = [str(programs.venv("confluent")), str(places.CLIENTS / "python/tail.py"), node.bootstrap, "big",
               str(folder / "acked")]
    begun = time.time()
    node.start(wait=False)
    done = subprocess.run(program, capture_output=True, text=True, timeout=400, check=True)
    answer = json.loads(done.stdout)
    counters = dict(line.split(": ") for line in Path(f"/proc/{node.pid}/io").read_text().splitlines())
    # From exec of the broker; the client's own start is in it, which a fast broker is over before.
    return Recovery(answer["done"] - begun, int(counters["read_bytes"]), answer["right"], answer["partitions"], log_bytes,
                    fill_seconds, answer["errors"])
