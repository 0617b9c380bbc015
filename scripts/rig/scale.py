"""The list `scale`: many groups, a group of many members, many connections; beside Apache Kafka on the same script.

The driver (clients/franz: many, storm, knock) speaks the protocol with a goroutine per member, so that what is
measured is the broker. Every part begins with a fresh broker. For groups the targets of time and CPU are half of
Kafka's, of memory a tenth; connections have a time of their own, and their CPU and memory are shown beside Kafka's.
Commits are half of Kafka's in CPU and two thirds in time: every one of ours waits for a flush and none of Kafka's
does, and on a small host the driver, which has to keep up with more of them, takes its CPU from the broker.
With `--broker kafka` there is nothing to compare, and a part passes when it is done.
"""

import json
import subprocess
from dataclasses import dataclass, field

from rig import broker, machine, places, programs, subject
from rig.group_requests import coordinate
from rig.raw import Link
from rig.requests import create_served

GROUPS, MEMBERS, PARTITIONS, CONNECTIONS = 10_000, 1000, 2000, 5000
QUICK_SHARE = 10
TIME_SHARE, MEMORY_SHARE = 1 / 2, 1 / 10
TIME_SHARES = {"commits": 2 / 3}
CONNECT, CONNECTIONS_SECONDS_MAX = "connect", 2.0
TOPIC = "scale"
# As Kafka is deployed, but for the wait before a first rebalance: it would be most of a classic group's time.
OVERRIDES = {"group.initial.rebalance.delay.ms": 0}


@dataclass
class Figures:
    """What one broker needed for one part."""

    seconds: dict = field(default_factory=dict)  # step -> wall time
    cpu: dict = field(default_factory=dict)  # step -> the broker's CPU seconds
    notes: dict = field(default_factory=dict)  # step -> what else there is to say
    right: bool = True
    rss: float = 0.0  # MB at the end
    rss_peak: float = 0.0


def run(options, report):
    """All parts, each on both brokers in turn."""
    folder = places.fresh("scale")
    share = QUICK_SHARE if options.quick else 1
    kinds = ["kafka"] if options.broker == "kafka" else ["kafka", "corelog"]
    for name, part in PARTS.items():
        if options.only not in f"scale/{name}":
            continue
        found = {}
        for kind in kinds:
            try:
                found[kind] = measure(folder / f"{name.replace(' ', '-')}-{kind}", kind, options, part, share)
            finally:
                broker.stop_all()
        judge = judge_connections if part is connections else judge_groups
        judge(f"scale/{name}", found, report)


def measure(folder, kind, options, part, share):
    """One part on a fresh broker."""
    node, _ = subject.start(kind, folder, options, overrides=OVERRIDES)
    figures = Figures()
    with Link(node.port, timeout=120) as link:
        create_served(link, TOPIC, PARTITIONS // share if part in STORMS else 1)
        coordinate(link)
    part(node, figures, folder, share)
    figures.rss, figures.rss_peak = machine.rss_mb(node.pid), machine.rss_peak_mb(node.pid)
    node.stop()
    return figures


class Driver:
    """The driver in one of its ways; `step` lets it do the next thing and measures."""

    def __init__(self, node, figures, folder, *arguments):
        self._node, self._figures = node, figures
        self._errors = folder / "driver.err"
        with open(self._errors, "wb") as errors:
            self._process = subprocess.Popen([str(programs.franz()), *map(str, arguments)], text=True, stderr=errors,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def step(self, name):
        """Starts the next step; returns what the driver says when it is done."""
        before = machine.cpu_seconds(self._node.pid)
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{name}: the driver left: {self._errors.read_text()[-400:]}")
        self._figures.cpu[name] = machine.cpu_seconds(self._node.pid) - before
        return json.loads(line)


def many_groups(node, figures, folder, share):
    """An offset for each of 10,000 groups; all listed; all described."""
    count = GROUPS // share
    with Driver(node, figures, folder, "many", node.bootstrap, count, TOPIC) as driver:
        for step in ("commit", "list", "describe"):
            told = driver.step(step)
            figures.seconds[step] = told["seconds"]
            figures.notes[step] = f"{told['right']} of {count} groups"
            figures.right &= told["right"] == count


def _storm(node, figures, folder, share, protocol):
    with Driver(node, figures, folder, "storm", node.bootstrap, protocol, MEMBERS // share, TOPIC,
                PARTITIONS // share) as driver:
        told = driver.step("join storm")
        figures.seconds["join storm"] = told["settled"]
        figures.notes["join storm"] = f"{MEMBERS // share} members, all connected after {told['connected']:.1f} s"
        told = driver.step("commits")
        figures.seconds["commits"] = 1e6 / (told["commits"] / told["seconds"])
        figures.cpu["commits"] *= 1e6 / max(told["commits"], 1)
        rate = told["commits"] / told["seconds"]
        figures.notes["commits"] = f"{rate:.0f} commits/s, {told['failed']} failed; per million"
        figures.right &= told["failed"] == 0 and told["commits"] > 0


def classic(node, figures, folder, share):
    """1,000 members of the classic protocol at once."""
    _storm(node, figures, folder, share, "classic")


def consumer(node, figures, folder, share):
    """1,000 members of the consumer protocol at once."""
    _storm(node, figures, folder, share, "consumer")


def connections(node, figures, folder, share):
    """5,000 connections one after the other."""
    count = CONNECTIONS // share
    with Driver(node, figures, folder, "knock", node.bootstrap, count) as driver:
        told = driver.step(CONNECT)
        figures.seconds[CONNECT] = told["seconds"]
        figures.notes[CONNECT] = f"{told['right']} of {count} connections answered"
        figures.right &= told["right"] == count


STORMS = (classic, consumer)
PARTS = {"many groups": many_groups, "classic": classic, "consumer": consumer, "connections": connections}


def judge_groups(name, found, report):
    """Items for time and CPU of each step, and for memory; Kafka's figure beside ours."""
    kafka, ours = found["kafka"], found.get("corelog")
    for step in kafka.seconds:
        ok = kafka.right and kafka.seconds[step] > 0
        if ours:
            ok = ours.right and ours.seconds[step] <= kafka.seconds[step] * TIME_SHARES.get(step, TIME_SHARE)
        report.item(f"{name}/{step}", ok, told(found, step))
        if ours:
            report.item(f"{name}/{step} CPU", ours.cpu[step] <= max(kafka.cpu[step] * TIME_SHARE, 0.05),
                        f"corelog {ours.cpu[step]:.2f} s, kafka {kafka.cpu[step]:.2f} s")
    report.item(f"{name}/memory", not ours or ours.rss_peak <= kafka.rss_peak * MEMORY_SHARE, memory(found))


def judge_connections(name, found, report):
    """One item: all were answered, and in time."""
    kafka, ours = found["kafka"], found.get("corelog")
    ok = ours.right and ours.seconds[CONNECT] <= CONNECTIONS_SECONDS_MAX if ours else kafka.right
    report.item(f"{name}/{CONNECT}", ok, f"{told(found, CONNECT)} | memory: {memory(found)}")


def told(found, step):
    """What a step took, for people."""
    return " | ".join(f"{kind} {one.seconds[step]:.2f} s, {one.cpu[step]:.2f} CPU s, {one.notes[step]}"
                      for kind, one in found.items())


def memory(found):
    """What the brokers held, for people."""
    return " | ".join(f"{kind} {one.rss:.0f} MB, peak {one.rss_peak:.0f}" for kind, one in found.items())
