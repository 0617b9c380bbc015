"""One node under test: Corelog, or Apache Kafka as the oracle that shows a list can pass.

Both get the same server.properties, so the list also proves that Kafka's keys are understood. A broker keeps its
ports over restarts. Every broker that was started is known here and ended when the run ends.
"""

import os
import re
import signal
import socket
import struct
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from rig import places

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60
CLUSTER_ID = urlsafe_b64encode(uuid.UUID("7d6c0c2e-5a1b-4c3d-9e8f-0a1b2c3d4e5f").bytes).decode().rstrip("=")
PANIC = re.compile(r"panicked at .*")
_running = []
_outputs = set()


def watch(node):
    """It was started: it is to be ended with the run, and what it said is to be looked at."""
    _running.append(node)
    _outputs.add(node.output)


def free_ports(count):
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def answers(port, timeout=1.0):
    """Whether ApiVersions v0 on the port gets an answer without an error."""
    body = struct.pack(">hhih", 18, 0, 7, 3) + b"rig"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as link:
            link.sendall(struct.pack(">i", len(body)) + body)
            head = b""
            while len(head) < 10:
                more = link.recv(10 - len(head))
                if not more:
                    return False
                head += more
            _, correlation, error = struct.unpack(">iih", head)
            return correlation == 7 and error == 0
    except OSError:
        return False


class Broker:
    """A node in `folder`, its records in `log_dirs`. `overrides` are further keys of server.properties."""

    def __init__(self, folder, options, log_dirs=None, overrides=None):
        self.folder = folder
        self.binary = Path(options.binary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self.log_dirs = log_dirs or [folder / "data"]
        self.port, self._controller_port, self.http_port = free_ports(3)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.output = folder / "broker.log"
        self.overrides = overrides or {}
        self._process = None

    def write_properties(self):
        """The same file for both kinds."""
        keys = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": ",".join(str(one) for one in self.log_dirs),
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            "corelog.http.listener": f"127.0.0.1:{self.http_port}",
            **self.overrides,
        }
        path = self.folder / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in keys.items()))
        return path

    def command(self, properties):
        """The command that serves; each kind has its own."""
        raise NotImplementedError

    def format(self, properties):
        """Prepares empty log dirs; each kind has its own way."""
        raise NotImplementedError

    def start(self, wait=True):
        """Formats empty log dirs, starts, waits until ApiVersions is answered; returns the seconds it took."""
        properties = self.write_properties()
        if not any(one.exists() and any(one.iterdir()) for one in self.log_dirs):
            self.format(properties)
        started = time.monotonic()
        with open(self.output, "ab") as output:
            self._process = subprocess.Popen(self.command(properties), stdout=output, stderr=output,
                                             stdin=subprocess.DEVNULL, cwd=self.folder)
        watch(self)
        if wait:
            self.wait_ready()
        return time.monotonic() - started

    def wait_ready(self):
        """Waits until ApiVersions is answered."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not answers(self.port):
            if self._process.poll() is not None:
                raise RuntimeError(f"the broker left with {self._process.returncode}: {self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker does not answer after {START_SECONDS_MAX} s: {self.tail()}")
            time.sleep(0.02)

    def tail(self):
        """The end of the broker's output."""
        return self.output.read_text(errors="replace")[-600:]

    @property
    def pid(self):
        """The broker's process id."""
        return self._process.pid

    @property
    def up(self):
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self):
        """SIGTERM; returns the exit code, or None when it had to be killed."""
        if self.up:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        if self in _running:
            _running.remove(self)
        return code

    def kill(self):
        """SIGKILL."""
        if self.up:
            self._process.kill()
        self._process.wait()
        if self in _running:
            _running.remove(self)

    def files(self, *suffixes):
        """The files of all living partitions with one of the suffixes, in order."""
        found = [path for one in self.log_dirs for path in one.glob("*/*") if path.suffix in suffixes]
        return sorted(path for path in found if not re.search("^__cluster_metadata|-delete$", path.parent.name))


class Kafka(Broker):
    """Apache Kafka 4.3.1 in KRaft mode, one node."""

    kind = "kafka"

    def command(self, properties):
        return [str(places.SCRIPTS / "kafka"), "kafka-server-start.sh", str(properties)]

    def format(self, properties):
        run_kafka("kafka-storage.sh", "format", "-t", CLUSTER_ID, "-c", properties)

    def start(self, wait=True):
        os.environ.setdefault("KAFKA_LOG_LEVEL", "warn")
        return super().start(wait)

    def stop(self):
        """Kafka leaves with 143 on SIGTERM, as a JVM does; that is its clean stop."""
        code = super().stop()
        return 0 if code == 143 else code


class Corelog(Broker):
    """Corelog."""

    kind = "corelog"

    def command(self, properties):
        return [str(self.binary), "serve", str(properties)]

    def format(self, properties):
        """As for Kafka: a node with a server.properties is formatted by command."""
        subprocess.run([self.binary, "storage", "format", "-t", CLUSTER_ID, "-c", str(properties)], check=True,
                       stdout=subprocess.DEVNULL)


KINDS = {"corelog": Corelog, "kafka": Kafka}


def under_test(folder, options, **settings):
    """The broker that the run is about."""
    return KINDS[options.broker](folder, options, **settings)


def run_kafka(name, *arguments, check=True, timeout=600):
    """One of Kafka's tools; returns the completed process with its text."""
    done = subprocess.run([str(places.SCRIPTS / "kafka"), name, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout)
    if check and done.returncode != 0:
        raise RuntimeError(f"{name} left with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done


def stop_all():
    """Ends every broker that still runs."""
    for one in list(_running):
        one.kill()


def panics():
    """What the brokers started since the last call said of panics; a panic that harmed nobody is a fault too."""
    found = []
    for path in sorted(_outputs):
        if path.exists():
            found += [f"{path}: {text}" for text in PANIC.findall(path.read_text(errors="replace"))]
    _outputs.clear()
    return found
