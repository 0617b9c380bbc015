"""When a cleaning broker is killed: at sight of a file of the cleaning, or at a failpoint inside it.

A log is cleaned into files ending in .cleaned, which become .swap when they are whole, which take the place of the
segments, which become .deleted until they are unlinked. These names are Kafka's, so the first kind of moment is there
in either broker. A failpoint, which makes the broker end itself, is a key that only Corelog has.
"""

import ctypes
import os
import select
import struct
import time
from dataclasses import dataclass

SUFFIXES = (".cleaned", ".swap", ".deleted")
FAILPOINTS = tuple(f"compaction.{one}" for one in ("clean", "cleaned", "swap", "delete", "placed"))
IN_MOVED_TO, IN_CREATE = 0x80, 0x100
EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
FAILPOINT_KEY = "corelog.test.failpoint"


@dataclass(frozen=True)
class Sight:
    """kill -9 as soon as a file with this suffix is seen in a partition of the topic."""

    suffix: str
    overrides = {}

    @property
    def name(self):
        return f"sight of {self.suffix}"

    def strike(self, node, topic, seconds):
        """Kills the broker; false when no such file was seen in time."""
        suffix = self.suffix.encode()
        with Watch(path for one in node.log_dirs for path in one.glob(f"{topic}-*")) as watch:
            if any(name.endswith(suffix) for name in watch.names(seconds)):
                node.kill()
                return True
        return False


class Watch:
    """Names of files that appear in folders: inotify, for some of them are there for less than a millisecond."""

    def __init__(self, folders):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._events = self._libc.inotify_init1(os.O_CLOEXEC)
        for folder in folders:
            if self._libc.inotify_add_watch(self._events, os.fsencode(folder), IN_MOVED_TO | IN_CREATE) < 0:
                raise OSError(ctypes.get_errno(), f"inotify_add_watch of {folder}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._events)

    def names(self, seconds):
        """Yields the names as they appear, until the time is over."""
        deadline = time.monotonic() + seconds
        while select.select([self._events], [], [], max(0, deadline - time.monotonic()))[0]:
            data = os.read(self._events, 1 << 16)
            while data:
                length = EVENT.unpack_from(data)[3]
                yield data[EVENT.size : EVENT.size + length].rstrip(b"\0")
                data = data[EVENT.size + length :]


@dataclass(frozen=True)
class Failpoint:
    """The broker ends itself there."""

    point: str

    @property
    def name(self):
        return f"failpoint {self.point}"

    @property
    def overrides(self):
        """The key that arms it."""
        return {FAILPOINT_KEY: self.point}

    def strike(self, node, _topic, seconds):
        """Waits for the end of the broker; false when it did not end in time."""
        deadline = time.monotonic() + seconds
        while node.up and time.monotonic() < deadline:
            time.sleep(0.01)
        if node.up:
            return False
        node.kill()
        return True


def of(kind, quick):
    """The moments of a run against this kind of broker."""
    points = [Failpoint(one) for one in FAILPOINTS] if kind == "corelog" else []
    sights = [Sight(one) for one in SUFFIXES]
    return [*points, *sights] if quick else [*points, *sights, *points, *sights]
