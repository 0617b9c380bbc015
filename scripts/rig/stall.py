"""A flush that hangs for two seconds delays the acknowledgements of its log dir, and nothing else.

Two log dirs: the first, with the metadata, on a plain disk, the second on rig R2. Each kind of request has a connection
and a thread of its own and is timed while the flush hangs.
"""

import statistics
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass

from rig import batches, blocks, broker, programs, raw, requests
from rig.device import Device

NAME = "durability/stall"
TOPIC = "stall"
PARTITIONS = 8
HANG_SECONDS = 2
PAUSE_SECONDS = 0.01
RECORDS = 20  # per partition, beforehand
WAIT_MS = 100  # of the long poll that nothing answers but its timer
# A request that waits for the flush takes up to two seconds; two busy cores alone make some take a third of one.
LIMIT_SECONDS = 0.5


@dataclass
class Answer:
    """One timed request."""

    begun: float
    seconds: float
    good: bool


class Probe:
    """Asks the same again and again until `stop`; `ask(link)` returns whether the answer was right."""

    def __init__(self, port, ask):
        self.answers, self._ask, self._stopped = [], ask, threading.Event()
        self._link = raw.Link(port)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                good = self._ask(self._link)
            except (OSError, raw.Closed):
                good = False
            self.answers.append(Answer(begun, time.monotonic() - begun, good))
            time.sleep(PAUSE_SECONDS)

    def stop(self):
        """Ends it."""
        self._stopped.set()
        self._thread.join()
        self._link.socket.close()

    def during(self, begin, end):
        """The answers that were asked for, or waited for, in a span of time."""
        return [one for one in self.answers if one.begun < end and one.begun + one.seconds > begin]


def run(options, report):
    """Two log dirs, one of them hanging."""
    with blocks.store("durability-stall") as store, ExitStack() as stack:
        folder = store.parent.parent
        device = Device(store, "hanging", 2 * blocks.GIB)
        slow = stack.enter_context(device.mounted()) / "data"
        plain = folder / "plain"
        node = broker.under_test(folder / "broker", options, log_dirs=[plain, slow])
        stack.callback(node.kill)
        node.start()
        with programs.start("java", node.bootstrap, folder) as java:
            java.must(op="create", topics=[{"name": TOPIC, "partitions": PARTITIONS}])
        placed = [sorted(int(path.name.rpartition("-")[2]) for path in one.glob(f"{TOPIC}-*")) for one in (plain, slow)]
        report.item(f"{NAME}/both log dirs have partitions", all(map(len, placed)), f"{placed[0]} plain, {placed[1]}")
        if all(map(len, placed)):
            measure(node.port, placed, device, report)
        report.item(f"{NAME}/clean stop", node.stop() == 0, "exit 0 expected")


def produces(partition):
    """One record, acks=all."""
    return lambda link: requests.produce(link, TOPIC, batches.batch([b"one"]), partition=partition)[0] == 0


def fetches(partition):
    """The first records, which are there."""
    def ask(link):
        error, _, records = requests.fetch(link, TOPIC, partition=partition)
        return error == 0 and len(records) > 0
    return ask


def waits(partition):
    """A long poll at the end of a partition that nobody writes to."""
    def ask(link):
        error, _, records = requests.fetch(link, TOPIC, partition=partition, offset=RECORDS, wait_ms=WAIT_MS,
                                           min_bytes=1)
        return error == 0 and not records
    return ask


def measure(port, placed, device, report):
    """Times everything over the hang."""
    plain, slow = placed
    with raw.Link(port) as link:
        for partition in range(PARTITIONS):
            for _ in range(RECORDS):
                produces(partition)(link)
    quick = {
        "metadata": lambda link: requests.metadata(link, TOPIC)[0] == 0,
        "produce, other log dir": produces(plain[0]),
        "fetch, other log dir": fetches(plain[0]),
        "fetch from cache, same log dir": fetches(slow[0]),
        "timer of a long poll": waits(plain[-1]),
    }
    probes = {name: Probe(port, ask) for name, ask in quick.items()}
    held = Probe(port, produces(slow[0]))
    time.sleep(1)
    begin = time.monotonic()
    device.order("flush-hang", HANG_SECONDS * 1000)
    time.sleep(HANG_SECONDS)
    end = time.monotonic()
    time.sleep(1)
    for probe in (*probes.values(), held):
        probe.stop()
    longest = max(one.seconds for one in held.answers)
    good = all(one.good for one in held.answers) and held.answers[-1].seconds < LIMIT_SECONDS
    report.item(f"{NAME}/acknowledgement of the hanging log dir waits", good and longest > HANG_SECONDS * 0.8,
                f"{longest:.2f} s, {(held.answers[-1].seconds) * 1000:.0f} ms afterwards")
    for name, probe in probes.items():
        answers = probe.during(begin, end)
        slowest, median = (of(one.seconds for one in answers) for of in (max, statistics.median))
        limit = LIMIT_SECONDS + (WAIT_MS / 1000 if "timer" in name else 0)
        report.item(f"{NAME}/{name}", slowest < limit and all(one.good for one in answers) and len(answers) > 3,
                    f"{len(answers)} in the hang, median {median * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms")
