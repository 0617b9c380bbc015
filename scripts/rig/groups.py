"""The list `groups`: per client library three members share 12 partitions, and everything happens to them.

In turn: two members settle; a third joins; one is killed with -9; a static one is restarted; the broker is killed with
-9 while a new member joins. Another library writes all the time. Afterwards rig.membership judges what all members saw.
"""

import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from rig import broker, membership, places, programs
from rig.group_requests import asked, fetch
from rig.member import HEARTBEAT_MS, SESSION_MS, SUBJECTS, Member
from rig.raw import Link
from rig.requests import create_served, offset_at

PARTITIONS = 12
RECORDS_PER_SECOND = 360
SETTLE_SECONDS_MAX = 40
TAKEOVER_SECONDS_MAX = SESSION_MS / 1000 + 5
AGAIN_SECONDS_MAX = 20  # from the start of the broker
CALM_SECONDS = 2  # before and after a join, and after a static restart
PAUSE_MS_MAX = 1000  # without a record of a partition that stays where it is
MID_REBALANCE_SECONDS = (0.05, 0.6)  # from a join to the kill of the broker
QUICK = ("java consumer", "confluent classic")
OVERRIDES = {
    "group.min.session.timeout.ms": SESSION_MS,
    "group.consumer.min.session.timeout.ms": SESSION_MS, "group.consumer.session.timeout.ms": SESSION_MS,
    "group.consumer.min.heartbeat.interval.ms": HEARTBEAT_MS, "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS,
    "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500,
}


def run(options, report):
    """Two libraries at a time, side by side on one broker."""
    folder, rng = places.fresh("groups"), random.Random(options.seed)
    node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
    node.start()
    chosen = [one for one in SUBJECTS if (one.name in QUICK if options.quick else options.only in f"groups/{one.name}")]
    for at in range(0, len(chosen), 2):
        scenes = [Scene(one, node, folder) for one in chosen[at : at + 2]]
        try:
            play(scenes, node, rng)
        finally:
            for scene in scenes:
                scene.close()
        for scene in scenes:
            scene.report(report)
    code = node.stop()
    report.item("groups/broker stops", code == 0, f"exit {code}")


def play(scenes, node, rng):
    """All acts, each by all scenes at once; the broker is theirs together."""
    with ThreadPoolExecutor(len(scenes)) as pool:
        for act in (Scene.settle, Scene.join, Scene.take_over, Scene.restart, Scene.prepare_rebalance):
            list(pool.map(lambda scene, act=act: scene.act(act), scenes))
        for scene in scenes:
            scene.act(Scene.begin_rebalance)
        time.sleep(rng.uniform(*MID_REBALANCE_SECONDS))
        node.kill()
        node.start()
        for act in (Scene.end_rebalance, Scene.finish):
            list(pool.map(lambda scene, act=act: scene.act(act), scenes))


class Unsettled(Exception):
    """Something did not happen in time."""


class Scene:
    """One library, its topic, its members and what is found out about them."""

    def __init__(self, subject, node, folder):
        self.subject, self.node = subject, node
        self.topic = subject.name.replace(" ", "-")
        self._folder = folder / self.topic
        self._folder.mkdir()
        self._items, self._members, self._load, self._broken = [], [], None, False

    def act(self, what):
        """One act; after one that went wrong the others are not played."""
        if self._broken:
            return
        try:
            what(self)
        except Exception as error:
            self._broken = True
            self._item(what.__name__.replace("_", " "), False, f"{type(error).__name__}: {error}")

    def _item(self, name, ok, figure):
        self._items.append((name, ok, figure))

    def report(self, report):
        """The lines of this library."""
        for name, ok, figure in self._items:
            report.item(f"groups/{self.subject.name}/{name}", ok, figure)
        if not all(ok for _, ok, _ in self._items):
            for one in self._members:
                report.note(f"{one.who}: {len(one.events)} events, {len(one.refused)} refused {one.refused[-2:]}, "
                            f"generation {one.generation}, holds {sorted(one.owned)}")

    def close(self):
        """Ends what still runs."""
        for one in self._members:
            one.kill()
        if self._load:
            self._load.kill()

    def _member(self, who, seat=None):
        one = Member(self.subject, who, self.node.bootstrap, self.topic, self._folder, seat)
        self._members.append(one)
        return one

    def _living(self):
        return [one for one in self._members if one.alive and one.generation >= 0]

    def _wait(self, what, done, seconds):
        """Seconds until `done()`."""
        started = time.monotonic()
        while not done():
            if time.monotonic() - started > seconds:
                raise Unsettled(f"{what}: not after {seconds:.0f} s")
            time.sleep(0.02)
        return time.monotonic() - started

    def _settled(self, count):
        """Whether so many members hold all partitions, each some, in one generation."""
        living = self._living()
        held = sorted(partition for one in living for partition in one.owned)
        return (len(living) == count and all(one.owned for one in living) and held == list(range(PARTITIONS))
                and len({one.generation for one in living}) == 1)

    def _read_since(self, moment, partitions):
        """Whether each of these partitions was read after `moment`."""
        missing = set(partitions)
        for one in self._members:
            for event in reversed(one.events):
                if event.at <= moment:
                    break
                missing -= event.spans.keys()
        return not missing

    def settle(self):
        """The load begins; two members join."""
        with Link(self.node.port) as link:
            create_served(link, self.topic, PARTITIONS)
        self._load = start_load(self.subject, self.node.bootstrap, self.topic, self._folder)
        for one in [self._member("a"), self._member("b")]:
            one.join()
        self._wait("two members", lambda: self._settled(2), SETTLE_SECONDS_MAX)

    def join(self):
        """A third member joins, a static one where the library has them."""
        third = self._member("c", "static" if self.subject.keeps_static else None)
        third.wait_ready()
        time.sleep(CALM_SECONDS)
        before = {one.who: one.owned for one in self._living()}
        began = third.join()
        seconds = self._wait("a third member", lambda: self._settled(3), SETTLE_SECONDS_MAX)
        time.sleep(CALM_SECONDS)
        self._item("a third member settles", True, f"{seconds:.1f} s")
        if self.subject.protocol == "consumer":
            self._judge_pauses(before, began)

    def _judge_pauses(self, before, began):
        """The partitions that stay where they are were not taken away meanwhile, and were read all the time."""
        end, worst, taken = time.time_ns() // 1_000_000, 0, 0
        for one in self._members:
            kept = before.get(one.who, frozenset()) & one.owned
            taken += sum(not kept <= event.owned for event in one.events
                         if event.at >= began and event.kind in ("assigned", "revoked"))
            worst = max(worst, membership.longest_pause(one.events, one.who, kept, began - CALM_SECONDS * 1000, end))
        self._item("a join stops nobody's fetching", not taken and worst <= PAUSE_MS_MAX,
                   f"longest pause {worst} ms, {taken} times taken away")

    def take_over(self):
        """kill -9 of a member: the others read its partitions; another takes its place."""
        victim = self._members[0]
        partitions, moment = victim.owned, victim.kill()
        seconds = self._wait("a takeover", lambda: self._read_since(moment, partitions), SETTLE_SECONDS_MAX)
        self._item("takeover", seconds <= TAKEOVER_SECONDS_MAX,
                   f"{seconds:.1f} s, limit {TAKEOVER_SECONDS_MAX:.0f} s")
        self._member("d").join()
        self._wait("three members again", lambda: self._settled(3), SETTLE_SECONDS_MAX)

    def restart(self):
        """The static member is restarted. The new protocol gives its place away only when it was left."""
        if not self.subject.keeps_static:
            return
        old = next(one for one in self._members if one.seat == "static")
        new = self._member("c2", "static")
        new.wait_ready()
        before, generation = old.owned, old.generation
        others = {one.who: len(one.events) for one in self._living() if one is not old}
        if self.subject.protocol == "consumer":
            old.leave()
        else:
            old.kill()
        moment = new.join()
        seconds = self._wait("the static member", lambda: self._read_since(moment, before), SETTLE_SECONDS_MAX)
        time.sleep(CALM_SECONDS)
        disturbed = [one.who for one in self._members if one.who in others and
                     any(event.kind in ("assigned", "revoked") for event in one.events[others[one.who] :])]
        self._item("static restart", new.owned == before and new.generation == generation and not disturbed,
                   f"{seconds:.1f} s, generation {generation} then {new.generation}, "
                   f"{len(new.owned & before)} of {len(before)} partitions kept, {len(disturbed)} others disturbed")

    def prepare_rebalance(self):
        """Loads a fourth member."""
        self._member("e").wait_ready()

    def begin_rebalance(self):
        """It joins; the broker is about to be killed."""
        self._members[-1].join()

    def end_rebalance(self):
        """The broker is back: the members settle and read everything."""
        moment = time.time_ns() // 1_000_000
        seconds = self._wait("members after the kill of the broker", lambda: self._settled(4), SETTLE_SECONDS_MAX)
        seconds += self._wait("reading after it", lambda: self._read_since(moment, range(PARTITIONS)),
                              SETTLE_SECONDS_MAX)
        self._item("broker killed in mid rebalance", seconds <= AGAIN_SECONDS_MAX,
                   f"settled and reading {seconds:.1f} s after the start, limit {AGAIN_SECONDS_MAX:.0f} s")

    def finish(self):
        """The load ends, everything is read, the members leave, and the checker judges."""
        self._load.stdin.close()
        if self.subject.program == "confluent":
            self._load.terminate()
        if self._load.wait(60) not in (0, 143):
            raise RuntimeError(f"the load left with {self._load.returncode}: see {self._folder}/load.err")
        with Link(self.node.port) as link:
            ends = {one: offset_at(link, self.topic, -1, partition=one)[2] for one in range(PARTITIONS)}
        self._wait("the rest", lambda: self._read_to(ends), SETTLE_SECONDS_MAX)
        time.sleep(1)  # the last commit
        orderly = [one.leave() for one in self._members if one.alive]
        self._item("members leave", all(orderly), f"{sum(orderly)} of {len(orderly)} in order")
        with Link(self.node.port) as link:
            error, found = asked(link, fetch(f"group-{self.topic}", self.topic, range(PARTITIONS)))
        if error:
            raise RuntimeError(f"OffsetFetch: error {error}")
        committed = {partition: offset for partition, (_, offset) in found.items() if offset >= 0}
        events = [event for one in self._members for event in one.events]
        for anomaly, texts in membership.check(events, ends, committed).rows():
            more = f" of {sum(ends.values())} records" if anomaly == "skipped" else ""
            self._item(anomaly, not texts and sum(ends.values()), f"{len(texts)}{more} {'; '.join(texts[:3])}".strip())

    def _read_to(self, ends):
        behind = {}
        for one in self._members:
            for event in one.events:
                for partition, span in event.spans.items():
                    behind[partition] = max(behind.get(partition, 0), span[1])
        return all(behind.get(partition, 0) >= end for partition, end in ends.items())


def start_load(subject, bootstrap, topic, folder):
    """A producer of another library than the members', until its standard input ends."""
    if subject.program == "confluent":
        command = [places.SCRIPTS / "kafka", "kafka-verifiable-producer.sh", "--bootstrap-server", bootstrap,
                   "--topic", topic, "--throughput", RECORDS_PER_SECOND, "--repeating-keys", 997]
    else:
        command = [programs.venv("confluent"), places.CLIENTS / "python/steady.py", bootstrap, topic, PARTITIONS,
                   RECORDS_PER_SECOND]
    with open(folder / "load.err", "ab") as errors:
        return subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors)
