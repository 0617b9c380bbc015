"""Rig R2: a disk with a volatile cache and a will of its own (fuseblk.c), under an ext4.

The power cut takes page cache and disk cache, leaves a random part of the unflushed writes, some of them torn. Flushes
and writes fail or hang on command.
"""

import shlex
import subprocess
import time
from contextlib import contextmanager

from rig import blocks, places, programs
from rig.blocks import Image


def program():
    """Compiles the device."""
    source, binary = places.SCRIPTS / "rig/fuseblk.c", places.CACHE / "fuseblk"
    if programs.newer(source, binary):
        binary.parent.mkdir(parents=True, exist_ok=True)
        flags = shlex.split(programs.sh("pkg-config", "--cflags", "--libs", "fuse3"))
        programs.sh("cc", "-O2", "-Wall", "-Wextra", "-o", binary, source, *flags)
    return binary


class Device:
    """The disk `name`; its images are in `store`, which has reflinks."""

    def __init__(self, store, name, size):
        self._folder, self._name, self._taken = store / name, name, 0
        self._folder.mkdir()
        for image in ("volatile.img", "durable.img"):
            blocks.sparse(self._folder / image, size)
        self._point = store.parent / f"{name}-fuse"
        self._control = self._point / "control"

    @contextmanager
    def running(self):
        """The device as a file: the path to put a loop device on."""
        self._point.mkdir()
        process = subprocess.Popen([program(), self._folder, self._point])
        try:
            deadline = time.monotonic() + 5
            while not self._control.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise blocks.Unable("the FUSE block device does not start")
                time.sleep(0.01)
            yield self._point / "disk"
        finally:
            if self._point.is_mount():
                blocks.patiently("umount", self._point)
            process.wait(timeout=10)

    @contextmanager
    def mounted(self):
        """The device running, with an ext4 on it."""
        with self.running() as disk, blocks.mounted(disk, self._point.parent / self._name, format_as="ext4") as point:
            yield point

    def order(self, *words):
        """A command of fuseblk.c."""
        with open(self._control, "wb", buffering=0) as control:
            control.write(" ".join(map(str, words)).encode())

    def counters(self):
        """What the device counted: writes, flushes, and how often each fault was felt."""
        return {name: int(count) for name, count in map(str.split, self._control.read_text().splitlines())}

    def cut(self, keep=0, tear=0, seed=1):
        """A crash image: the durable image with `keep` percent of the unflushed writes, `tear` percent of them torn."""
        self._taken += 1
        path = self._folder.parent / f"{self._name}-cut-{self._taken}.img"
        moment, started = time.time_ns(), time.monotonic()
        self.order("cut", path, keep, tear, seed)
        return Image(path, moment, (time.monotonic() - started) * 1000)
