"""The load of the durability list: idempotent acks=all producers, assigned consumers beside them, a drain afterwards.

Producers are franz-go, watchers librdkafka, the drain Kafka's own client: three libraries for one history. Whoever
breaks the broker (kill, power rig, device error) only needs `Load` and `rig.history.check`.
"""

import subprocess

from rig import history, places, programs

PARTITIONS = 16
PRODUCERS = 8
CONSUMERS = 4
RECORDS_PER_SECOND = 2000


class Load:
    """Producers and consumers that run until `stop`."""

    def __init__(self, bootstrap, folder, topic="load", consumers=CONSUMERS):
        self._bootstrap, self._folder, self.topic = bootstrap, folder, topic
        self._history = folder / "history"
        with programs.start("java", bootstrap, folder) as java:
            java.must(op="create", topics=[{"name": topic, "partitions": PARTITIONS}])
        self._errors = open(folder / "load.err", "ab")
        self._watched = [folder / f"watcher-{number}" for number in range(consumers)]
        self._watchers = [self._run(programs.venv("confluent"), places.CLIENTS / "python/watch.py", bootstrap, topic,
                                    ",".join(map(str, range(number, PARTITIONS, consumers))), path)
                          for number, path in enumerate(self._watched)]
        self._producers = self._run(programs.franz(), "load", bootstrap, topic, PARTITIONS, PRODUCERS,
                                    RECORDS_PER_SECOND, self._history)

    def _run(self, *command):
        return subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=self._errors, text=True)

    def acknowledged(self):
        """How many records were acknowledged so far."""
        self._producers.stdin.write("\n")
        self._producers.stdin.flush()
        self._producers.stdout.readline()
        return sum(send.kind == "ok" for send in self.sends())

    def sends(self):
        """The history of the producers as far as it is written."""
        return history.read_sends(self._history)

    def stop(self):
        """Ends the producers, then the consumers; returns the history and what the consumers noted."""
        for process in (self._producers, *self._watchers):
            process.stdin.close()
        for process in (self._producers, *self._watchers):
            if process.wait(timeout=120) != 0:
                raise RuntimeError(f"{process.args[:3]} left with {process.returncode}: see {self._errors.name}")
        self._errors.close()
        return list(self.sends()), self._watched

    def abandon(self):
        """Ends everything at once."""
        for process in (self._producers, *self._watchers):
            process.kill()
            process.wait()


def drain(bootstrap, folder, topic="load"):
    """A full read of all partitions by Kafka's own client: partition -> [(offset, name)]."""
    drained = {}
    with programs.start("java", bootstrap, folder) as java:
        for partition in range(PARTITIONS):
            path = folder / f"drain-{partition}"
            java.must(op="drain", topic=topic, partition=partition, count=0, file=str(path), timeout=60)
            drained[partition] = history.read_drain(path)
    return drained
