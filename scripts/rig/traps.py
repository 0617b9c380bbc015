"""The traps that clients set, byte by byte, on raw sockets: ranges, unknown versions, ids, error codes, offsets, acks.

Everything here is one broker with one log dir. `--broker kafka` shows which of it Apache Kafka does as well; the
items that only hold while there are no transactions are left out there.
"""

import struct
import threading
import time

from rig import batches, deletion, requests, sessions
from rig.batches import CODECS, batch
from rig.group_requests import coordinate
from rig.raw import FETCH, API_VERSIONS, METADATA, PRODUCE, Closed, Link
from rig.requests import create, fetch, find_coordinator, init_producer_id, metadata, offset_at, produce

# Kafka 4.2's ranges of what has to be built, first versions as they must be advertised.
RANGES = {0: (0, 13), 1: (4, 18), 2: (1, 11), 3: (0, 13), 8: (2, 10), 9: (1, 10), 10: (0, 6), 11: (0, 9), 12: (0, 4),
          13: (0, 5), 14: (0, 5), 15: (0, 6), 16: (0, 5), 18: (0, 4), 19: (2, 7), 20: (1, 6), 21: (0, 2), 22: (0, 5),
          23: (2, 4), 32: (1, 4), 42: (0, 2), 47: (0, 0), 60: (0, 2), 68: (0, 1), 69: (0, 1), 75: (0, 0)}
UNSUPPORTED, DAMAGED, TOO_LARGE, INVALID, CODEC, GAP, OLD_EPOCH = 35, 2, 10, 87, 76, 45, 47


class Checks:
    """The checks of one item: what, what was found, what was wanted."""

    def __init__(self):
        self.count, self.wrong = 0, []

    def same(self, what, found, wanted):
        self.count += 1
        if found != wanted:
            self.wrong.append(f"{what}: {found} instead of {wanted}")

    def true(self, what, found):
        self.same(what, bool(found), True)

    def report(self, report, name):
        report.item(f"wire/{name}", self.count and not self.wrong, f"{self.count - len(self.wrong)} of {self.count}")
        for line in self.wrong[:8]:
            report.note(line)


def run(node, report, kafka):
    """Every trap but those about files; `node` runs, and is restarted once."""
    for name, item in ITEMS.items():
        if kafka and item in (ranges, transactions, deletion.durable):
            continue
        checks = Checks()
        try:
            item(node, checks)
        except (Closed, OSError, ValueError, IndexError, KeyError, struct.error) as error:
            checks.same("the item", f"{type(error).__name__} {error}", "no error")
        checks.report(report, name)


def ranges(node, checks):
    """Trap 1, and the response header of version 0 in every version."""
    for version in range(5):
        with Link(node.port) as link:
            error, found = requests.api_versions(link, version)
            checks.same(f"error of v{version}", error, 0)
            checks.same(f"ranges in v{version}", found, RANGES)


def unknown_api_versions(node, checks):
    """Trap 2: a body of version 0, error 35, and the connection lives."""
    for version in (99, 32767, -1):
        with Link(node.port) as link:
            # What such a version looks like is unknown, so it comes with the newest header and a body of anything.
            body = b"\0" + requests.api_versions_body(4)
            link.socket.sendall(link.frame(API_VERSIONS, 4, body).replace(
                struct.pack(">hh", API_VERSIONS, 4), struct.pack(">hh", API_VERSIONS, version), 1))
            reply = link.answer(API_VERSIONS, 0, link.correlation)
            error, found = requests.read_api_versions(reply, 0)
            checks.same(f"error of v{version}", error, 35)
            checks.true(f"v{version} lists key 18", found.get(18, (1, 0))[1] >= 3)
            checks.same("the same connection asks again", requests.api_versions(link, 3)[0], 0)
    with Link(node.port) as link:
        body = requests.Body(API_VERSIONS, 3).text("no spaces, please").text("1.0").end().bytes()
        reply = link.ask(API_VERSIONS, 3, body)
        checks.same("software named against the pattern", reply.get("h"), 42)
        checks.same("it asks again", requests.api_versions(link, 0)[0], 0)


def unknown_others(node, checks):
    """Trap 2: close without a word."""
    with Link(node.port) as link:
        _, listed = requests.api_versions(link, 3)
    above = [(key, high + 1) for key, (_, high) in listed.items() if key != API_VERSIONS]
    below = [(key, low - 1) for key, (low, _) in listed.items() if low > 0]
    for key, version in [*above, *below, (PRODUCE, 2), (PRODUCE, -1), (FETCH, 3), (METADATA, 32767),
                         (999, 0), (-1, 0), (4, 0), (7, 0)]:
        with Link(node.port) as link:
            link.send(key, version, bytes(40))
            checks.true(f"key {key} version {version} closes", link.is_closed())
    for key in set(range(95)) - set(listed):
        with Link(node.port) as link:
            link.send(key, 0, bytes(40))
            checks.true(f"key {key}, not advertised, closes", link.is_closed())


def all_versions(node, checks):
    """What is advertised is answered: produce, fetch, offsets, producer ids in every version."""
    with Link(node.port) as link:
        checks.same("create", create(link, "versions")[0], 0)
        _, topic_id = metadata(link, "versions")
        sent = batch([b"one", b"two"])
        for at, version in enumerate(range(3, 14)):
            topic = topic_id if version >= 13 else "versions"
            checks.same(f"produce {version}", produce(link, topic, sent, version), (0, at * 2))
        for version in range(4, 19):
            topic = topic_id if version >= 13 else "versions"
            error, high_watermark, got = fetch(link, topic, version, offset=4, max_bytes=len(sent))
            checks.same(f"fetch {version}", (error, high_watermark, got[16:]), (0, 22, sent[16:]))
        for version in range(1, 12):
            checks.same(f"offsets {version}", offset_at(link, "versions", -1, version), (0, -1, 22))
        ids = [init_producer_id(link, version=version) for version in range(6)]
        checks.same("producer ids", [(error, epoch) for error, _, epoch in ids], [(0, 0)] * 6)
        checks.same("no producer id twice", len({one for _, one, _ in ids}), 6)


def topic_ids(node, checks):
    """Trap 3: real, durable, new after delete and create; 13 and up know topics by id only."""
    sent = batch([b"value"])
    with Link(node.port) as link:
        _, created = create(link, "again", partitions=2)
        checks.same("metadata has the id of create", metadata(link, "again"), (0, created))
        checks.true("it is not zero", created.int)
        checks.same("metadata by id", metadata(link, topic_id=created), (0, created))
    node.kill()
    node.start()
    with Link(node.port) as link:
        checks.same("it survives kill -9", metadata(link, "again"), (0, created))
        checks.same("delete", requests.delete(link, "again"), 0)
        checks.same("gone", metadata(link, "again")[0], 3)
        checks.same("gone by id", metadata(link, topic_id=created)[0], 100)
        error, other = create(link, "again", partitions=2)
        checks.true("another id", error == 0 and other != created)
        checks.same("produce 13 by the new id", produce(link, other, sent, 13), (0, 0))
        checks.same("produce 13 by the old id", produce(link, created, sent, 13)[0], 100)
        for version in (13, 16, 18):
            checks.same(f"fetch {version} by the new id", fetch(link, other, version)[0], 0)
            checks.same(f"fetch {version} by the old id", fetch(link, created, version)[0], 100)
        checks.same("produce by id, no such partition", produce(link, other, sent, 13, partition=9)[0], 3)
        checks.same("fetch by id, no such partition", fetch(link, other, 13, partition=9)[0], 3)
    parked_over_delete(node, checks, other)


def recreated(node, checks):
    """Trap 3: deleted and created again at once, on whichever core the new id falls; all partitions take records."""
    sent, refused = batch([b"value"]), 0
    with Link(node.port) as link:
        for _ in range(150):
            _, first = create(link, "recreated", partitions=8)
            requests.delete(link, "recreated")
            error, topic_id = create(link, "recreated", partitions=8)
            checks.true("another id", error == 0 and topic_id != first)
            refused += any(produce(link, topic_id, sent, 13, partition=at, acks=1)[0] for at in range(8))
            requests.delete(link, "recreated")
    checks.same("new topics that refuse a first record", refused, 0)


def parked_over_delete(node, checks, topic_id):
    """A fetch waits by id while its topic is deleted and made again: it must not see the new one."""
    answers = []

    def wait():
        with Link(node.port) as link:
            started = time.monotonic()
            answers.append((fetch(link, topic_id, 13, offset=1, wait_ms=8000, min_bytes=1)[0],
                            time.monotonic() - started))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    with Link(node.port) as link:
        requests.delete(link, "again")
        _, third = create(link, "again", partitions=2)
        for _ in range(3):
            produce(link, third, batch([b"of the new topic"]), 13)
    waiting.join()
    checks.true(f"a parked fetch ends with 100, 103, 3 or nothing: {answers}",
                answers and answers[0][0] in (0, 3, 100, 103) and answers[0][1] < 9)
    with Link(node.port) as link:
        checks.true("and then with 100 or 103", fetch(link, topic_id, 13, offset=1)[0] in (100, 103))


def whole_batches(node, checks):
    """Trap 4: a fetch into a batch gets the whole batch, first as it was sent but for offset and epoch."""
    with Link(node.port) as link:
        create(link, "whole")
        for codec in CODECS:
            sent = batch([b"value %d" % at for at in range(10)], codec)
            error, base = produce(link, "whole", sent)
            checks.same(f"produce {codec}", error, 0)
            for inside in (0, 1, 7, 9):
                error, end, got = fetch(link, "whole", offset=base + inside)
                checks.same(f"{codec} at {inside}", (error, end, got[:8]), (0, base + 10, struct.pack(">q", base)))
                checks.true(f"{codec} at {inside}: bytes as sent", got[16 : len(sent)] == sent[16:])
            checks.same(f"{codec} above the limit", len(fetch(link, "whole", offset=base + 3, max_bytes=1)[2]), len(sent))
        end = 10 * len(CODECS)
        checks.same("at the end", fetch(link, "whole", offset=end), (0, end, b""))
        checks.same("beyond the end", fetch(link, "whole", offset=end + 1)[0], 1)
        checks.same("an older leader epoch", fetch(link, "whole", epoch=1 << 20)[0], 75)


def refusals(node, checks):
    """Trap 5: codes for what cannot be appended; nothing of it is."""
    values, good = [b"some", b"values"], batch([b"some", b"values"])
    flipped = bytearray(good)
    flipped[-1] ^= 1
    cases = {
        "nothing": (b"", INVALID), "two batches": (good * 2, INVALID),
        "more records than offsets": (batch(values, count=3), INVALID),
        "fewer records than offsets": (batch(values, last_delta=4), INVALID),
        "a flipped bit": (bytes(flipped), DAMAGED), "too large": (batch([bytes(5000)]), TOO_LARGE),
        "an unknown codec": (batch(values, attributes=5), CODEC),
    }
    with Link(node.port) as link:
        create(link, "refused", max_message_bytes=4000)
        for what, (sent, error) in cases.items():
            checks.same(what, produce(link, "refused", sent), (error, -1))
        half = produce(link, "refused", good[:-1])[0]
        checks.true(f"half a batch, {half}", half in (INVALID, DAMAGED))
        old = produce(link, "refused", batch(values, magic=1))[0]
        checks.true(f"magic 1, {old}", old in (INVALID, DAMAGED, 43))
        checks.same("zstd for version 6", produce(link, "refused", batch(values, "zstd"), 6)[0], CODEC)
        checks.same("acks 2", produce(link, "refused", good, acks=2)[0], 21)
        checks.same("no such topic", produce(link, "nowhere", good)[0], 3)
        checks.same("no such partition", produce(link, "refused", good, partition=7)[0], 3)
        checks.same("fetch of no such topic", fetch(link, "nowhere")[0], 3)
        checks.same("offsets of no such topic", offset_at(link, "nowhere", -1)[0], 3)
        checks.same("nothing was appended", produce(link, "refused", good), (0, 0))


def sequences(node, checks):
    """Trap 5: duplicates, gaps, epochs, and producers nobody knows."""
    def one(sequence, producer, epoch=0):
        return produce(link, "sequences", batch([b"value"], producer=(producer, epoch, sequence)))

    with Link(node.port) as link:
        create(link, "sequences")
        _, producer, _ = init_producer_id(link)
        checks.same("in order", [one(at, producer) for at in range(7)], [(0, at) for at in range(7)])
    for moment in ("before", "after"):
        with Link(node.port) as link:
            checks.same(f"duplicates {moment} kill -9 keep their offsets",
                        [one(at, producer) for at in range(2, 7)], [(0, at) for at in range(2, 7)])
            checks.same(f"a gap {moment} kill -9", one(8, producer)[0], GAP)
        if moment == "before":
            node.kill()
            node.start()
    with Link(node.port) as link:
        checks.same("a new epoch", one(0, producer, 1)[0], 0)
        checks.same("an old epoch", one(7, producer)[0], OLD_EPOCH)
        checks.same("a new epoch not from 0", one(5, producer, 2)[0], GAP)
        checks.same("an unknown producer starts anywhere", one(77, producer + 1000)[0], 0)
        checks.same("and goes on from there", [one(78, producer + 1000)[0], one(90, producer + 1000)[0]], [0, GAP])
        _, later, _ = init_producer_id(link)
        checks.true("no producer id is handed out again", later > producer)


def offsets_by_time(node, checks):
    """Trap 6: exact inside compressed batches, over rolled segments; special questions are distinct."""
    start = batches.now_ms() - 1_000_000
    with Link(node.port) as link:
        create(link, "times", segment_bytes=1 << 20)
        for lap in range(10):
            for place, codec in enumerate(CODECS):
                first = (lap * 5 + place) * 10
                times = [start + (first + at) * 10 for at in range(10)]
                checks.same("produce", produce(link, "times", batch([bytes(6000)] * 10, codec, times))[0], 0)
        for at in range(0, 500, 7):
            when = start + at * 10
            checks.same(f"time of {at}", offset_at(link, "times", when), (0, when, at))
            checks.same(f"just before {at}", offset_at(link, "times", when - 9), (0, when, at))
        checks.same("after all", offset_at(link, "times", start + 4991), (0, -1, -1))
        checks.same("before all", offset_at(link, "times", 0), (0, start, 0))
        late = [start + 9000, start + 8000, start + 7000]
        produce(link, "times", batch([b"late"] * 3, "gzip", late))
        checks.same("times that fall inside a batch", offset_at(link, "times", start + 8500), (0, start + 9000, 500))
        checks.same("-1, latest", offset_at(link, "times", -1), (0, -1, 503))
        checks.same("-2, earliest", offset_at(link, "times", -2), (0, -1, 0))
        checks.same("-3, greatest time", offset_at(link, "times", -3), (0, start + 9000, 500))
        checks.same("-4, earliest here", offset_at(link, "times", -4), (0, -1, 0))
        checks.same("-5, latest elsewhere", offset_at(link, "times", -5)[::2], (0, -1))
        checks.same("-6, earliest to be moved", offset_at(link, "times", -6)[0], 0)
        create(link, "no-times")
        checks.same("-3 of nothing", offset_at(link, "no-times", -3), (0, -1, -1))
        checks.same("a time in nothing", offset_at(link, "no-times", start), (0, -1, -1))


def silence(node, checks):
    """Trap 7: acks=0 is never answered; its errors close."""
    with Link(node.port) as link:
        create(link, "silent")
        sent = batch([b"value"])
        for _ in range(50):
            link.send(PRODUCE, 7, requests.produce_body(7, "silent", {0: sent}, acks=0))
        checks.same("the first answer is to the last", produce(link, "silent", sent, acks=1), (0, 50))
        link.send(PRODUCE, 7, requests.produce_body(7, "silent", {0: sent}, acks=0))
        checks.true("nothing comes", not link.readable(0.5))
    for what, (topic, data) in {"no topic": ("nowhere", sent), "bad batch": ("silent", sent[:-1] + b"?")}.items():
        with Link(node.port) as link:
            link.send(PRODUCE, 7, requests.produce_body(7, topic, {0: data}, acks=0))
            checks.true(f"{what} closes", link.is_closed())


def pipelined(node, checks):
    """Answers leave in the order of their requests, whatever each of them waits for."""
    sent, kinds = batch([b"value"]), []
    with Link(node.port) as link:
        create(link, "pipelined")
        poll = requests.Want(offset=1 << 40, wait_ms=50, min_bytes=1)
        for at in range(60):
            key, version, body = (
                (PRODUCE, 9, requests.produce_body(9, "pipelined", {0: sent})),
                (API_VERSIONS, 0, b""),
                (FETCH, 12, requests.fetch_body(12, "pipelined", [0], poll)),
            )[at % 3]
            kinds.append((key, version, link.send(key, version, body)))
        offsets = []
        for key, version, correlation in kinds:
            reply = link.answer(key, version, correlation)  # another order is an error here
            if key == PRODUCE:
                offsets.append(requests.read_produce(reply, version)[0][:2])
        checks.same("offsets in request order", offsets, [(0, at) for at in range(20)])


def coordinators(node, checks):
    """Trap 8: this node coordinates every group, from the first question on. Kafka asks for patience while it makes
    the topic for it."""
    with Link(node.port) as link:
        if node.kind == "kafka":
            coordinate(link)
        for version in range(7):
            found = find_coordinator(link, 0, version)
            checks.same(f"group, v{version}", found, (0, (1, "127.0.0.1", node.port)))


def transactions(node, checks):
    """Trap 8: what is not built is refused for good, or clients would search for ever."""
    with Link(node.port) as link:
        for version in range(1, 7):
            found = find_coordinator(link, 1, version)
            checks.same(f"transaction, v{version}", found, (UNSUPPORTED, (-1, "", -1)))
        found, *_ = init_producer_id(link, "a-transaction")
        checks.same("producer id of a transaction", found, UNSUPPORTED)


ITEMS = {
    "trap 1, ranges and header": ranges, "trap 2, unknown ApiVersions": unknown_api_versions,
    "trap 2, other unknown requests": unknown_others, "every advertised version": all_versions,
    "trap 3, topic ids": topic_ids, "trap 3, deleted and made again": recreated,
    "trap 4, whole batches": whole_batches, "trap 5, refusals": refusals,
    "trap 5, sequences": sequences, "trap 6, offsets by time": offsets_by_time, "trap 7, acks=0": silence,
    "trap 8, coordinators": coordinators, "trap 8, transactions": transactions, "pipelined requests": pipelined,
    **sessions.ITEMS, **deletion.ITEMS,
}
