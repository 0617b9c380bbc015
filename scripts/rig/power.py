"""Rig R1: the power goes, and everything that was not synced is gone.

An ext4 lives in a sparse file on an XFS with reflinks. A reflink copy of that file holds what the ext4 had submitted to
its disk at that moment and nothing of its page cache. The broker goes on, so one run yields many crash images. A copy
is mounted (ext4 replays its journal), a broker starts on it, and another client library reads everything.
"""

import random
import subprocess
import time
from contextlib import contextmanager

from rig import blocks, broker, history, load, proof
from rig.blocks import Image

DISK_BYTES = 4 * blocks.GIB
FRESH_LIVES = (4, 4)  # images in the first seconds of a fresh log dir
LONG_LIFE = 12  # images at random moments afterwards
FRESH_PAUSES = (0.2, 0.6)
FIRST_ACK_SECONDS_MAX = 20
LONG_PAUSES = (0.3, 2.0)
# Every partition rolls every second or two: images see segments that were just made.
OVERRIDES = {"log.roll.ms": 1500, "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500}
NAME = "durability/power"


class Disk:
    """The disk under the broker."""

    def __init__(self, store, name):
        self._store, self._name = store, name
        self._path = blocks.sparse(store / f"{name}.img", DISK_BYTES)
        self._taken = 0

    @contextmanager
    def mounted(self):
        """The file system on it."""
        with blocks.mounted(self._path, self._store.parent / self._name, format_as="ext4") as point:
            yield point

    def cut(self):
        """A crash image of this moment."""
        self._taken += 1
        copy = self._store / f"{self._name}-crash-{self._taken}.img"
        moment, started = time.time_ns(), time.monotonic()
        subprocess.run(["cp", "--reflink=always", self._path, copy], check=True)
        return Image(copy, moment, (time.monotonic() - started) * 1000)


def run(options, report):
    """The rig's own proof, 20 images, and the same again with a broker that does not sync."""
    rng = random.Random(options.seed)
    with blocks.store("durability-power") as store:
        disk = Disk(store, "proof")
        with disk.mounted() as point:
            proof.run(f"{NAME}/rig R1", point, store, disk.cut, report)
        lives = [(3, FRESH_PAUSES)] if options.quick else [
            *((images, FRESH_PAUSES) for images in FRESH_LIVES), (LONG_LIFE, LONG_PAUSES)]
        findings = Findings()
        for number, (images, pauses) in enumerate(lives):
            life = Life(f"life-{number}", store, options, OVERRIDES)
            disk = Disk(store, life.name)
            life.run(disk, disk.cut, [rng.uniform(*pauses) for _ in range(images)], findings)
        findings.report(NAME, report)
        if options.broker == "corelog":
            never = {**OVERRIDES, "corelog.test.skip.sync": "true"}
            findings, life, disk = Findings(), Life("no-sync", store, options, never), Disk(store, "no-sync")
            life.run(disk, disk.cut, [rng.uniform(*LONG_PAUSES) for _ in range(3 if options.quick else 5)], findings)
            findings.must_be_red(f"{NAME}/without sync", report)


class Life:
    """A fresh log dir under load on a disk of rig R1 or R2."""

    def __init__(self, name, store, options, overrides):
        self.name, self._store, self._options, self._overrides = name, store, options, overrides
        self._folder = store.parent.parent / name

    def run(self, disk, cut, pauses, findings):
        """Lives on `disk`, calls `cut` for each pause, then adds what each image holds to `findings`.

        The first cut is as soon as the topic is there, the pauses of the others begin with the first acknowledgement.
        """
        with disk.mounted() as point:
            node = self._node("broker", point)
            try:
                node.start()
                taken, sends = self._under_load(node, cut, pauses)
            finally:
                node.kill()
        for image in taken:
            findings.add(image, sends, *self._examine(image, sends))
            image.path.unlink()

    def _node(self, folder, point):
        return broker.under_test(self._folder / folder, self._options, log_dirs=[point / "data"],
                                 overrides=self._overrides)

    def _under_load(self, node, cut, pauses):
        work = load.Load(node.bootstrap, self._folder)
        try:
            taken = [cut()]  # the topic was just made
            deadline = time.monotonic() + FIRST_ACK_SECONDS_MAX
            while not work.acknowledged() and time.monotonic() < deadline:
                time.sleep(0.05)
            for pause in pauses[1:]:
                time.sleep(pause)
                taken.append(cut())
            sends, _ = work.stop()
        except BaseException:
            work.abandon()
            raise
        return taken, sends

    def _examine(self, image, sends):
        """Starts a broker on the image and reads everything: (verdict, None), or (None, why that did not go)."""
        with blocks.mounted(image.path, self._store.parent / "image") as point:
            node = self._node(f"on-{image.path.stem}", point)
            try:
                node.start()
                return history.check(sends, load.drain(node.bootstrap, self._folder), before=image.moment), None
            except Exception as error:  # a broker that does not serve has lost everything; the reason is shown
                kept = node.folder / "refused"
                kept.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-a", "--sparse=always", f"{point}/.", kept], check=False)
                return None, f"{image.path.stem} (kept in {kept}): {str(error)[-300:]}"
            finally:
                node.kill()


class Findings:
    """The verdicts over all images of a run, summed."""

    def __init__(self):
        self._images, self._dead, self._total = [], [], history.Verdict()

    def add(self, image, sends, verdict, why):
        """One image: its verdict, or why there is none."""
        acked = sum(send.kind == "ok" and send.completed <= image.moment for send in sends)
        self._images.append((image, acked))
        if verdict is None:
            self._dead.append(why)
            return
        for anomaly, found in verdict.rows():
            getattr(self._total, anomaly).extend(f"{image.path.stem}: {text}" for text in found)

    def report(self, name, report):
        """Items of a run that must be clean."""
        self._taken(name, report)
        report.item(f"{name}/starts on every image", not self._dead, f"{len(self._dead)} refused")
        for why in self._dead[:5]:
            report.note(why)
        for anomaly, found in self._total.rows():
            report.item(f"{name}/{anomaly}", not found and not self._dead, len(found))
            for text in found[:5]:
                report.note(text)

    def must_be_red(self, name, report):
        """The item of a run that must not be clean."""
        self._taken(name, report)
        report.item(f"{name}/is found out", self._total.lost or self._dead,
                    f"{len(self._total.lost)} lost, {len(self._dead)} images refused")

    def _taken(self, name, report):
        acked = sorted(count for _, count in self._images)
        slowest = max(image.milliseconds for image, _ in self._images)
        report.item(f"{name}/images", acked[-1] > 0, f"{len(acked)} images, {acked[0]} to {acked[-1]} records "
                    f"acknowledged before them, slowest {slowest:.0f} ms")
