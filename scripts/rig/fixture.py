"""Log directories written by Apache Kafka itself, and what it answered about them.

One history, kept twice: after a clean stop, and later after kill -9. It has all codecs, idempotent producers,
LogAppendTime, a topic deleted and made again, an altered and a removed config, a trimmed and a compacted topic,
segments enough to need their indexes, a metadata snapshot, two log dirs; a client quota, a SCRAM user and a group.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from rig import broker, corpus, programs
from rig.corpus import KIB

# Retention runs within seconds in every broker that gets the directory; the compacted topic must survive it.
OVERRIDES = {
    "offsets.topic.num.partitions": 3,
    "log.retention.check.interval.ms": 1000,
    "log.initial.task.delay.ms": 500,
    "log.flush.start.offset.checkpoint.interval.ms": 1000,
    "metadata.log.max.record.bytes.between.snapshots": 3000,
}
# What a start has to say of that: words of the lines that list what is not imported or not obeyed.
NOT_IMPORTED = ("quotas", "SCRAM", "consumer groups")
COMPACTED = {"cleanup.policy": "compact", "retention.ms": 1000, "retention.bytes": 1000, "segment.bytes": 1 << 20,
             "segment.ms": 3000, "min.compaction.lag.ms": 86400000}
TOPICS = [
    *({"name": f"codec-{codec}", "partitions": 2} for codec in programs.ALL_CODECS),
    {"name": "idempotent", "partitions": 3},
    {"name": "append-time", "configs": {"message.timestamp.type": "LogAppendTime"}},
    {"name": "again", "partitions": 2},
    {"name": "configured", "configs": {"retention.ms": 86400000, "max.message.bytes": 2097152}},
    {"name": "compacted", "partitions": 2, "configs": COMPACTED},
    {"name": "segments", "configs": {"segment.bytes": 1 << 20}},
    {"name": "trimmed"},
    {"name": "empty"},
]


@dataclass
class Answers:
    """What a broker answers about all topics."""

    sha256: dict  # (topic, partition) -> sha256 of its records
    ids: dict  # topic -> id
    configs: dict  # topic -> configs set on it
    offsets: dict  # "-1", "-2", "-3" -> lines of kafka-get-offsets.sh


@dataclass
class Fixture:
    """A copy of Kafka's log dirs, and Kafka's answers before it was stopped."""

    name: str
    log_dirs: list
    answers: Answers

    def copy(self, folder):
        """Log dirs of its own for one broker."""
        return [Path(shutil.copytree(one, folder / one.name)) for one in self.log_dirs]


def observe(node, reader, java):
    """Asks a broker about everything that must stay the same; `reader` reads the records."""
    topics = java.must(op="describe")["topics"]
    offsets = {}
    for question in ("-1", "-2", "-3"):
        done = broker.run_kafka("kafka-get-offsets.sh", "--bootstrap-server", node.bootstrap, "--time", question)
        offsets[question] = sorted(done.stdout.split())
    sha256 = {}
    for topic, about in topics.items():
        for partition in range(about["partitions"]):
            sha256[topic, partition] = reader.must(op="consume", topic=topic, partition=partition, count=0)["sha256"]
    return Answers(sha256, {topic: about["id"] for topic, about in topics.items()},
                   {topic: about["configs"] for topic, about in topics.items()}, offsets)


class Writer:
    """Writes the history into Kafka."""

    def __init__(self, folder, node):
        self._corpora = folder / "corpus"
        self._java = programs.start("java", node.bootstrap, folder)
        self._others = [programs.start(name, node.bootstrap, folder) for name in ("confluent", "franz")]
        self.franz = self._others[1]
        self.java = self._java
        self._seed = 0

    def send(self, topic, partition=0, codec="none", idempotent=False, size=100, count=500):
        """A batch of records nobody has sent before."""
        self._seed += 1
        flavour = "keyed" if topic == "compacted" else "rich"
        records = corpus.write(self._corpora, flavour, size, count, self._seed)
        writer = [self._java, *self._others][self._seed % 3]
        writer.must(op="produce", topic=topic, partition=partition, codec=codec, acks="all", idempotent=idempotent,
                    records=str(records.path))

    def first(self):
        """The history up to the clean stop."""
        self._java.must(op="create", topics=TOPICS)
        for codec in programs.ALL_CODECS:
            for partition in range(2):
                for size in (20, KIB):
                    self.send(f"codec-{codec}", partition, codec, size=size)
            self.send("append-time", codec=codec)
            self.send("segments", codec=codec, size=4 * KIB, count=300)
            self.send("idempotent", self._seed % 3, codec, idempotent=True)
            self.send("trimmed", codec=codec)
        self.send("again", codec="gzip")
        self._java.must(op="delete", topics=["again"])
        time.sleep(1)
        self._java.must(op="create", topics=[{"name": "again", "partitions": 3}])
        self.send("again", 1, "lz4")
        self.send("configured")
        self._java.must(op="alter", topic="configured", set={"segment.bytes": 1048576, "flush.messages": 7},
                        unset=["retention.ms"])
        self.compacted()
        self._java.must(op="surround", topic="configured")
        self._java.must(op="trim", topic="trimmed", partition=0, before=777)
        time.sleep(2)  # the checkpoint of log starts

    def compacted(self):
        """Several segments of both partitions."""
        for partition in range(2):
            for codec in ("none", "zstd", "none"):
                self.send("compacted", partition, codec, size=KIB, count=900)

    def more(self):
        """The history after a restart, up to kill -9."""
        for codec in programs.ALL_CODECS:
            self.send(f"codec-{codec}", 1, codec)
            self.send("idempotent", 1, codec, idempotent=True)
            self.send("segments", codec=codec, size=KIB, count=700)
        self._java.must(op="delete", topics=["again", "empty"])
        time.sleep(1)
        self._java.must(op="create", topics=[{"name": "again"}, {"name": "late", "configs": {"retention.bytes": 99}}])
        self.send("again")
        self._java.must(op="alter", topic="late", set={"segment.ms": 86400000}, unset=["retention.bytes"])
        self.compacted()

    def close(self):
        """Ends the clients."""
        for one in (self._java, *self._others):
            one.close()


def build(folder, options):
    """Runs the history; returns the fixture of the clean stop and the one of the kill."""
    node = broker.Kafka(folder / "kafka", options, log_dirs=[folder / "kafka/a", folder / "kafka/b"],
                        overrides=OVERRIDES)
    node.start()
    writer = Writer(folder, node)
    fixtures = []
    try:
        for name, history, end in (("clean", writer.first, node.stop), ("killed", writer.more, node.kill)):
            if fixtures:
                node.start()
            history()
            answers = observe(node, writer.franz, writer.java)
            end()
            kept = [Path(shutil.copytree(one, folder / name / one.name)) for one in node.log_dirs]
            fixtures.append(Fixture(name, kept, answers))
    finally:
        writer.close()
    return fixtures
