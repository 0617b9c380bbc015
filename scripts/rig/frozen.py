"""One log dir's device stalls: replies leave in order, and everything else goes on.

Needs root, a loop device and ext4: `fsfreeze` makes every write and sync of that file system wait. Two produces are
pipelined on one connection, the first into the frozen log dir; other connections use the other log dir meanwhile.
"""

import subprocess
import threading
import time
from contextlib import contextmanager

from rig import broker
from rig.batches import batch
from rig.pings import Pings, quantile
from rig.raw import PRODUCE, Link
from rig.requests import create, fetch, offset_at, produce, produce_body, read_produce

FROZEN_SECONDS = 4
# How long anything that does not touch the frozen log dir may take meanwhile. Syncs of a shared disk are in it.
OTHER_SECONDS_MAX = 1.0
PARTITIONS = 8
NODE = {"corelog.disk.reserve.bytes": 1 << 20, "corelog.cpus": "0"}


@contextmanager
def loop_mount(folder):
    """An ext4 of its own, mounted; unmounted in the end."""
    folder.mkdir(parents=True)
    image, place = folder / "disk.image", folder / "mounted"
    with open(image, "wb") as file:
        file.truncate(1 << 30)
    place.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield place
    finally:
        broker.stop_all()
        subprocess.run(["umount", place], check=False)
        image.unlink()


@contextmanager
def freeze(place):
    """Nothing is written there until the block ends."""
    subprocess.run(["fsfreeze", "-f", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", place], check=True)


def run(folder, options, report):
    """All items of one freeze."""
    with loop_mount(folder / "loop") as place:
        dirs = [place / "data", folder / "healthy"]
        node = broker.under_test(folder / "node", options, log_dirs=dirs, overrides=NODE)
        node.start()
        with Link(node.port) as link:
            create(link, "ordered", partitions=PARTITIONS)
            frozen, healthy = (one_in(path) for path in dirs)
            for partition in (frozen, healthy):
                produce(link, "ordered", batch([b"first"]), partition=partition)
        with Link(node.port, timeout=60) as link:
            order(node, link, place, (frozen, healthy), report)
        code = node.stop()
        report.item("wire/stalled flush: clean stop", code == 0, f"exit {code}")


def one_in(path):
    """The first partition of the topic that stands in a log dir."""
    return min(int(one.name.rsplit("-", 1)[1]) for one in path.glob("ordered-*"))


def order(node, link, place, partitions, report):
    """Two pipelined produces, and what others see while the first waits for its flush."""
    frozen, healthy = partitions
    sent = batch([b"second"])
    others = Others(node.port, partitions)
    with Pings([node.port]) as pings:
        with freeze(place):
            first, second = (link.send(PRODUCE, 9, produce_body(9, "ordered", {one: sent})) for one in partitions)
            others.start()
            early = link.readable(FROZEN_SECONDS)
            with Link(node.port) as other:
                appended = offset_at(other, "ordered", -1, partition=healthy)[2]
            others.stop()
            early = early or link.readable(0)
        answers = [read_produce(link.answer(PRODUCE, 9, one), 9) for one in (first, second)]
        [(_, pinged, _)] = pings.stop()
    found = [answer[one][:2] for answer, one in zip(answers, partitions)]
    report.item("wire/stalled flush: replies in order", not early and found == [(0, 1), (0, 1)],
                f"{'an answer came too early' if early else 'none'} in {FROZEN_SECONDS} s, then {found} in request order")
    report.item("wire/stalled flush: the second was not held up", appended >= 2, f"end {appended} while the first waits")
    others.judge(report)
    report.item("wire/stalled flush: pings of the core", max(pinged) < 1000 * OTHER_SECONDS_MAX,
                f"p50 {quantile(pinged, 0.5):.2f}, max {max(pinged):.1f} ms")


class Others:
    """Other connections: produce and fetch in the healthy log dir, fetch from cache in the frozen one, a long poll."""

    def __init__(self, port, partitions):
        self.frozen, self.healthy = partitions
        self.links = {name: Link(port) for name in ("produce", "fetch", "cached fetch", "long poll")}
        self.seconds = {name: [] for name in self.links}
        self.errors = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.repeat, args=(name,)) for name in self.links]

    def start(self):
        for one in self.threads:
            one.start()

    def stop(self):
        self.ended.set()
        for one in self.threads:
            one.join()

    def repeat(self, name):
        """Asks until told to stop; what takes longer shows as one slow answer."""
        link, sent = self.links[name], batch([b"other"])
        asks = {
            "produce": lambda: produce(link, "ordered", sent, partition=self.healthy)[0],
            "fetch": lambda: fetch(link, "ordered", partition=self.healthy)[0],
            "cached fetch": lambda: fetch(link, "ordered", partition=self.frozen)[0],
            "long poll": lambda: fetch(link, "ordered", partition=self.frozen, offset=1, min_bytes=1, wait_ms=200)[0],
        }
        try:
            while not self.ended.is_set():
                started = time.monotonic()
                error = asks[name]()
                self.seconds[name].append(time.monotonic() - started)
                if error:
                    raise ValueError(f"error {error}")
                time.sleep(0.005)
        except Exception as error:  # told as the item's figure
            self.errors.append(f"{name}: {type(error).__name__} {error}")

    def judge(self, report):
        """One item per kind."""
        for name, seconds in self.seconds.items():
            bad = [one for one in self.errors if one.startswith(name + ":")]
            ok = not bad and len(seconds) >= 5 and max(seconds) < OTHER_SECONDS_MAX
            figure = f"{len(seconds)} asked, max {max(seconds, default=0) * 1000:.0f} ms"
            report.item(f"wire/stalled flush: {name} meanwhile", ok, " ".join([figure, *bad]))
        for link in self.links.values():
            link.socket.close()
