"""What every Python client of the acceptance lists shares: the records file and the job loop.

A client program reads one JSON job per line from standard input and answers each with one JSON line:

  {"op": "produce", "topic": t, "partition": p, "codec": "none|gzip|snappy|lz4|zstd", "acks": "0|1|all",
   "idempotent": bool, "records": file, and for Client.java "batch": bytes, "delivery": seconds}
                                                             -> {"ok": true, "acked": n}
  {"op": "consume", "topic": t, "partition": p, "count": n, "timeout": seconds}
                                                             -> {"ok": true, "count": n, "sha256": hex}
  {"op": "table", "topic": t, "file": file, "timeout": seconds}   (confluent.py only)
                                                             -> {"ok": true, "count": n}

`consume` reads from the first offset to the end, waiting for `count` records until the timeout. A records file
is a row of framed records, and the sha256 of a partition is the sha256 of the file that would hold it. A record:

  key, value    each int32 length (-1: null), then the bytes
  int32 headers each: int32 length, UTF-8 name; int32 length (-1: null), the bytes

All integers big endian. This module must not know any client library.
"""

import hashlib
import json
import struct
import sys
import time
import traceback

INT = struct.Struct(">i")


def read_records(path):
    """Yields (key, value, [(name, value)]) for each record of a records file."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0

    def take():
        nonlocal at
        (length,) = INT.unpack_from(data, at)
        at += 4
        if length < 0:
            return None
        at += length
        return data[at - length : at]

    while at < len(data):
        key, value = take(), take()
        (headers,) = INT.unpack_from(data, at)
        at += 4
        yield key, value, [(take().decode(), take()) for _ in range(headers)]


def frame(part):
    """A nullable byte string as it stands in a records file."""
    return INT.pack(-1) if part is None else INT.pack(len(part)) + part


class Digest:
    """The canonical sha256 over records in order."""

    def __init__(self):
        self.count = 0
        self._sha = hashlib.sha256()

    def add(self, key, value, headers):
        """Takes one record; header names may be str or bytes."""
        self.count += 1
        self._sha.update(frame(key))
        self._sha.update(frame(value))
        self._sha.update(INT.pack(len(headers)))
        for name, content in headers:
            self._sha.update(frame(name.encode() if isinstance(name, str) else name))
            self._sha.update(frame(content))

    def answer(self):
        """What `consume` answers."""
        return {"count": self.count, "sha256": self._sha.hexdigest()}


def read_to_end(job, end_offset, poll):
    """Drives a consumer: `end_offset()` is the partition's end now, `poll(digest)` reads more and returns the position."""
    digest = Digest()
    deadline = time.monotonic() + job.get("timeout", 30)
    position = 0
    while True:
        end = end_offset()
        while position < end:
            position = poll(digest)
            if time.monotonic() > deadline:
                raise TimeoutError(f"read {digest.count} of {job['count']} records, position {position} of {end}")
        if digest.count >= job["count"]:
            return digest.answer()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the log ends at {end}, {digest.count} of {job['count']} records")
        time.sleep(0.02)


def serve(operations):
    """Runs the job loop; `operations` maps an op to a function from the job to a dict."""
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = {"ok": True, **operations[job["op"]](job)}
        except Exception as error:  # the orchestrator reports it beside the cell
            traceback.print_exc()
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
