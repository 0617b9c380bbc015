"""Loop devices, mounts and file systems of the power rigs, and their removal.

Everything is made under target/acceptance; whatever an earlier run left there is swept away first. Needs root and
loop devices, and says so.
"""

import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig import places, programs

PACKAGES = {"mkfs.xfs": "xfsprogs", "mkfs.ext4": "e2fsprogs", "fusermount3": "fuse3", "pkg-config": "pkg-config",
            "cc": "gcc", "losetup": "mount"}
FUSE_HEADER = Path("/usr/include/fuse3/fuse.h")
MIB = 1 << 20
GIB = 1 << 30


class Unable(Exception):
    """This machine cannot carry the rig."""


@dataclass
class Image:
    """A crash image, and the moment before it was taken."""

    path: Path
    moment: int  # unix nanoseconds: what was acknowledged by then must be in it
    milliseconds: float  # to take it


def require():
    """Root, loop devices, FUSE and the programs; what Debian has is installed."""
    if os.geteuid() != 0:
        raise Unable("the power rigs need root: they mount file systems and attach loop devices")
    for command, package in PACKAGES.items():
        programs.need(command, package)
    if not FUSE_HEADER.exists():
        programs.sh("apt-get", "install", "-y", "-qq", "--no-install-recommends", "libfuse3-dev", "libc6-dev",
                    env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    for device in ("/dev/loop-control", "/dev/fuse"):
        if not os.path.exists(device):
            raise Unable(f"the power rigs need {device}, which this kernel or container does not offer")


def sweep():
    """Takes down what an earlier run left mounted or attached under target/acceptance."""
    for _ in range(4):  # a mount on a loop device on a file of a mount on a loop device
        for point in mounted_below(places.RUNS):
            subprocess.run(["umount", "-l", point], check=False)
        loops = attached_below(places.RUNS)
        for device in loops:
            subprocess.run(["losetup", "-d", device], check=False)
        if not loops:
            return


def mounted_below(folder):
    """Mount points below a folder, the innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in reversed(points) if point.startswith(f"{folder}/")]


def attached_below(folder):
    """Loop devices whose file is, or was, below a folder."""
    listed = programs.sh("losetup", "--list", "--json", "--output", "NAME,BACK-FILE")
    found = json.loads(listed)["loopdevices"] if listed.strip() else []
    return [one["name"] for one in found if (one["back-file"] or "").startswith(f"{folder}/")]


def sparse(path, size):
    """An empty file of `size` bytes without blocks."""
    with open(path, "wb") as file:
        file.truncate(size)
    return path


@contextmanager
def attached(image):
    """A loop device on a file."""
    device = programs.sh("losetup", "--find", "--show", image).strip()
    try:
        yield device
    finally:
        patiently("losetup", "-d", device)


@contextmanager
def mounted(image, point, format_as=None):
    """The file system in `image`, mounted at `point`; `format_as` (ext4, xfs) makes it first."""
    point.mkdir(parents=True, exist_ok=True)
    with attached(image) as device:
        if format_as == "xfs":
            programs.sh("mkfs.xfs", "-q", "-f", "-K", "-m", "reflink=1", device)
        elif format_as == "ext4":
            programs.sh("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", device)
        programs.sh("mount", "-o", "noatime", device, point)
        try:
            yield point
        finally:
            patiently("umount", point)


def patiently(*command):
    """A command that is refused while a process that was just killed still holds its files."""
    for _ in range(50):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    if command[0] == "umount":  # the next mount must not fail because of this one
        subprocess.run(["umount", "-l", command[1]], check=False)
    raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


@contextmanager
def store(name, size=24 * GIB):
    """A folder of the run on an XFS of its own, where copies of disk images cost nothing; empty and swept."""
    require()
    sweep()
    folder = places.fresh(name)
    with ExitStack() as stack:
        stack.callback(lambda: shutil.rmtree(folder / "disks", ignore_errors=True))
        (folder / "disks").mkdir()
        outer = sparse(folder / "disks/outer.img", size)
        yield stack.enter_context(mounted(outer, folder / "disks/store", format_as="xfs"))
