"""The Kafka protocol by hand, as far as the list `wire` needs it: frames, a few requests, one record batch.

No client library stands between the test and the bytes. Only what a test asks for is here, in the versions it needs.
"""

import socket
import struct
import time
import uuid

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, FIND_COORDINATOR, INIT_PRODUCER_ID = 0, 1, 2, 3, 18, 10, 22
HEADER = struct.Struct(">qiibIhiqqqhii")  # of a record batch


class Closed(Exception):
    """The broker closed the connection."""


class Link:
    """One connection. `ask` sends a request and returns a Reader over the body of its answer."""

    def __init__(self, port, timeout=10):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, key, version, body, flexible=False):
        """A request frame; returns its correlation id."""
        self._correlation += 1
        head = struct.pack(">hhi", key, version, self._correlation) + string("wire") + (b"\0" if flexible else b"")
        self.raw(struct.pack(">i", len(head) + len(body)) + head + body)
        return self._correlation

    def raw(self, data):
        """Bytes as they are."""
        self._socket.sendall(data)

    def answer(self, flexible=False):
        """The next answer: (correlation id, Reader). ApiVersions has a header without tags in every version."""
        (size,) = struct.unpack(">i", self._exactly(4))
        reader = Reader(self._exactly(size))
        correlation = reader.int32()
        if flexible:
            reader.tags()
        return correlation, reader

    def ask(self, key, version, body, flexible=False):
        """A request and its answer."""
        sent = self.send(key, version, body, flexible)
        correlation, reader = self.answer(flexible and key != API_VERSIONS)
        if correlation != sent:
            raise ValueError(f"answer {correlation} to request {sent}")
        return reader

    def closed(self, seconds=5):
        """Whether the broker closes within the time, without an answer."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def _exactly(self, count):
        parts = []
        while count:
            try:
                part = self._socket.recv(min(count, 1 << 20))
            except ConnectionResetError as error:
                raise Closed from error
            if not part:
                raise Closed
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


class Reader:
    """Takes fields off an answer, in order."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        """One fixed-size field."""
        (value,) = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def int8(self):
        return self.take("b")

    def int16(self):
        return self.take("h")

    def int32(self):
        return self.take("i")

    def int64(self):
        return self.take("q")

    def uuid(self):
        """A topic id."""
        self.at += 16
        return uuid.UUID(bytes=self.data[self.at - 16 : self.at])

    def varint(self):
        """An unsigned varint."""
        value, shift = 0, 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def bytes(self, length):
        """That many bytes; None for a negative length."""
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length : self.at]

    def string(self):
        """A nullable string."""
        return self.bytes(self.int16())

    def compact(self):
        """A compact nullable string or byte string."""
        return self.bytes(self.varint() - 1)

    def tags(self):
        """Skips tagged fields."""
        for _ in range(self.varint()):
            self.varint()
            self.bytes(self.varint())

    @property
    def done(self):
        """Whether nothing is left."""
        return self.at == len(self.data)


def string(text):
    """A string."""
    return struct.pack(">h", len(text)) + text.encode()


def varint(value):
    """An unsigned varint."""
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def zigzag(value):
    """A signed varint, as records have it."""
    return varint((value << 1) ^ (value >> 63))


def crc32c(data):
    """CRC-32C, by table."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _table():
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        yield value


TABLE = list(_table())


def record(delta, value, time_delta=0):
    """One record without key and headers."""
    body = b"\0" + zigzag(time_delta) + zigzag(delta) + zigzag(-1) + zigzag(len(value)) + value + zigzag(0)
    return zigzag(len(body)) + body


def batch(values, codec=0, compress=bytes, producer=(-1, -1, -1), base_time=1_700_000_000_000, times=None, magic=2):
    """A batch: `codec` is the number in the attributes, `compress` makes it true; `times` are deltas per record."""
    times = times or [0] * len(values)
    records = compress(b"".join(record(i, value, times[i]) for i, value in enumerate(values)))
    header = HEADER.pack(0, 49 + len(records), -1, magic, 0, codec, len(values) - 1, base_time, base_time + max(times),
                         *producer, len(values))
    return stamp(header + records)


def stamp(data):
    """The batch with a right CRC."""
    return data[:17] + struct.pack(">I", crc32c(data[21:])) + data[21:]


def produce_body(topic, partition, records, acks=-1, timeout=10_000, transactional=False):
    """Produce 3 to 8."""
    head = struct.pack(">hhii", -1, acks, timeout, 1)
    return head + string(topic) + struct.pack(">iii", 1, partition, len(records)) + records


def produce(link, topic, records, version=7, partition=0, acks=-1):
    """Produces one partition; returns (error, base offset)."""
    return produced(link.ask(PRODUCE, version, produce_body(topic, partition, records, acks)))


def produced(reader):
    """(error, base offset) of an answer with one partition."""
    reader.int32()
    reader.string()
    reader.int32()
    reader.int32()
    return reader.int16(), reader.int64()


def produce_by_id(link, topic_id, records):
    """Produce 13, which names topics by id; returns (error, base offset)."""
    body = b"\0" + struct.pack(">hi", -1, 10_000) + varint(2) + topic_id.bytes + varint(2) + struct.pack(">i", 0)
    body += varint(len(records) + 1) + records + b"\0\0\0"
    reader = link.ask(PRODUCE, 13, body, flexible=True)
    reader.varint(), reader.uuid(), reader.varint(), reader.int32()
    return reader.int16(), reader.int64()


def fetch(link, topic, offset, version=11, partition=0, max_bytes=1 << 20, wait=100):
    """Fetch 11 of one partition without a session; returns (error, high watermark, records)."""
    body = struct.pack(">iiiibiii", -1, wait, 1, max_bytes, 0, 0, -1, 1) + string(topic)
    body += struct.pack(">iiiqqi", 1, partition, -1, offset, -1, max_bytes) + struct.pack(">i", 0) + string("")
    reader = link.ask(FETCH, version, body)
    reader.int32(), reader.int16(), reader.int32()
    if reader.int32() == 0:
        return None, -1, b""
    reader.string(), reader.int32(), reader.int32()
    error, high = reader.int16(), reader.int64()
    reader.int64(), reader.int64()
    for _ in range(max(reader.int32(), 0)):
        reader.int64(), reader.int64()
    reader.int32()
    return error, high, reader.bytes(reader.int32()) or b""


def fetch_by_id(link, topic_id, offset=0, version=13):
    """Fetch 13, which names topics by id; returns (top-level error, partition error or None)."""
    body = b"" if version >= 15 else struct.pack(">i", -1)  # the replica moved into a tag
    body += struct.pack(">iiibii", 100, 1, 1 << 20, 0, 0, -1) + varint(2) + topic_id.bytes + varint(2)
    body += struct.pack(">iiqiqi", 0, -1, offset, -1, -1, 1 << 20) + b"\0\0" + varint(1) + varint(1) + b"\0"
    reader = link.ask(FETCH, version, body, flexible=True)
    reader.int32()
    top = reader.int16()
    reader.int32()
    if reader.varint() < 2:
        return top, None
    reader.uuid(), reader.varint(), reader.int32()
    return top, reader.int16()


def offset_for(link, topic, timestamp, version=5, partition=0):
    """ListOffsets of one partition; returns (error, timestamp, offset)."""
    body = struct.pack(">ib", -1, 0) + struct.pack(">i", 1) + string(topic)
    body += struct.pack(">iiiq", 1, partition, -1, timestamp)
    reader = link.ask(LIST_OFFSETS, version, body)
    reader.int32(), reader.int32(), reader.string(), reader.int32(), reader.int32()
    return reader.int16(), reader.int64(), reader.int64()


def offset_asked(link, topic, timestamp, version, partition=0):
    """ListOffsets 7 to 11, flexible, for the special questions; returns (error, timestamp, offset)."""
    name = varint(len(topic) + 1) + topic.encode()
    body = struct.pack(">ib", -1, 0) + varint(2) + name + varint(2) + struct.pack(">iiq", partition, -1, timestamp)
    body += b"\0\0" + (struct.pack(">i", 1000) if version >= 10 else b"") + b"\0"
    reader = link.ask(LIST_OFFSETS, version, body, flexible=True)
    reader.int32(), reader.varint(), reader.compact(), reader.varint(), reader.int32()
    return reader.int16(), reader.int64(), reader.int64()


def topic_id(link, topic):
    """Metadata 12: the topic's id."""
    name = varint(len(topic) + 1) + topic.encode()
    reader = link.ask(METADATA, 12, varint(2) + bytes(16) + name + b"\0\0\0\0", flexible=True)
    reader.int32()
    for _ in range(reader.varint() - 1):
        reader.int32(), reader.compact(), reader.int32(), reader.compact(), reader.tags()
    reader.compact(), reader.int32(), reader.varint(), reader.int16(), reader.compact()
    return reader.uuid()


def producer_id(link):
    """InitProducerId 0: (id, epoch). Kafka answers 14 until it has its first block of ids."""
    for _ in range(50):
        reader = link.ask(INIT_PRODUCER_ID, 0, struct.pack(">hi", -1, 60_000))
        reader.int32()
        error = reader.int16()
        if error == 0:
            return reader.int64(), reader.int16()
        if error != 14:
            break
        time.sleep(0.1)
    raise ValueError(f"InitProducerId 0: error {error}")


def api_versions(link, version=0):
    """(error, {key: (min, max)}) of ApiVersions, from the body's form of that version."""
    flexible = version >= 3
    body = varint(5) + b"wire" + varint(2) + b"1" + b"\0" if flexible else b""
    reader = link.ask(API_VERSIONS, version, body, flexible)
    error = reader.int16()
    found = {}
    for _ in range(reader.varint() - 1 if flexible and error == 0 else reader.int32()):
        key = reader.int16()
        found[key] = (reader.int16(), reader.int16())
        if flexible and error == 0:
            reader.tags()
    return error, found
