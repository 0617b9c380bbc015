"""The power goes while offsets are committed: every commit that was answered is there (rig R1, see rig.power).

Committers are the raw client, as fast as it is answered, and groups of three libraries that read and commit; a fourth
library asks for the offsets on each image. The same with a broker that does not sync must be found out.
"""

import json
import os
import random
import subprocess
import threading
import time
from dataclasses import dataclass, field

from rig import blocks, broker, power, programs
from rig.group_requests import asked, commit, coordinate
from rig.groups import OVERRIDES, start_load
from rig.member import SUBJECTS, Member
from rig.raw import Link
from rig.requests import create_served

NAME = "group-durability/power"
TOPIC, PARTITIONS = "power", 12
LINKS = 4
LIBRARIES = ("java consumer", "confluent classic", "kafka-python 3")
FIRST_COMMIT_SECONDS_MAX = 60
IMAGES, IMAGES_UNSYNCED = 8, 4
PAUSES = (0.2, 1.5)
# Apache Kafka does not sync before it answers; told to, it shows that the list can pass.
SYNCED_KAFKA = {"log.flush.interval.messages": 1}


@dataclass
class Found:
    """What the images of a run held."""

    lost: list = field(default_factory=list)
    invented: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    answered: list = field(default_factory=list)  # per image: how many commits were answered before it


def run(options, report):
    """Images of a broker as it is; then of one that does not sync."""
    rng = random.Random(options.seed)
    synced = {**OVERRIDES, **(SYNCED_KAFKA if options.broker == "kafka" else {})}
    with blocks.store("group-durability-power") as store:
        found = life("synced", store, options, synced, 3 if options.quick else IMAGES, rng)
        report.item(f"{NAME}/images", min(found.answered, default=0) > 0, f"{len(found.answered)} images, "
                    f"{min(found.answered, default=0)} to {max(found.answered, default=0)} commits answered before them")
        for name, texts in (("starts on every image", found.refused), ("every answered commit is there", found.lost),
                            ("none that was never sent", found.invented)):
            report.item(f"{NAME}/{name}", not texts and not found.refused and found.answered, f"{len(texts)}")
            for text in texts[:5]:
                report.note(text)
        if options.broker == "corelog":
            unsynced = {**OVERRIDES, "corelog.test.skip.sync": "true"}
            found = life("no-sync", store, options, unsynced, IMAGES_UNSYNCED, rng)
            report.item(f"{NAME}/without sync is found out", found.lost or found.refused,
                        f"{len(found.lost)} lost, {len(found.refused)} images refused, {len(found.answered)} images")


def life(name, store, options, overrides, images, rng):
    """A fresh disk under commits, cut so many times; then every image is looked at."""
    folder, disk, found = store.parent.parent / name, power.Disk(store, name), Found()
    with disk.mounted() as point:
        node = broker.under_test(folder / "broker", options, log_dirs=[point / "data"], overrides=overrides)
        try:
            node.start()
            work = Committers(node, folder)
            taken = cuts(disk, work, images, rng)
        finally:
            node.kill()
    for image in taken:
        look(image, store, options, overrides, folder, work, found)
        image.path.unlink()
    return found


def cuts(disk, work, images, rng):
    """The images, the first as soon as every group has committed something."""
    try:
        deadline = time.monotonic() + FIRST_COMMIT_SECONDS_MAX
        while len({group for _, group, _, _ in work.answered()}) < len(work.groups):
            if time.monotonic() > deadline:
                raise RuntimeError("not every group commits")
            time.sleep(0.05)
        taken = [disk.cut()]
        while len(taken) < images:
            time.sleep(rng.uniform(*PAUSES))
            taken.append(disk.cut())
        return taken
    finally:
        work.stop()


class Committers:
    """Raw links and members of libraries, all committing."""

    def __init__(self, node, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with Link(node.port) as link:
            create_served(link, TOPIC, PARTITIONS)
            coordinate(link)
        if node.kind == "kafka":
            os.sync()  # the files that it makes at its start are not on disk before the kernel writes them
        self._stopped, self._raw = threading.Event(), []  # (answered, group, partition, offset)
        self.sent = {}  # group -> the highest offset that was sent
        self._threads = [threading.Thread(target=self._commit, args=(node.port, f"raw-{number}"), daemon=True)
                         for number in range(LINKS)]
        subjects = [one for one in SUBJECTS if one.name in LIBRARIES]
        self._loads = [start_load(subjects[0], node.bootstrap, TOPIC, folder)]
        self._members = [Member(one, f"{one.program}-{number}", node.bootstrap, TOPIC, folder, group=one.program)
                         for one in subjects for number in range(2)]
        self.groups = [f"raw-{number}" for number in range(LINKS)] + [one.program for one in subjects]
        self._group_of = {f"{one.program}-{number}": one.program for one in subjects for number in range(2)}
        for one in [*self._threads, *self._members]:
            one.start() if isinstance(one, threading.Thread) else one.join()

    def _commit(self, port, group):
        try:
            with Link(port) as link:
                for offset in range(1, 1 << 40):
                    if self._stopped.is_set():
                        return
                    self.sent[group] = offset
                    errors = asked(link, commit(group, TOPIC, dict.fromkeys(range(PARTITIONS), offset)))
                    moment = time.time_ns()
                    self._raw += [(moment, group, partition, offset) for partition, error in errors.items() if not error]
        except (OSError, ValueError, EOFError) as error:
            if not self._stopped.is_set():
                raise RuntimeError(f"{group}: {error}") from error

    def answered(self):
        """(unix nanoseconds at which it was certainly answered, group, partition, offset) of every commit so far."""
        told = [(event.at * 1_000_000 + 999_999, self._group_of[one.who], partition, offset)
                for one in self._members for event in list(one.events) for partition, offset in event.offsets.items()]
        return [*self._raw, *told]

    def stop(self):
        """Ends them all."""
        self._stopped.set()
        for one in self._threads:
            one.join()
        for one in self._members:
            one.kill()
        for one in self._loads:
            one.kill()
            one.wait()


def look(image, store, options, overrides, folder, work, found):
    """Starts a broker on an image and compares the offsets with what was answered before the cut."""
    wanted = {}
    answered = [row for row in work.answered() if row[0] <= image.moment]
    for _, group, partition, offset in answered:
        wanted[group, partition] = max(wanted.get((group, partition), 0), offset)
    found.answered.append(len(answered))
    name = image.path.stem
    with blocks.mounted(image.path, store.parent / "image") as point:
        node = broker.under_test(folder / f"on-{name}", options, log_dirs=[point / "data"], overrides=overrides)
        try:
            node.start()
            offsets = read(node, work.groups)
        except Exception as error:  # a broker that does not serve has lost everything
            found.refused.append(f"{name}: {str(error)[-300:]}")
            return
        finally:
            node.kill()
    for (group, partition), offset in sorted(wanted.items()):
        there = offsets.get(group, {}).get(f"{TOPIC}-{partition}", -1)
        if there < offset:
            found.lost.append(f"{name}: {group} {partition} at {there}, answered was {offset}")
        if there > work.sent.get(group, 1 << 62):
            found.invented.append(f"{name}: {group} {partition} at {there}, sent was {work.sent[group]}")


def read(node, groups):
    """The committed offsets of all groups, by franz-go."""
    done = subprocess.run([str(programs.franz()), "offsets", node.bootstrap, *groups], capture_output=True, text=True,
                          timeout=120)
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])
    return json.loads(done.stdout)
