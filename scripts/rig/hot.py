"""1 GB fetched: straight from the page cache while it is there, and without holding anybody up when it is not.

One core, so that the pings share it with the fetch. The core's thread and the pings go before whatever else wants
their CPUs (but not before the kernel, and the broker's other threads get nothing of that). A virtual machine gives
memory that was freed back to its host every two seconds (free page reporting) and stands still meanwhile, for tens of
milliseconds after gigabytes: so nothing is free while the pings run, and nobody frees much. Time in which no CPU ran
anything all the same is taken off a ping and told beside the item, as are the pings of an idle broker and time
without a CPU, which are not taken off.
"""

import os
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from rig import broker, counters
from rig.batches import batch, headers
from rig.machine import FullCache, LockedFiles, drop_caches
from rig.pings import Pings, shown
from rig.raw import FETCH, PRODUCE, Link
from rig.requests import Want, create, fetch, fetch_body, produce, produce_body, read_produce
from rig.still import Still, within

MIB = 1 << 20
BATCH_BYTES, BATCHES, PIPELINED = 1_000_000, 1000, 4
FETCH_BYTES = 8 * MIB
WAIT_MS_MAX = 10
COLD_ROUNDS = 3
REPORTED_S = 5  # by then the host has back what was freed before
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
    tail, room = memoryview(sent)[16:], bytearray(FETCH_BYTES + MIB)
    with Link(node.port, timeout=60) as link:
        while offset < BATCHES * 10:
            want = Want(offset=offset, max_bytes=FETCH_BYTES, min_bytes=1, wait_ms=5000)
            link.send(FETCH, 12, fetch_body(12, "hot", [0], want))
            data = link.receive(room)
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


def evict(paths):
    """Takes these files out of the page cache."""
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def hot(node, sent, report):
    """Everything is in the page cache: what other work keeps there goes first, or the kernel evicts some of ours.

    The files stay locked meanwhile: a guest may be set up to give pages back to its host that nobody maps, or that
    nobody touched by their mapping for a while (DAMON). What is a miss now is one that the broker only thinks it sees.
    """
    drop_caches()
    with LockedFiles(node.files(".log")):
        total, seconds = read_all(node, sent)
    node.stop()
    counted = counters.of_last_life(node)
    carried = counters.total(counted, "bytes_sent_sendfile")
    misses = counters.total(counted, "residency_misses")
    report.item("wire/1 GB hot: by sendfile", carried >= 0.99 * total,
                f"{100 * carried / total:.2f} % of {total / 1e9:.2f} GB, {total / 1e6 / seconds:.0f} MB/s to this client")
    report.item("wire/1 GB hot: residency misses", misses == 0, misses)


def cold(node, idle, sent, report):
    """Nothing of the log is in the page cache, which is full; pings on the same core meanwhile. Three rounds."""
    with Link(node.port) as link:  # what a first request costs is no part of this
        fetch(link, "hot", max_bytes=1)
    full, core = FullCache(node.folder), preferred(node)
    preferred(idle)
    rounds = [cold_round(node, idle, sent, full, core) for _ in range(COLD_ROUNDS)]
    full.close()
    node.stop()
    counted = counters.of_last_life(node)
    misses = counters.total(counted, "residency_misses")
    carried = [counters.total(counted, f"bytes_sent_{how}") for how in ("sendfile", "memory")]
    whole = all(one.total == len(sent) * BATCHES for one in rounds)
    total, seconds = sum(one.total for one in rounds), sum(one.seconds for one in rounds)
    report.item("wire/1 GB cold: moved", whole and sum(carried) >= total and misses > 0,
                f"{total / 1e9:.2f} GB in {seconds:.1f} s, {misses} misses, "
                f"{carried[1] / 1e9:.2f} GB from memory, {carried[0] / 1e9:.2f} GB by sendfile")
    longest = [max(one.ours) for one in rounds]
    middle = statistics.median(longest)
    report.item("wire/1 GB cold: no other request waits", middle <= WAIT_MS_MAX,
                f"longest of a round {middle:.1f} ms {[round(one, 1) for one in sorted(longest)]}")
    for one in rounds:
        one.tell(report)


class Round(NamedTuple):
    """One cold read of everything: what moved, and the milliseconds of the pings meanwhile."""

    total: int
    seconds: float
    served: list
    ours: list  # without the time in which the whole machine stood still
    on_cpu: list  # without the time in which core or ping stood ready and got no CPU
    control: list  # of the idle broker
    stood: list

    def tell(self, report):
        """All of it, in lines that judge nothing."""
        report.note(f"{shown(self.ours)}; {sum(one > WAIT_MS_MAX for one in self.ours)} over {WAIT_MS_MAX} ms")
        report.note(f"  with the time in which the whole machine stood still ({len(self.stood)} times, "
                    f"{1000 * sum(end - start for start, end in self.stood):.0f} ms in all): {shown(self.served)}")
        report.note(f"  an idle broker at the same time: {shown(self.control)}, "
                    f"{sum(one > WAIT_MS_MAX for one in self.control)} over {WAIT_MS_MAX} ms")
        report.note(f"  without the time in which core or ping stood ready and got no CPU: {shown(self.on_cpu)}")


def cold_round(node, idle, sent, full, core):
    """Reads everything once, cold."""
    evict(node.files(".log"))
    full.fill()
    time.sleep(REPORTED_S)
    with Still([BROKER_CPU, PING_CPU]) as still, Pings([node.port, idle.port], cpu=PING_CPU, threads=[core]) as pings:
        time.sleep(0.5)
        total, seconds = read_all(node, sent)
        (began, served, without_cpu), (_, control, _) = pings.stop()
        stood = still.stop()
    ours = [took - 1000 * within(at, at + took / 1000, stood) for at, took in zip(began, served)]
    on_cpu = [max(0.0, took - none) for took, none in zip(served, without_cpu)]
    return Round(total, seconds, served, ours, on_cpu, control, stood)
