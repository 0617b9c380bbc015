"""1 GB fetched: straight from the page cache while it is there, and without holding anybody up when it is not.

One core, so that the pings share it with the fetch. The core's thread and the pings go before whatever else wants
their CPUs (but not before the kernel, and the broker's other threads get nothing of that). What the machine adds all
the same is told beside the item, never taken off it: pings of an idle broker, and time without a CPU.
"""

import mmap
import os
import subprocess
import time
from pathlib import Path

from rig import broker, counters
from rig.batches import batch, headers
from rig.machine import MADV_POPULATE_READ
from rig.pings import Pings, shown
from rig.raw import FETCH, PRODUCE, Link
from rig.requests import Want, create, fetch, fetch_body, produce, produce_body, read_produce

MIB = 1 << 20
BATCH_BYTES, BATCHES, PIPELINED = 1_000_000, 1000, 4
FETCH_BYTES = 8 * MIB
WAIT_MS_MAX = 10
BROKER_CPU, PING_CPU = 0, 1
NODE = {"corelog.cpus": str(BROKER_CPU), "corelog.pin": "true"}


def run(folder, options, report):
    """Fill and fetch hot in one life, fetch cold in the next."""
    node = broker.under_test(folder / "node", options, overrides=NODE)
    idle = broker.under_test(folder / "idle", options, overrides=NODE)
    idle.start()
    node.start()
    sent = batch([os.urandom(BATCH_BYTES // 10) for _ in range(10)])
    fill(node, sent)
    hot(node, sent, report)
    node.start()
    cold(node, idle, sent, report)
    idle.stop()


def preferred(node):
    """Lets the one core's thread go first; returns its /proc folder. What it starts goes as usual."""
    for task in Path(f"/proc/{node.pid}/task").iterdir():
        if (task / "comm").read_text(encoding="ascii").startswith("core-"):
            os.sched_setscheduler(int(task.name), os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
            return str(task)
    raise RuntimeError("the broker has no thread called core-*")


def fill(node, sent):
    """1 GB of the same batch, a few requests in flight."""
    with Link(node.port, timeout=60) as link:
        create(link, "hot")
        body = produce_body(9, "hot", {0: sent}, acks=1)
        waiting = []
        for number in range(BATCHES + PIPELINED):
            if number < BATCHES:
                waiting.append(link.send(PRODUCE, 9, body))
            if len(waiting) >= PIPELINED or number >= BATCHES and waiting:
                error, *_ = read_produce(link.answer(PRODUCE, 9, waiting.pop(0)), 9)[0]
                if error:
                    raise ValueError(f"produce: error {error}")


def read_all(node, sent):
    """Fetches everything; every batch must be the one that was sent. Returns bytes and seconds."""
    started, offset, total = time.monotonic(), 0, 0
    tail = memoryview(sent)[16:]
    with Link(node.port, timeout=60) as link:
        while offset < BATCHES * 10:
            want = Want(offset=offset, max_bytes=FETCH_BYTES, min_bytes=1, wait_ms=5000)
            link.send(FETCH, 12, fetch_body(12, "hot", [0], want))
            data = memoryview(link.receive())
            # The records are all but the head and two ends of structs, and begin with their base offset.
            at = bytes(data[:200]).find(offset.to_bytes(8, "big") + sent[8:12])
            found = headers(data[at:]) if at >= 0 else []
            for one in found:
                if one.base != offset or data[at + one.position + 16 : at + one.position + one.size] != tail:
                    raise ValueError(f"other bytes than were sent at offset {offset}")
                offset, total = one.last + 1, total + one.size
            if not found:
                raise ValueError(f"no batch at offset {offset}")
    return total, time.monotonic() - started


def drop_caches():
    """Empties the page cache of the machine."""
    subprocess.run(["sync"], check=True)
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")


def mapped(path):
    """The whole file, in memory and mapped."""
    with open(path, "rb") as file:
        pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    pages.madvise(MADV_POPULATE_READ)
    return pages


def hot(node, sent, report):
    """Everything is in the page cache: what other work keeps there goes first, or the kernel evicts some of ours.

    The files stay mapped meanwhile: a guest may be set up to give pages back to its host that are not (DAMON).
    """
    drop_caches()
    held = [mapped(path) for path in node.files(".log")]
    total, seconds = read_all(node, sent)
    for pages in held:
        pages.close()
    node.stop()
    counted = counters.of_last_life(node)
    carried = counters.total(counted, "bytes_sent_sendfile")
    misses = counters.total(counted, "residency_misses")
    report.item("wire/1 GB hot: by sendfile", carried >= 0.99 * total,
                f"{100 * carried / total:.2f} % of {total / 1e9:.2f} GB, {total / 1e6 / seconds:.0f} MB/s to this client")
    report.item("wire/1 GB hot: residency misses", misses == 0, misses)


def cold(node, idle, sent, report):
    """Nothing is in the page cache; pings on the same core meanwhile."""
    with Link(node.port) as link:  # what a first request costs is no part of this
        fetch(link, "hot", max_bytes=1)
    drop_caches()
    preferred(idle)
    with Pings([node.port, idle.port], cpu=PING_CPU, threads=[preferred(node)]) as pings:
        time.sleep(0.5)
        total, seconds = read_all(node, sent)
        (served, without_cpu), (control, _) = pings.stop()
    node.stop()
    counted = counters.of_last_life(node)
    misses = counters.total(counted, "residency_misses")
    carried = [counters.total(counted, f"bytes_sent_{how}") for how in ("sendfile", "memory")]
    report.item("wire/1 GB cold: moved", total == len(sent) * BATCHES and sum(carried) >= total and misses > 0,
                f"{total / 1e9:.2f} GB in {seconds:.1f} s, {misses} misses, "
                f"{carried[1] / 1e9:.2f} GB from memory, {carried[0] / 1e9:.2f} GB by sendfile")
    slow = sum(one > WAIT_MS_MAX for one in served)
    report.item("wire/1 GB cold: no other request waits", max(served) <= WAIT_MS_MAX,
                f"{shown(served)}; {slow} over {WAIT_MS_MAX} ms")
    report.note(f"an idle broker at the same time: {shown(control)}, {sum(one > WAIT_MS_MAX for one in control)} over "
                f"{WAIT_MS_MAX} ms")
    rest = [max(0.0, took - none) for took, none in zip(served, without_cpu)]
    report.note(f"without the time in which core or ping stood ready and got no CPU: {shown(rest)}")
