"""A broker prepared for measuring.

Corelog runs with its defaults. Apache Kafka runs with a heap of 1 GB and the collector settings of its own start
script, the way it is deployed; the lists that only need an oracle give it less.
"""

import time
from functools import cache

from rig import broker, places
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
