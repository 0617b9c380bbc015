"""The list `wire`: the traps that clients set, byte by byte, and frames that never end.

Everything goes over plain sockets (rig.bytes). What is true of Apache Kafka is asked of Kafka too; an item that only
Corelog can show (limits of memory, APIs not built yet) is asked of Corelog only.
"""

import gzip
import socket
import struct
import time
from pathlib import Path

from rig import broker, places, programs
from rig import bytes as wire
from rig.bytes import Closed, Link, batch, produce

STALLED = 500
DECLARED = 100 << 20
RSS_MAX = 256 << 20
GZIP, ZSTD = 1, 4


class Wire:
    """The broker, its topics, and the report."""

    def __init__(self, node, java, report):
        self.node, self.java, self.report, self._made = node, java, report, 0

    def topic(self, **configs):
        """A fresh topic with one partition."""
        self._made += 1
        name = f"wire-{self._made}"
        self.java.must(op="create", topics=[{"name": name, "configs": configs}])
        return name

    def equal(self, name, wanted, found):
        """One item: what was answered is what is wanted."""
        self.report.item(f"wire/{name}", wanted == found, found if wanted == found else f"{found}, not {wanted}")


def run(options, report):
    """All traps on one fresh broker; a trap that breaks is one failed item."""
    folder = places.fresh("wire")
    node = broker.under_test(folder / "broker", options)
    node.start()
    java = programs.start("java", node.bootstrap, folder)
    try:
        bench = Wire(node, java, report)
        for trap in TRAPS + (ONLY_CORELOG if node.kind == "corelog" else []):
            if options.only in f"wire/{trap.__name__}":
                try:
                    trap(bench)
                except (Closed, OSError, ValueError, struct.error, RuntimeError) as error:
                    report.item(f"wire/{trap.__name__}", False, f"{type(error).__name__}: {error}")
        report.item("wire/clean stop", node.stop() == 0, "exit 0 wanted")
    finally:
        java.close()


def versions(bench):
    """Trap 1 and 2: the advertised ranges; an unknown version gets the v0 body and error 35."""
    with Link(bench.node.port) as link:
        for version in range(5):
            error, table = wire.api_versions(link, version)
            bench.equal(f"ApiVersions {version}", (0, True), (error, wire.PRODUCE in table))
        _, table = wire.api_versions(link)
        for name, key, wanted in (("Produce", 0, (0, 13)), ("Fetch", 1, (4, 18)), ("ListOffsets", 2, (1, 11)),
                                  ("Metadata", 3, (0, 13)), ("FindCoordinator", 10, (0, 6)),
                                  ("ApiVersions", 18, (0, 4)), ("CreateTopics", 19, (2, 7)),
                                  ("DeleteTopics", 20, (1, 6)), ("OffsetForLeaderEpoch", 23, (2, 4)),
                                  ("DescribeConfigs", 32, (1, 4)), ("DescribeCluster", 60, (0, 2)),
                                  ("DescribeTopicPartitions", 75, (0, 0))):
            bench.equal(f"range of {name}", wanted, table.get(key))
        bench.equal("range of InitProducerId begins", 0, table.get(22, (None,))[0])
        link.send(wire.API_VERSIONS, 99, b"", flexible=True)
        _, reader = link.answer()
        bench.equal("ApiVersions 99, error", 35, reader.int16())
        bench.equal("ApiVersions 99, connection lives", 0, wire.api_versions(link)[0])


def unknown_requests(bench):
    """Trap 2: any other unknown key or version closes the connection."""
    for name, key, version in (("key 999", 999, 0), ("Metadata 99", wire.METADATA, 99), ("Produce 2", 0, 2),
                               ("Fetch 3", 1, 3), ("LeaderAndIsr 0", 4, 0)):
        with Link(bench.node.port) as link:
            link.send(key, version, b"\0" * 16)
            bench.equal(f"{name} closes", True, link.closed())


def topic_ids(bench):
    """Trap 3: ids are real, new after delete and create, and the only name from Fetch 13 on."""
    name = bench.topic()
    with Link(bench.node.port) as link:
        first = wire.topic_id(link, name)
        bench.equal("topic id is real", True, first.int != 0)
        produce(link, name, batch([b"one"]))
        bench.equal("Produce 13 by id", (0, 1), wire.produce_by_id(link, first, batch([b"two"])))
        bench.equal("Fetch 13 by id", (0, 0), wire.fetch_by_id(link, first))
        bench.java.must(op="delete", topics=[name])
        bench.java.must(op="create", topics=[{"name": name}])
        second = wire.topic_id(link, name)
        bench.equal("topic id is new after delete and create", True, second.int != 0 and second != first)
        bench.equal("Fetch 13 by an old id", 100, max(filter(None, wire.fetch_by_id(link, first)), default=0))
        bench.equal("Produce 13 by an old id", 100, wire.produce_by_id(link, first, batch([b"late"]))[0])
        bench.equal("Fetch 18 by id", (0, 0), wire.fetch_by_id(link, second, version=18))


def whole_batches(bench):
    """Trap 4: a fetch into a batch returns the whole batch, the first one even above the limit."""
    name = bench.topic()
    with Link(bench.node.port) as link:
        sent = batch([b"v%d" % i for i in range(10)])
        produce(link, name, sent)
        produce(link, name, batch([b"w" * 5000]))
        error, high, records = wire.fetch(link, name, 7, max_bytes=100)
        bench.equal("fetch into a batch", (0, 11), (error, high))
        bench.equal("fetch into a batch, its first offset", 0, struct.unpack_from(">q", records)[0])
        bench.equal("fetch into a batch, bytes as sent", True, records[21 : len(sent)] == sent[21:])
        _, _, records = wire.fetch(link, name, 10, max_bytes=100)
        bench.equal("first batch above the limit", True, len(records) > 5000)
        bench.equal("fetch out of range", 1, wire.fetch(link, name, 99)[0])
        bench.equal("fetch at the end waits and is empty", (0, 11, b""), wire.fetch(link, name, 11))


def produce_errors(bench):
    """Trap 5: the codes clients act on."""
    name = bench.topic(**{"max.message.bytes": 2000})
    good = batch([b"one", b"two"])
    wrong = bytearray(good)
    wrong[-1] ^= 1
    count = wire.stamp(good[:57] + struct.pack(">i", 3) + good[61:])
    with Link(bench.node.port) as link:
        bench.equal("produce", (0, 0), produce(link, name, good))
        bench.equal("two batches", 87, produce(link, name, good + good)[0])
        bench.equal("wrong CRC", 2, produce(link, name, bytes(wrong))[0])
        bench.equal("wrong record count", 87, produce(link, name, count)[0])
        bench.equal("too large", 10, produce(link, name, batch([b"x" * 3000]))[0])
        bench.equal("zstd before Produce 7", 76, produce(link, name, batch([b"x"], codec=ZSTD), version=6)[0])
        bench.equal("unknown topic", 3, produce(link, "nowhere", good)[0])
        bench.equal("unknown partition", 3, produce(link, name, good, partition=9)[0])
        bench.equal("nothing of it was appended", (0, 2), (lambda e, t, o: (e, o))(*wire.offset_for(link, name, -1)))


def idempotence(bench):
    """Trap 5: five batches remembered, gaps refused, old epochs refused, an unknown producer may start anywhere."""
    name = bench.topic()
    with Link(bench.node.port) as link:
        pid, epoch = wire.producer_id(link)
        for sequence in range(7):
            produce(link, name, batch([b"%d" % sequence], producer=(pid, epoch, sequence)))
        bench.equal("duplicate of the fifth last", (0, 2), produce(link, name, batch([b"2"], producer=(pid, epoch, 2))))
        bench.equal("duplicate of the last", (0, 6), produce(link, name, batch([b"6"], producer=(pid, epoch, 6))))
        bench.equal("gap", 45, produce(link, name, batch([b"9"], producer=(pid, epoch, 9)))[0])
        bench.equal("next epoch", 0, produce(link, name, batch([b"n"], producer=(pid, epoch + 1, 0)))[0])
        bench.equal("old epoch", 47, produce(link, name, batch([b"o"], producer=(pid, epoch, 7)))[0])
        bench.equal("unknown producer starts anywhere", 0,
                    produce(link, name, batch([b"u"], producer=(pid + 5000, 0, 77)))[0])


def times(bench):
    """Trap 6: by time exact inside compressed batches, -1 where there is none, the special questions distinct."""
    name = bench.topic()
    base = 1_700_000_000_000
    with Link(bench.node.port) as link:
        produce(link, name, batch([b"%d" % i for i in range(10)], codec=GZIP, compress=gzip.compress, base_time=base,
                                  times=[i * 10 for i in range(10)]))
        produce(link, name, batch([b"later"], base_time=base + 1000))
        bench.equal("time inside a gzip batch", (0, base + 40, 4), wire.offset_for(link, name, base + 35))
        bench.equal("time of a record", (0, base + 50, 5), wire.offset_for(link, name, base + 50))
        bench.equal("time after all", (0, -1, -1), wire.offset_for(link, name, base + 5000))
        bench.equal("latest", (0, 11), wire.offset_for(link, name, -1)[::2])
        bench.equal("earliest", (0, 0), wire.offset_for(link, name, -2)[::2])
        bench.equal("max timestamp", (0, base + 1000, 10), wire.offset_asked(link, name, -3, 7))
        bench.equal("earliest local", (0, 0), wire.offset_asked(link, name, -4, 8)[::2])
        bench.equal("latest tiered", (0, -1), wire.offset_asked(link, name, -5, 9)[::2])


def no_acks(bench):
    """Trap 7: acks=0 never answers; its errors close the connection."""
    name = bench.topic()
    with Link(bench.node.port) as link:
        link.send(wire.PRODUCE, 7, wire.produce_body(name, 0, batch([b"silent"]), acks=0))
        bench.equal("acks=0 has no answer, the next request has", 0, wire.api_versions(link)[0])
    with Link(bench.node.port) as link:
        link.send(wire.PRODUCE, 7, wire.produce_body("nowhere", 0, batch([b"lost"]), acks=0))
        bench.equal("acks=0 to an unknown topic closes", True, link.closed())


def in_order(bench):
    """Answers come in the order of the requests, whatever each waits for."""
    name = bench.topic()
    with Link(bench.node.port) as link:
        sent = []
        for number in range(20):
            sent.append(link.send(wire.PRODUCE, 7, wire.produce_body(name, 0, batch([b"%d" % number]))))
            sent.append(link.send(wire.API_VERSIONS, 0, b""))
        offsets, order = [], []
        for number in range(40):
            correlation, reader = link.answer()
            order.append(correlation)
            if number % 2 == 0:
                offsets.append(wire.produced(reader))
        bench.equal("pipelined answers in order", True, order == sent)
        bench.equal("pipelined offsets in order", True, offsets == [(0, number) for number in range(20)])


def coordinators(bench):
    """Trap 8: before groups and transactions exist."""
    with Link(bench.node.port) as link:
        for version in (0, 2):
            body = wire.string("group") + (b"\0" if version else b"")
            reader = link.ask(wire.FIND_COORDINATOR, version, body)
            if version:
                reader.int32()
            bench.equal(f"FindCoordinator {version} of a group", 15, reader.int16())
        reader = link.ask(wire.FIND_COORDINATOR, 2, wire.string("transaction") + b"\1")
        reader.int32()
        error = reader.int16()
        bench.report.item("wire/FindCoordinator of a transaction is fatal", error not in (0, 14, 15, 16), error)


def stalled_frames(bench):
    """500 connections declare 100 MiB and stall; memory stays in the budget and others are served."""
    def rss():
        pages = int(Path(f"/proc/{bench.node.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096

    name, before, links = bench.topic(), rss(), []
    try:
        for _ in range(STALLED):
            link = socket.create_connection(("127.0.0.1", bench.node.port), timeout=10)
            links.append(link)
            link.sendall(struct.pack(">ihhi", DECLARED, wire.PRODUCE, 7, 1) + b"\0" * 2000)
        time.sleep(2)
        loaded = rss()
        with Link(bench.node.port) as link:
            bench.equal("others are served beside stalled frames", 0, produce(link, name, batch([b"alive"]))[0])
    finally:
        for link in links:
            link.close()
    bench.report.item("wire/stalled frames stay in the budget", loaded <= RSS_MAX,
                      f"RSS {before / 1e6:.0f} MB, then {loaded / 1e6:.0f} MB with {STALLED} x 100 MiB declared")


TRAPS = [versions, unknown_requests, topic_ids, whole_batches, produce_errors, idempotence, times, no_acks, in_order]
ONLY_CORELOG = [coordinators, stalled_frames]
