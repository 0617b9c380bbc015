"""What the kernel knows about this machine and a process, and the page cache regime of a measurement.

A virtual machine whose host takes freed pages back (balloon with page reporting) pays for every page that is
allocated anew; with a full page cache new pages come from reclaim. The regime is worth more than the broker, so it is
made the same for everyone: `fill_cache` before each measurement.
"""

import os
import re
import time
from pathlib import Path

FREE_MB_MAX = 400
FILLER_BYTES = 64 << 30
TICKS = os.sysconf("SC_CLK_TCK")
MB = 1_000_000


def memory():
    """/proc/meminfo in MB."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 // MB for line in lines}


def fill_cache(folder, seconds_max=150):
    """Reads a sparse file (its zeros become cached pages, no disk is involved) until memory is used up.

    Returns the MB that are still free, and the seconds it took.
    """
    path = folder / "filler"
    if not path.exists():
        with open(path, "wb") as file:
            file.truncate(FILLER_BYTES)
    started = time.monotonic()
    buffer = bytearray(4 << 20)
    with open(path, "rb", buffering=0) as file:
        position = fill_cache.position
        while memory()["MemFree"] > FREE_MB_MAX and time.monotonic() < started + seconds_max:
            file.seek(position)
            for _ in range(16):
                position += file.readinto(buffer)
            position %= FILLER_BYTES
        fill_cache.position = position
    return memory()["MemFree"], time.monotonic() - started


fill_cache.position = 0


def regime():
    """One line for the header of a table."""
    now = memory()
    return (f"{os.cpu_count()} CPUs, {now['MemTotal']} MB of memory, {now['MemFree']} MB free, "
            f"{now['Cached']} MB page cache, {now['Dirty']} MB dirty, Linux {os.uname().release}")


def disk_of(folder):
    """The block device under a folder, as /proc/diskstats calls it."""
    device = os.stat(folder).st_dev
    wanted = (os.major(device), os.minor(device))
    for line in Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if (int(fields[0]), int(fields[1])) == wanted:
            return fields[2]
    raise RuntimeError(f"{folder} is on no block device: flushes cannot be counted there")


def flushes(disk):
    """Flush requests completed by the device since boot."""
    for line in Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if fields[2] == disk:
            return int(fields[18])
    raise RuntimeError(f"no {disk} in /proc/diskstats")


def flushes_per_sync(folder, disk, times=200):
    """How many flush requests one fdatasync of a growing file costs here (a journal commit is two without FUA)."""
    path = folder / "sync-probe"
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        before = flushes(disk)
        started = time.monotonic()
        for _ in range(times):
            os.write(file, bytes(1100))
            os.fdatasync(file)
        took = time.monotonic() - started
        return (flushes(disk) - before) / times, took / times
    finally:
        os.close(file)
        path.unlink()


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


def read_mb(pid):
    """What a process had the disk read."""
    return int(re.search(r"^read_bytes: (\d+)", Path(f"/proc/{pid}/io").read_text(), re.M)[1]) / MB


def drop_caches():
    """Writes dirty pages back and empties the page cache; needs root."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")
