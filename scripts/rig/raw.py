"""A raw client: requests put together and answers taken apart byte by byte, by no library's idea of the protocol.

Layouts follow Kafka's message definitions. An answer must end exactly where its layout ends.
"""

import select
import socket
import struct
import uuid

PRODUCE, FETCH, LIST_OFFSETS, METADATA, FIND_COORDINATOR, API_VERSIONS = 0, 1, 2, 3, 10, 18
OFFSET_COMMIT, OFFSET_FETCH, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP = 8, 9, 11, 12, 13, 14
DELETE_GROUPS, CONSUMER_GROUP_HEARTBEAT = 42, 68
CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS, INIT_PRODUCER_ID = 19, 20, 21, 22
OFFSET_FOR_LEADER_EPOCH, DESCRIBE_CONFIGS, DESCRIBE_CLUSTER, DESCRIBE_TOPIC_PARTITIONS = 23, 32, 60, 75
FLEXIBLE_FROM = {PRODUCE: 9, FETCH: 12, LIST_OFFSETS: 6, METADATA: 9, FIND_COORDINATOR: 3, API_VERSIONS: 3,
                 CREATE_TOPICS: 5, DELETE_TOPICS: 4, DELETE_RECORDS: 2, INIT_PRODUCER_ID: 2, OFFSET_FOR_LEADER_EPOCH: 4,
                 DESCRIBE_CONFIGS: 4, DESCRIBE_CLUSTER: 0, DESCRIBE_TOPIC_PARTITIONS: 0,
                 OFFSET_COMMIT: 8, OFFSET_FETCH: 6, JOIN_GROUP: 6, HEARTBEAT: 4, LEAVE_GROUP: 4, SYNC_GROUP: 4,
                 DELETE_GROUPS: 2, CONSUMER_GROUP_HEARTBEAT: 0}


class Closed(Exception):
    """The broker closed the connection instead of answering."""


class Body:
    """Bytes of a request in one version: lengths in their flexible or their old form."""

    def __init__(self, key, version):
        self.flexible = version >= FLEXIBLE_FROM.get(key, 1 << 15)
        self.parts = []

    def raw(self, data):
        self.parts.append(data)
        return self

    def put(self, form, *values):
        """Integers, as `struct` names them."""
        return self.raw(struct.pack(">" + form, *values))

    def _uvarint(self, value):
        while value > 0x7F:
            self.parts.append(bytes([value & 0x7F | 0x80]))
            value >>= 7
        return self.raw(bytes([value]))

    def _length(self, count, form):
        return self._uvarint(count + 1) if self.flexible else self.put(form, count)

    def text(self, value):
        """A string or null."""
        data = b"" if value is None else value.encode()
        return self._length(-1 if value is None else len(data), "h").raw(data)

    def data(self, value):
        """Bytes or null."""
        return self._length(-1 if value is None else len(value), "i").raw(value or b"")

    def array(self, count):
        """The length of an array; -1 is null."""
        return self._length(count, "i")

    def end(self):
        """The end of a struct."""
        return self._uvarint(0) if self.flexible else self

    def bytes(self):
        return b"".join(self.parts)


class Reply:
    """Bytes of an answer, taken apart in order. `struct.error` or IndexError: it is too short."""

    def __init__(self, data, flexible=False):
        self.data, self.at, self.flexible = data, 0, flexible

    def get(self, form):
        """One integer, as `struct` names it; several as a tuple."""
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0] if len(values) == 1 else values

    def take(self, count):
        if self.at + count > len(self.data):
            raise IndexError("the answer ends early")
        self.at += count
        return bytes(self.data[self.at - count : self.at])

    def _uvarint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def array(self, form="i"):
        """The length of an array (or string, bytes with their form); -1 is null."""
        return self._uvarint() - 1 if self.flexible else self.get(form)

    def text(self):
        count = self.array("h")
        return None if count < 0 else self.take(count).decode()

    def bytes(self):
        count = self.array("i")
        return None if count < 0 else self.take(count)

    def uuid(self):
        return uuid.UUID(bytes=self.take(16))

    def end(self):
        """The end of a struct: its tagged fields, by tag."""
        if not self.flexible:
            return {}
        return {self._uvarint(): self.take(self._uvarint()) for _ in range(self._uvarint())}

    def done(self):
        """The end of the answer."""
        if self.at != len(self.data):
            raise ValueError(f"{len(self.data) - self.at} bytes too many in the answer")


class Link:
    """One connection."""

    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 1000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self, key, version, body):
        """A request with its length and the header its version asks for."""
        self.correlation += 1
        tags = b"\0" if version >= FLEXIBLE_FROM.get(key, 1 << 15) else b""
        head = struct.pack(">hhih", key, version, self.correlation, 3) + b"raw" + tags
        return struct.pack(">i", len(head) + len(body)) + head + body

    def send(self, key, version, body):
        """Sends a request; returns its correlation id."""
        self.socket.sendall(self.frame(key, version, body))
        return self.correlation

    def read(self, count, into=None):
        """Exactly `count` bytes; with `into` a view of its start, for who reads much and must not allocate."""
        data = bytearray(count) if into is None else memoryview(into)[:count]
        view, have = memoryview(data), 0
        while have < count:
            try:
                more = self.socket.recv_into(view[have:])
            except ConnectionError as error:
                raise Closed from error
            if not more:
                raise Closed
            have += more
        return data

    def receive(self, into=None):
        """The next frame without its length, as `read` gives it."""
        return self.read(struct.unpack(">i", self.read(4))[0], into)

    def answer(self, key, version, correlation):
        """The next answer behind its header, which must be of the version that belongs to the request."""
        flexible = version >= FLEXIBLE_FROM.get(key, 1 << 15)
        reply = Reply(self.receive(), flexible)
        found = reply.get("i")
        if found != correlation:
            raise ValueError(f"correlation id {found} instead of {correlation}")
        if flexible and key != API_VERSIONS:
            reply.end()
        return reply

    def ask(self, key, version, body):
        """A request and its answer."""
        return self.answer(key, version, self.send(key, version, body))

    def readable(self, seconds):
        """Whether something came, an end included, within `seconds`."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def is_closed(self, seconds=5):
        """Whether the broker closes the connection within `seconds`, and says nothing before."""
        if not self.readable(seconds):
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
