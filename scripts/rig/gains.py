"""What knobs of corelog-tune gain, where that does not depend on what else the host does.

Requests and sectors are counted on an ext4 of its own; the reading of a clock is the shortest of many. The figures of
`corelog-tune check --why` are these.
"""

import os
import socket
import timeit
from pathlib import Path

from rig import blocks, programs

MIB = 1 << 20
FILES = 200
APPENDS = 500
LOG_BYTES = 16 * MIB
PIECE_BYTES = 256 << 10  # of a read by the broker that is not in the page cache


def run(folder, report):
    """Counts on a fresh file system; of the host itself the clock source is changed, for less than a second."""
    image = blocks.sparse(folder / "gains.img", 256 * MIB)
    with blocks.mounted(image, folder / "gains", format_as="ext4") as point:
        disk = Disk(point)
        first = {mode: first_read(disk, mode) for mode in ("relatime", "noatime")}
        grown = {mode: read_while_it_grows(disk, mode) for mode in ("relatime", "noatime")}
        report.item("tune/gain atime", first["noatime"] < first["relatime"],
                    f"first read of {FILES} files: {first['relatime']} sectors written with relatime, "
                    f"{first['noatime']} with noatime; {APPENDS} synced appends with a reader behind: "
                    f"{grown['relatime']} and {grown['noatime']} writes")
        reads = {kib: cold_read(disk, kib) for kib in (0, 128, 512)}
        report.item("tune/gain read-ahead", reads[0] > reads[128] >= reads[512],
                    f"{LOG_BYTES // MIB} MiB read cold, {PIECE_BYTES >> 10} KiB at a time: "
                    + ", ".join(f"{count} requests with {kib} KiB" for kib, count in reads.items()))


    nanoseconds = clock_readings()
    best = min(nanoseconds.values())
    report.item("tune/gain clock-source", "tsc" not in nanoseconds or nanoseconds["tsc"] < 1.5 * best,
                ", ".join(f"{source} {taken:.0f} ns" for source, taken in nanoseconds.items()) + " a reading")


def clock_readings():
    """The shortest time of a reading with each clock source there is, the call included."""
    folder = Path("/sys/devices/system/clocksource/clocksource0")
    current = folder / "current_clocksource"
    kept = current.read_text()
    taken = {}
    try:
        for source in (folder / "available_clocksource").read_text().split():
            current.write_text(source)
            rounds = timeit.repeat("now()", "from time import monotonic_ns as now", number=10_000, repeat=20)
            taken[source] = min(rounds) / 10_000 * 1e9
    finally:
        current.write_text(kept)
    return taken


class Disk:
    """The mounted file system and the counters of the device under it."""

    def __init__(self, point):
        self.point = point
        number = os.stat(point).st_dev
        self.folder = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()

    def counted(self):
        """Reads, writes and sectors written so far (Documentation/block/stat.rst)."""
        self.sync()
        words = (self.folder / "stat").read_text().split()
        return {"reads": int(words[0]), "writes": int(words[4]), "sectors": int(words[6])}

    def sync(self):
        """Everything of this file system to its disk."""
        programs.sh("sync", "--file-system", self.point)

    def mount_again(self, mode):
        """Another way to keep access times. Not by a remount: mount(8) would add the old way to the new one."""
        blocks.patiently("umount", self.point)
        programs.sh("mount", "-o", mode, f"/dev/{self.folder.name}", self.point)


def first_read(disk, mode):
    """Sectors written because files were read for the first time since they were written."""
    disk.mount_again(mode)
    files = [disk.point / f"segment-{number}" for number in range(FILES)]
    for path in files:
        path.write_bytes(os.urandom(4096))
    before = disk.counted()
    for path in files:
        path.read_bytes()
    return disk.counted()["sectors"] - before["sectors"]


def read_while_it_grows(disk, mode):
    """Writes for a log whose every append is synced, and sent to a reader at once."""
    disk.mount_again(mode)
    path = disk.point / "growing"
    ours, theirs = socket.socketpair()
    with ours, theirs, open(path, "wb", buffering=0) as log, open(path, "rb", buffering=0) as reader:
        before = disk.counted()
        for number in range(APPENDS):
            log.write(os.urandom(4096))
            os.fdatasync(log.fileno())
            sent = os.sendfile(ours.fileno(), reader.fileno(), number * 4096, 4096)
            theirs.recv(sent, socket.MSG_WAITALL)
        return disk.counted()["writes"] - before["writes"]


def cold_read(disk, read_ahead_kib):
    """Requests to the disk for a file that is not in the page cache, read from end to end."""
    path = disk.point / "cold"
    if not path.exists():
        path.write_bytes(os.urandom(LOG_BYTES))
    setting = disk.folder / "queue/read_ahead_kb"
    kept = setting.read_text()
    try:
        setting.write_text(str(read_ahead_kib))
        before = disk.counted()
        with open(path, "rb", buffering=0) as log:
            os.posix_fadvise(log.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while log.read(PIECE_BYTES):
                pass
        return disk.counted()["reads"] - before["reads"]
    finally:
        setting.write_text(kept)
