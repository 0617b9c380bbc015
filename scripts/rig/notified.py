"""What a broker tells systemd over its socket: that it serves, that every core is alive, that it stops.

The rig is systemd here: it listens on the socket in NOTIFY_SOCKET, a path or an abstract name, and notes when each
datagram came.
"""

import os
import socket
import subprocess
import threading
import time

from rig import broker

WATCHDOG_SECONDS = 3.0  # the runtime gives signs of life every half second
WATCHED_SECONDS = 9.0
START_SECONDS_MAX = 30
HANGS = {"corelog.test.failpoint": "core.hang"}


class Manager:
    """Listens; `with Manager(address) as manager:`."""

    def __init__(self, address):
        self.address = address
        self.heard = []  # (seconds, lines), in the order they came
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.settimeout(0.1)
        self._over = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.on_ready = lambda: None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over = True
        self._thread.join()
        self._socket.close()

    def _listen(self):
        while not self._over:
            try:
                lines = self._socket.recv(4096).decode().split("\n")
            except TimeoutError:
                continue
            if "READY=1" in lines:
                self.on_ready()
            self.heard.append((time.monotonic(), lines))

    def times(self, line):
        """When a line came."""
        return [at for at, lines in list(self.heard) if line in lines]

    def said(self, name):
        """All values of a name."""
        return [line.partition("=")[2] for _, lines in list(self.heard) for line in lines
                if line.startswith(f"{name}=")]

    def wait(self, line, seconds):
        """Waits for a line; whether it came."""
        deadline = time.monotonic() + seconds
        while not self.times(line) and time.monotonic() < deadline:
            time.sleep(0.02)
        return bool(self.times(line))


class Service(broker.Corelog):
    """A broker that was started by a service manager."""

    def __init__(self, folder, options, manager, watchdog=None, **settings):
        super().__init__(folder, options, **settings)
        self._environment = {**os.environ, "NOTIFY_SOCKET": manager.address}
        if watchdog:
            self._environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))

    def start(self, wait=False):
        """Only starts; whether it serves is for the manager to hear."""
        properties = self.write_properties()
        self.format(properties)
        with open(self.output, "ab") as output:
            self._process = subprocess.Popen(self.command(properties), stdout=output, stderr=output,
                                             stdin=subprocess.DEVNULL, cwd=self.folder, env=self._environment)
        broker.watch(self)


def run(folder, options, report):
    """Both kinds of sockets, then a core that hangs."""
    folder.mkdir(parents=True)
    serves("a path", str(folder / "notify"), folder / "path", options, report)
    serves("an abstract name", f"@corelog-rig-{os.getpid()}", folder / "abstract", options, report)
    hangs(folder / "hang", options, report)


def serves(kind, address, folder, options, report):
    """READY=1 when a client is answered, WATCHDOG=1 at half of the time, STOPPING=1 on SIGTERM."""
    name = f"packaging/notify over {kind}"
    with Manager(address) as manager:
        node = Service(folder, options, manager, watchdog=WATCHDOG_SECONDS)
        answered = []
        manager.on_ready = lambda: answered.append(broker.answers(node.port))
        node.start()
        ready = manager.wait("READY=1", START_SECONDS_MAX)
        report.item(f"{name}, READY=1", ready and answered == [True],
                    f"{len(manager.times('READY=1'))} times, the listener answered {sum(answered)} of "
                    f"{len(answered)}; {manager.said('STATUS')[-1:]}")
        time.sleep(WATCHED_SECONDS)
        beats = manager.times("WATCHDOG=1")
        gaps = [late - early for early, late in zip(beats, beats[1:])]
        due = WATCHED_SECONDS / (WATCHDOG_SECONDS / 2)
        report.item(f"{name}, WATCHDOG=1", gaps and max(gaps) < WATCHDOG_SECONDS and len(beats) <= due + 1,
                    f"{len(beats)} in {WATCHED_SECONDS:.0f} s, longest gap {max(gaps, default=0):.2f} of "
                    f"{WATCHDOG_SECONDS:.2f} s")
        code = node.stop()
        stopping = manager.wait("STOPPING=1", 1)
        report.item(f"{name}, STOPPING=1", stopping and code == 0, f"exit {code}")


def hangs(folder, options, report):
    """One core hangs while the others go on: the watchdog falls silent, and other cores still serve."""
    with Manager(str(folder.parent / "hang-notify")) as manager:
        node = Service(folder, options, manager, watchdog=WATCHDOG_SECONDS, overrides=HANGS)
        node.start()
        ready = manager.wait("READY=1", START_SECONDS_MAX)
        fed = manager.wait("WATCHDOG=1", WATCHDOG_SECONDS)
        deadline = time.monotonic() + START_SECONDS_MAX
        while "armed" not in node.output.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        hung = time.monotonic()
        time.sleep(WATCHED_SECONDS)
        # One may have been under way: a core that hung right after its turn moved once since the last.
        after = [at for at in manager.times("WATCHDOG=1") if at > hung + WATCHDOG_SECONDS / 2]
        answers = sum(broker.answers(node.port, timeout=0.5) for _ in range(16))
        report.item("packaging/watchdog falls silent", ready and fed and not after and node.up,
                    f"{len(manager.times('WATCHDOG=1'))} before one core hung, {len(after)} in the "
                    f"{WATCHED_SECONDS:.0f} s after; {answers} of 16 connections still answered by the others")
        node.kill()
