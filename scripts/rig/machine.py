"""What the kernel knows about this machine and a process, and the page cache regime of a measurement.

A virtual machine whose host takes freed pages back (balloon with page reporting) pays for every page that is
allocated anew; with a full page cache new pages come from reclaim. The regime is worth more than the broker, so it is
made the same for everyone: `FullCache.fill` before each measurement.
"""

import ctypes
import mmap
import os
import re
from pathlib import Path

MB = 1_000_000
FREE_MB_MAX = 300
FRAGMENTS_MB = 3000
FILL_CHUNK = 64 << 20
MADV_COLD, MADV_POPULATE_READ = 20, 22
MCL_CURRENT = 1
LIBC = ctypes.CDLL(None, use_errno=True)
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def memory():
    """/proc/meminfo in MB."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 // MB for line in lines}


def free_mb():
    """What is free in the largest memory zone, from which a running system takes its pages."""
    zones = re.findall(r"pages free +(\d+)\n.*?managed +(\d+)\n", Path("/proc/zoneinfo").read_text(), re.S)
    return max((int(managed), int(free) * PAGE // MB) for free, managed in zones)[1]


def drop_caches():
    """Writes back what is dirty and empties the page cache of the machine. Root only."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="ascii")


class LockedFiles:
    """Whole files in memory, which the kernel may not take from there until the end. Root only."""

    def __init__(self, paths):
        self._mapped = []
        for path in paths:
            with open(path, "rb") as file:
                self._mapped.append(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))

    def __enter__(self):
        if LIBC.mlockall(MCL_CURRENT) != 0:  # reads in what is mapped
            raise OSError(ctypes.get_errno(), "mlockall")
        return self

    def __exit__(self, *_):
        LIBC.munlockall()
        for pages in self._mapped:
            pages.close()


class FullCache:
    """Keeps the page cache full with pages that are cheap to reclaim: clean, cold zeros of a sparse file.

    The file stays mapped, because a guest may be set up to give unmapped pages that nobody reads back to its host
    (DAMON); no disk is involved. Large pages first, which is quick; they leave fragments free, which small pages take.
    """

    def __init__(self, folder):
        self._quick, self._fine = _Filler(folder), _Filler(folder)
        self._fine.pages.madvise(mmap.MADV_RANDOM)

    def fill(self):
        """Fills until next to nothing is free."""
        self._quick.fill(FRAGMENTS_MB)
        self._fine.fill(FREE_MB_MAX * 2 // 3)

    def close(self):
        """Gives the memory back."""
        self._quick.pages.close()
        self._fine.pages.close()


class _Filler:
    """A mapped sparse file, larger than memory."""

    def __init__(self, folder):
        size = (memory()["MemTotal"] * MB * 4 // 3 // FILL_CHUNK) * FILL_CHUNK
        path = folder / "filler"
        with open(path, "w+b") as file:
            file.truncate(size)
            self.pages = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
        path.unlink()
        self._starts = range(0, size, FILL_CHUNK)
        self._next = 0

    def fill(self, until_mb):
        """Touches pages until so little is free, once around at most."""
        for _ in self._starts:
            if free_mb() <= until_mb:
                return
            at = self._starts[self._next]
            self.pages.madvise(MADV_POPULATE_READ, at, FILL_CHUNK)
            self.pages.madvise(MADV_COLD, at, FILL_CHUNK)
            self._next = (self._next + 1) % len(self._starts)


def cpu_seconds(pid):
    """User and system time of a process with all its threads, also those that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _status(pid, key):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M)[1]) * 1024 / MB


def rss_mb(pid):
    """Resident memory now."""
    return _status(pid, "VmRSS")


def rss_peak_mb(pid):
    """The highest resident memory so far."""
    return _status(pid, "VmHWM")
