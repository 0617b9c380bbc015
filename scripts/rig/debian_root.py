"""Bare Debian roots: made once into .cache, used through an overlay each, and hosts that boot from one.

A host is a root whose systemd runs as process 1 in namespaces of its own (systemd-nspawn), in a network namespace of
its own on a bridge that this machine is on too. Needs root, and says so.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from functools import cache

from rig import blocks, places, programs

SUITE = "bookworm"
# What a root has beside Debian's essential packages.
BASES = {
    "bare": [],
    "host": ["systemd-sysv", "dbus", "openssh-server", "python3-minimal", "libpython3-stdlib"],
}
BOOT_SECONDS_MAX = 120
BRIDGE, NETWORK = "clrig0", "10.97.0"


def require():
    """Root and the programs."""
    if os.geteuid() != 0:
        raise blocks.Unable("the packaging rigs need root: they mount overlays, boot roots and make network namespaces")
    for command, package in {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container", "ip": "iproute2",
                             "nsenter": "util-linux"}.items():
        programs.need(command, package)


@cache
def base(name):
    """The root of that name, made once."""
    root = places.CACHE / "debian" / f"root-{name}"
    complete = root.with_suffix(".complete")
    wanted = " ".join(BASES[name])
    if not complete.exists() or complete.read_text() != wanted:
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        include = [f"--include={','.join(BASES[name])}"] if BASES[name] else []
        programs.sh("mmdebstrap", "--quiet", "--variant=minbase", *include, SUITE, root)
        complete.write_text(wanted)
    return root


class Root:
    """A root of its own: what is written to it stays in `folder`."""

    def __init__(self, folder, name):
        self._folder, self._base = folder, base(name)
        self.path = folder / "root"

    @contextmanager
    def mounted(self):
        """The overlay in place."""
        for part in ("root", "upper", "work"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self._base},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        programs.sh("mount", "-t", "overlay", "overlay", "-o", layers, self.path)
        try:
            yield self
        finally:
            blocks.patiently("umount", self.path)

    def run(self, *command, check=True, timeout=300):
        """A command in the root, without systemd; process and mount namespaces end with it."""
        inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.path}/proc", "chroot",
                  self.path, *command]
        return completed(inside, check, timeout)


def completed(command, check, timeout=300):
    """The completed process with its text."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                               "DEBIAN_FRONTEND": "noninteractive"})
    if check and done.returncode != 0:
        text = f"{done.stdout[-1000:]}{done.stderr[-1000:]}"
        raise RuntimeError(f"{' '.join(map(str, command[-6:]))} left with {done.returncode}: {text}")
    return done


@contextmanager
def network():
    """A bridge that this machine is on; hosts are plugged into it."""
    unplug()
    programs.sh("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        programs.sh("ip", "addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        programs.sh("ip", "link", "set", BRIDGE, "up")
        yield
    finally:
        unplug()


def unplug():
    """Takes down the bridge and the namespaces of this and of earlier runs."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        if line.startswith(f"{BRIDGE}-"):
            subprocess.run(["ip", "netns", "delete", line.split()[0]], check=False)
    subprocess.run(["ip", "link", "delete", BRIDGE], check=False, stderr=subprocess.DEVNULL)


class Host(Root):
    """A root that boots; `with Host(...).running() as host:`. `number` is the last part of its address."""

    def __init__(self, folder, number):
        super().__init__(folder, "host")
        self.name, self.address = f"node{number}", f"{NETWORK}.{number}"
        self._namespace, self._number = f"{BRIDGE}-{number}", number
        self._leader = None
        self._output = folder / "console.log"

    @contextmanager
    def running(self):
        """Booted, with its network."""
        with ExitStack() as stack:
            stack.enter_context(self.mounted())
            self._plug()
            process = stack.enter_context(self._booted())
            self._leader = self._await_leader(process)
            self._await_boot(process)
            yield self

    def _plug(self):
        name, here, there = self._namespace, f"clv{self._number}", f"clp{self._number}"
        programs.sh("ip", "netns", "add", name)
        programs.sh("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        programs.sh("ip", "link", "set", here, "master", BRIDGE, "up")
        programs.sh("ip", "-n", name, "link", "set", there, "name", "eth0")
        programs.sh("ip", "-n", name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            programs.sh("ip", "-n", name, "link", "set", device, "up")

    @contextmanager
    def _booted(self):
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe",
                   f"--machine={self.name}", f"--network-namespace-path=/run/netns/{self._namespace}",
                   "--link-journal=no", "--resolv-conf=off", "--timezone=off", f"--directory={self.path}"]
        with open(self._output, "ab") as output:
            process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output)
        try:
            yield process
        finally:
            # nspawn hands SIGTERM on as an orderly shutdown of its systemd.
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _await_leader(self, process):
        """Process 1 of the host, as this machine sees it."""
        deadline = time.monotonic() + BOOT_SECONDS_MAX
        while time.monotonic() < deadline and process.poll() is None:
            for line in children(process.pid):
                if os.path.exists(f"/proc/{line}/comm") and open(f"/proc/{line}/comm").read().strip() == "systemd":
                    return line
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not boot: {self._output.read_text(errors='replace')[-800:]}")

    def _await_boot(self, process):
        deadline = time.monotonic() + BOOT_SECONDS_MAX
        state = ""
        while time.monotonic() < deadline and process.poll() is None:
            state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
            if state in ("running", "degraded"):
                return
            time.sleep(0.3)
        raise RuntimeError(f"{self.name} is {state!r} after {BOOT_SECONDS_MAX} s: "
                           f"{self._output.read_text(errors='replace')[-800:]}")

    def run(self, *command, check=True, timeout=300):
        """A command on the host."""
        if self._leader is None:
            return super().run(*command, check=check, timeout=timeout)
        return completed(["nsenter", f"--target={self._leader}", "--all", *command], check, timeout)


def children(pid):
    """Process ids."""
    try:
        return [int(one) for one in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []
