"""The members of a group as processes: which client libraries there are, how each is started, what each printed.

clients/python/events.py says what a member prints. A member is loaded before it joins, so that the start of a JVM
disturbs no figure.
"""

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass

from rig import places, programs
from rig.membership import Event

READY_SECONDS_MAX = 60
SESSION_MS, HEARTBEAT_MS, REBALANCE_MS = 6000, 1000, 30_000
COOPERATIVE = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
PYTHON = {"confluent": "member_confluent.py", "kafka-python-3": "member_kafka_python.py",
          "kafka-python-2": "member_kafka_python.py", "aiokafka": "member_aio.py"}


@dataclass(frozen=True)
class Subject:
    """A client library in one of its ways. `keeps_static`: whether it knows static members."""

    name: str
    program: str
    protocol: str = "classic"
    keeps_static: bool = True
    assignor: str | None = None


SUBJECTS = [
    Subject("java classic", "java"),
    Subject("java cooperative", "java", assignor=COOPERATIVE),
    Subject("java consumer", "java", "consumer"),
    Subject("confluent classic", "confluent"),
    Subject("confluent consumer", "confluent", "consumer"),
    # Its range and roundrobin lose dynamic members when there is a static one beside them.
    Subject("kafka-python 3", "kafka-python-3", assignor="cooperative-sticky"),
    Subject("kafka-python 2", "kafka-python-2", keeps_static=False),
    Subject("aiokafka", "aiokafka"),
    Subject("kafkajs", "kafkajs", keeps_static=False),
    Subject("franz-go", "franz"),
    # It leaves as a static member (epoch -2) without its instance id, which no broker takes.
    Subject("franz-go consumer", "franz", "consumer", keeps_static=False),
    Subject("sarama", "sarama"),
]


def command(program):
    """How a member of a library is started, without its arguments, and its environment."""
    if program == "java":
        return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", programs.java_classpath(), "Member"], None
    if program == "franz":
        return [programs.franz(), "member"], None
    if program == "sarama":
        return [programs.go_client("sarama")], None
    if program == "kafkajs":
        return ["node", places.CLIENTS / "kafkajs/member.js"], {**os.environ, "NODE_PATH": str(programs.kafkajs())}
    return [programs.venv(program), places.CLIENTS / "python" / PYTHON[program]], None


class Member:
    """One process. Its events grow while it runs; `id`, `owned` and `generation` are the latest it told."""

    def __init__(self, subject, who, bootstrap, topic, folder, seat=None, group=None):
        self.who, self.seat, self.id = who, seat or who, ""
        self.events, self.refused = [], []
        self.owned, self.generation = frozenset(), -1
        self._ready = threading.Event()
        instance = f"{topic}-{self.seat}" if seat else None
        settings = {"topic": topic, "group": group or f"group-{topic}", "protocol": subject.protocol,
                    "instance": instance, "assignor": subject.assignor, "session_ms": SESSION_MS,
                    "heartbeat_ms": HEARTBEAT_MS, "rebalance_ms": REBALANCE_MS}
        start, env = command(subject.program)
        with open(folder / f"{who}.err", "ab") as errors:
            self._process = subprocess.Popen([*map(str, start), bootstrap, json.dumps(settings)], env=env, text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        self._log = open(folder / f"{who}.jsonl", "w", encoding="utf-8")
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self):
        for line in self._process.stdout:
            self._log.write(line)
            try:
                self._note(json.loads(line))
            except ValueError:  # cut short by kill -9, or a library that writes to standard output
                continue
        self._log.close()

    def _note(self, line):
        kind = line["event"]
        event = Event(line["at"], self.who, self.seat, kind, line.get("generation", self.generation),
                      frozenset(line.get("owned", ())),
                      {int(partition): tuple(span) for partition, span in line.get("spans", {}).items()},
                      {int(partition): offset for partition, offset in line.get("offsets", {}).items()})
        self.generation = event.generation
        self.id = line.get("member") or self.id
        if kind in ("assigned", "revoked", "leaving"):
            self.owned = event.owned
        if kind == "refused":
            self.refused.append(line.get("error", ""))
        self.events.append(event)
        self._ready.set()

    def wait_ready(self):
        """Waits until it is loaded."""
        if not self._ready.wait(READY_SECONDS_MAX):
            raise RuntimeError(f"{self.who} is not ready after {READY_SECONDS_MAX} s")

    def join(self):
        """Lets it join the group, once it is loaded; returns the moment in unix milliseconds."""
        self.wait_ready()
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return time.time_ns() // 1_000_000

    @property
    def alive(self):
        """Whether the process runs."""
        return self._process.poll() is None

    def kill(self):
        """kill -9; returns the moment in unix milliseconds."""
        self._process.kill()
        self._process.wait()
        self._listener.join(5)
        moment = time.time_ns() // 1_000_000
        if self.owned:
            self.events.append(Event(moment, self.who, self.seat, "died", self.generation))
        self.owned = frozenset()
        return moment

    def leave(self, patience=30):
        """Ends it in its own way; returns whether it did."""
        try:
            self._process.stdin.close()
            code = self._process.wait(patience)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.kill()
            return False
        self._listener.join(5)
        self.owned = frozenset()
        return code == 0
