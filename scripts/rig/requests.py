"""The requests that the raw lists send, in any version, and their answers as plain values."""

import time
from dataclasses import dataclass

from rig.raw import (API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS, FETCH, FIND_COORDINATOR, INIT_PRODUCER_ID,
                     LIST_OFFSETS, METADATA, PRODUCE, Body)

MIB = 1 << 20
SERVED_SECONDS_MAX = 180
REQUEST_TIMED_OUT = 7


def api_versions_body(version):
    body = Body(API_VERSIONS, version)
    if version >= 3:
        body.text("raw").text("1.0").end()
    return body.bytes()


def read_api_versions(reply, version):
    """Error, and ranges by key."""
    reply.flexible = version >= 3
    error, ranges = reply.get("h"), {}
    for _ in range(reply.array()):
        key, low, high = reply.get("hhh")
        ranges[key] = (low, high)
        reply.end()
    if version >= 1:
        reply.get("i")
    reply.end()
    reply.done()
    return error, ranges


def api_versions(link, version):
    """Error, and ranges by key."""
    return read_api_versions(link.ask(API_VERSIONS, version, api_versions_body(version)), version)


def metadata(link, name=None, topic_id=None, version=12):
    """Error and id of one topic, by name or by id (version 10 and up)."""
    body = Body(METADATA, version).array(1).raw(topic_id.bytes if topic_id else bytes(16)).text(name).end()
    reply = link.ask(METADATA, version, body.put("bb", 0, 0).end().bytes())
    reply.get("i")
    for _ in range(reply.array()):
        reply.get("i"), reply.text(), reply.get("i"), reply.text(), reply.end()
    reply.text(), reply.get("i")
    if reply.array() != 1:
        raise ValueError("not one topic in the answer")
    error = reply.get("h")
    reply.text()
    return error, reply.uuid()


def create(link, name, partitions=1, **configs):
    """CreateTopics 7: error and id. Underscores of keys stand for dots."""
    body = Body(CREATE_TOPICS, 7).array(1).text(name).put("ih", partitions, 1).array(0).array(len(configs))
    for key, value in configs.items():
        body.text(key.replace("_", ".")).text(str(value)).end()
    reply = link.ask(CREATE_TOPICS, 7, body.end().put("ib", 10_000, 0).end().bytes())
    reply.get("i"), reply.array(), reply.text()
    topic_id = reply.uuid()
    return reply.get("h"), topic_id


def create_served(link, name, partitions=1, **configs):
    """Creates a topic and waits until all its leaders serve; its id."""
    error, topic_id = create(link, name, partitions, **configs)
    if error not in (0, REQUEST_TIMED_OUT):  # a large topic is made, but not within the time of the request
        raise RuntimeError(f"CreateTopics of {name}: error {error}")
    deadline = time.monotonic() + SERVED_SECONDS_MAX
    for partition in range(partitions):
        while offset_at(link, name, -1, partition=partition)[0]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no leader for {name}-{partition}")
            time.sleep(0.02)
    return topic_id if not error else metadata(link, name)[1]


def delete(link, name):
    """DeleteTopics 6 by name: error."""
    body = Body(DELETE_TOPICS, 6).array(1).text(name).raw(bytes(16)).end().put("i", 10_000).end()
    reply = link.ask(DELETE_TOPICS, 6, body.bytes())
    reply.get("i"), reply.array(), reply.text(), reply.uuid()
    return reply.get("h")


def _topic(body, topic):
    """A topic by name or by id."""
    return body.text(topic) if isinstance(topic, str) else body.raw(topic.bytes)


def produce_body(version, topic, parts, acks=-1, timeout_ms=30_000):
    """`parts`: batch by partition. `topic`: name, or id from version 13 on."""
    body = Body(PRODUCE, version).text(None).put("hi", acks, timeout_ms).array(1)
    _topic(body, topic).array(len(parts))
    for partition, batch in parts.items():
        body.put("i", partition).data(batch).end()
    return body.end().end().bytes()


def read_produce(reply, version):
    """Error, base offset, log append time by partition of the one topic."""
    found = {}
    for _ in range(reply.array()):
        reply.uuid() if version >= 13 else reply.text()
        for _ in range(reply.array()):
            partition, *answer = reply.get("ihqq")
            found[partition] = tuple(answer)
            if version >= 5:
                reply.get("q")
            if version >= 8:
                for _ in range(reply.array()):
                    reply.get("i"), reply.text(), reply.end()
                reply.text()
            reply.end()
        reply.end()
    reply.get("i")
    reply.end()
    reply.done()
    return found


def produce(link, topic, batch, version=9, partition=0, acks=-1):
    """One batch: error and base offset."""
    reply = link.ask(PRODUCE, version, produce_body(version, topic, {partition: batch}, acks))
    return read_produce(reply, version)[partition][:2]


@dataclass(frozen=True)
class Want:
    """What a fetch asks of every partition, and how long it may wait. `all_bytes` is over all partitions."""

    offset: int = 0
    wait_ms: int = 0
    min_bytes: int = 0
    max_bytes: int = MIB
    all_bytes: int = 0
    epoch: int = -1


def fetch_body(version, topic, partitions, want):
    """A full fetch. `topic`: name, or id from version 13 on."""
    body = Body(FETCH, version)
    if version < 15:
        body.put("i", -1)
    body.put("iiib", want.wait_ms, want.min_bytes, want.all_bytes or want.max_bytes, 0)
    if version >= 7:
        body.put("ii", 0, -1)
    _topic(body.array(1), topic).array(len(partitions))
    for partition in partitions:
        body.put("i", partition)
        if version >= 9:
            body.put("i", want.epoch)
        body.put("q", want.offset)
        if version >= 12:
            body.put("i", -1)
        if version >= 5:
            body.put("q", -1)
        body.put("i", want.max_bytes).end()
    body.end()
    if version >= 7:
        body.array(0)
    if version >= 11:
        body.text("")
    return body.end().bytes()


def read_fetch(reply, version):
    """Error, high watermark, records by partition of the one topic; error of the whole as partition -1."""
    reply.get("i")
    found = {}
    if version >= 7:
        error, session = reply.get("hi")
        if error or session:
            found[-1] = (error, session, b"")
    for _ in range(reply.array()):
        reply.uuid() if version >= 13 else reply.text()
        for _ in range(reply.array()):
            partition, error, high_watermark, _ = reply.get("ihqq")
            if version >= 5:
                reply.get("q")
            for _ in range(reply.array()):
                reply.get("qq"), reply.end()
            if version >= 11:
                reply.get("i")
            found[partition] = (error, high_watermark, reply.bytes() or b"")
            reply.end()
        reply.end()
    reply.end()
    reply.done()
    return found


def fetch(link, topic, version=12, partition=0, **want):
    """One partition: error, high watermark, records."""
    reply = link.ask(FETCH, version, fetch_body(version, topic, [partition], Want(**want)))
    return read_fetch(reply, version)[partition]


def offset_at(link, topic, timestamp, version=11, partition=0):
    """ListOffsets: error, timestamp, offset."""
    body = Body(LIST_OFFSETS, version).put("i", -1)
    if version >= 2:
        body.put("b", 0)
    body.array(1).text(topic).array(1).put("i", partition)
    if version >= 4:
        body.put("i", -1)
    body.put("q", timestamp).end().end()
    if version >= 10:
        body.put("i", 5000)
    reply = link.ask(LIST_OFFSETS, version, body.end().bytes())
    if version >= 2:
        reply.get("i")
    reply.array(), reply.text(), reply.array(), reply.get("i")
    found = reply.get("hqq")
    if version >= 4:
        reply.get("i")
    reply.end(), reply.end(), reply.end()
    reply.done()
    return found


def find_coordinator(link, kind, version, key="someone"):
    """Error and (node id, host, port) for one key of type 0 group, 1 transaction, 2 share group."""
    body = Body(FIND_COORDINATOR, version)
    if version < 4:
        body.text(key)
    if version >= 1:
        body.put("b", kind)
    if version >= 4:
        body.array(1).text(key)
    reply = link.ask(FIND_COORDINATOR, version, body.end().bytes())
    if version >= 1:
        reply.get("i")
    if version >= 4:
        if (reply.array(), reply.text()) != (1, key):
            raise ValueError("not this one key in the answer")
        place = reply.get("i"), reply.text(), reply.get("i")
        error, _ = reply.get("h"), reply.text()
        reply.end()
    else:
        error, _ = reply.get("h"), reply.text() if version >= 1 else None
        place = reply.get("i"), reply.text(), reply.get("i")
    reply.end()
    reply.done()
    return error, place


def init_producer_id(link, transactional=None, version=4):
    """Error, producer id, epoch."""
    body = Body(INIT_PRODUCER_ID, version).text(transactional).put("i", 60_000)
    if version >= 3:
        body.put("qh", -1, -1)
    reply = link.ask(INIT_PRODUCER_ID, version, body.end().bytes())
    reply.get("i")
    return reply.get("hqh")
