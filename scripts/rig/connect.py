"""Part of the list `applications`: Kafka Connect, distributed, two workers, from a file through a topic to a file.

Lines are appended to the source's file without a pause. The worker that runs the source's task is killed with -9, then,
both running again, the one that runs the sink's. Every line must be in the sink's file, some of them more than once:
a file sink is at least once.
"""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections import Counter

from rig import broker, jars
from rig.children import Child, wait

TOPIC = "connect-lines"
WORKER = "org.apache.kafka.connect.cli.ConnectDistributed"
LINE = re.compile(r"line (\d{8})\.")
LINES_PER_SECOND = 200
SECONDS_MAX = 120
UP_SECONDS = 4  # lines flow so long before and after a kill
CONNECTORS = {
    "source": {"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "topic": TOPIC,
               "topic.creation.default.partitions": 3, "topic.creation.default.replication.factor": -1},
    "sink": {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "topics": TOPIC},
}


def run(folder, options, report):
    """Both kills on one broker."""
    folder.mkdir(parents=True)
    node = broker.under_test(folder / "broker", options)
    node.start()
    cluster = Cluster(node, folder)
    writer = Writer(folder / "source.txt")
    try:
        cluster.start()
        cluster.create(folder)
        writer.start()
        for connector in ["source"] if options.quick else ["source", "sink"]:
            kill(connector, cluster, writer, folder, report)
    finally:
        writer.close()
        cluster.kill()
    code = node.stop()
    report.item("applications/connect/broker stops", code == 0, f"exit {code}")


def kill(connector, cluster, writer, folder, report):
    """Kills the worker with this connector's task among the lines; one item when all lines of both sides are there."""
    name = f"applications/connect/worker of the {connector} killed"
    running = wait(lambda: cluster.settled(), SECONDS_MAX)
    report.item(f"{name}: shared before", running and len(set(running.values())) == 2, f"tasks at {running}")
    time.sleep(UP_SECONDS)
    dead = cluster.task_worker(connector)
    killed = time.monotonic()
    cluster.workers[dead].kill()
    taken = wait(lambda: cluster.task_worker(connector, exclude=dead), SECONDS_MAX)
    took = time.monotonic() - killed
    time.sleep(UP_SECONDS)
    wanted = writer.written
    found = wait(lambda: lines_of(folder / "sink.txt", wanted), SECONDS_MAX, 0.5) or count(folder / "sink.txt")
    missing = [one for one in range(wanted) if not found[one]]
    report.item(name, taken and not missing, f"{wanted - len(missing)} of {wanted} lines, "
                f"{sum(found.values()) - len(found)} more than once, task taken over after {took:.1f} s")
    report.note(f"first missing: {missing[:5]}") if missing else None
    cluster.restart(dead)


def lines_of(path, wanted):
    """What `count` finds, once every line up to `wanted` is there; else None."""
    found = count(path)
    return found if all(found[one] for one in range(wanted)) else None


def count(path):
    """How often each line is in the sink's file. A kill may tear a line, so lines are looked for anywhere."""
    return Counter(map(int, LINE.findall(path.read_text()))) if path.exists() else Counter()


class Writer:
    """Appends lines until it is closed."""

    def __init__(self, path):
        self._path, self._over = path, threading.Event()
        self.written = 0
        self._thread = threading.Thread(target=self._write, daemon=True)
        path.touch()

    def start(self):
        """Begins to write."""
        self._thread.start()

    def _write(self):
        with open(self._path, "a", encoding="ascii") as file:
            while not self._over.wait(0.05):
                for _ in range(LINES_PER_SECOND // 20):
                    file.write(f"line {self.written:08}.\n")
                    self.written += 1
                file.flush()

    def close(self):
        """Ends it."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()


class Cluster:
    """Two workers of one Connect group, by their address."""

    def __init__(self, node, folder):
        self._node, self._folder = node, folder
        self._ports = broker.free_ports(2)
        self.workers = {}

    def start(self):
        """Starts both and waits until each answers."""
        for port in self._ports:
            self.workers[f"127.0.0.1:{port}"] = self._start(port)
        for address in self.workers:
            self._wait_answer(address)

    def restart(self, address):
        """Starts the worker that was killed."""
        self.workers[address] = self._start(int(address.split(":")[1]))
        self._wait_answer(address)

    def _start(self, port):
        path = self._folder / f"worker-{port}.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings(self._node.bootstrap, port).items()))
        return Child(f"connect-{port}", jars.java(WORKER, path), self._folder)

    def _wait_answer(self, address):
        # The worker serves REST before it is in the group, and answers for connectors only once it is.
        self.workers[address].wait_until(lambda: ask(address, "GET", "/connectors") is not None, SECONDS_MAX, "answer")

    def create(self, folder):
        """Creates both connectors."""
        for name, config in CONNECTORS.items():
            body = {"tasks.max": 1, "file": str(folder / f"{name}.txt"), **config}
            if not wait(lambda: ask(next(iter(self.workers)), "PUT", f"/connectors/{name}/config", body), 30):
                raise RuntimeError(f"the connector {name} cannot be created")

    def task_worker(self, connector, exclude=None):
        """The address of the worker that runs the connector's task, or None."""
        for address, worker in self.workers.items():
            if worker.up and (status := ask(address, "GET", f"/connectors/{connector}/status")):
                for task in status["tasks"]:
                    if task["state"] == "RUNNING" and task["worker_id"] != exclude:
                        return task["worker_id"]
                return None
        return None

    def settled(self):
        """Where each connector's task runs, once both run, on a worker each."""
        found = {connector: self.task_worker(connector) for connector in CONNECTORS}
        return found if None not in found.values() and len(set(found.values())) == 2 else None

    def kill(self):
        """Ends both."""
        for worker in self.workers.values():
            worker.kill()


def settings(bootstrap, port):
    """A worker's properties: Connect's defaults but for times, which are short."""
    return {
        "bootstrap.servers": bootstrap, "group.id": "connect-cluster",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "config.storage.topic": "connect-configs", "config.storage.replication.factor": 1,
        "offset.storage.topic": "connect-offsets", "offset.storage.replication.factor": 1,
        "status.storage.topic": "connect-status", "status.storage.replication.factor": 1,
        "listeners": f"http://127.0.0.1:{port}", "rest.advertised.host.name": "127.0.0.1",
        "plugin.discovery": "service_load", "offset.flush.interval.ms": 1000,
        "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000, "scheduled.rebalance.max.delay.ms": 1000,
        "consumer.session.timeout.ms": 6000, "consumer.heartbeat.interval.ms": 1000,
    }


def ask(address, method, path, body=None):
    """One REST request; None when it was refused or nobody answered."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{address}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
