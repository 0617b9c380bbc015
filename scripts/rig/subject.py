"""A broker prepared for measuring, and what one run cost it.

Corelog runs with its defaults. Apache Kafka runs with a heap of 1 GB and the collector settings of its own start
script, the way it is deployed; the lists that only need an oracle give it less.
"""

import time
from dataclasses import dataclass
from functools import cache

from rig import broker, machine, places
from rig.programs import sh

START_SECONDS_MAX = 180
KAFKA_JVM = ["-Xms1g", "-Xmx1g", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
             "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true",
             "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


@cache
def _kafka_jars():
    return sh(places.SCRIPTS / "kafka", "--classpath").splitlines()[-1]


class MeasuredKafka(broker.Kafka):
    """Apache Kafka as it is deployed."""

    def command(self, properties):
        return ["java", *KAFKA_JVM, "-cp", _kafka_jars(), "kafka.Kafka", str(properties)]


KINDS = {"corelog": broker.Corelog, "kafka": MeasuredKafka}


def start(kind, folder, options, **settings):
    """Starts a broker; returns it and the seconds from exec to the first answer."""
    subject = KINDS[kind](folder, options, **settings)
    return subject, restart(subject)


def restart(subject):
    """Starts it on what its log dirs hold; returns the seconds from exec to the first answer (ApiVersions)."""
    started = time.monotonic() - subject.start(wait=False)
    while not broker.answers(subject.port):
        if not subject.up:
            raise RuntimeError(f"{subject.kind} left at start: {subject.tail()}")
        if time.monotonic() > started + START_SECONDS_MAX:
            raise RuntimeError(f"{subject.kind} does not answer after {START_SECONDS_MAX} s: {subject.tail()}")
        time.sleep(0.002)
    return time.monotonic() - started


@dataclass(frozen=True)
class Cost:
    """What a run cost the broker and the disk."""

    cpu_seconds: float
    flushes: int


class Meter:
    """`with Meter(broker, disk) as meter: ...; meter.cost`"""

    def __init__(self, subject, disk):
        self._pid, self._disk = subject.pid, disk
        self.cost = None

    def __enter__(self):
        self._before = machine.cpu_seconds(self._pid), machine.flushes(self._disk)
        return self

    def __exit__(self, *_):
        self.cost = Cost(machine.cpu_seconds(self._pid) - self._before[0], machine.flushes(self._disk) - self._before[1])


def batches(subject, topic):
    """How many batches a topic's logs hold. librdkafka sends one batch per request, so that many acks were sent."""
    return sum(len(list(_batches(path))) for one in subject.log_dirs for path in one.glob(f"{topic}-*/*.log"))


def _batches(path):
    with open(path, "rb", buffering=0) as file:
        position = 0
        while True:
            file.seek(position)
            head = file.read(17)
            length = int.from_bytes(head[8:12], "big")
            if len(head) < 17 or length == 0 or head[16] != 2:
                return
            yield position
            position += 12 + length
