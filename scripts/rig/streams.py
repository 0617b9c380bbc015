"""Part of the list `applications`: the word count of Kafka Streams, two instances, at least once.

What each word was sent is known, so the counts are too: exact while nothing crashes, also after the state directories
are gone and the state came back from the changelog; never too low after crashes of an instance and of the broker,
and too high by no more than what came in while they crashed.
"""

import random
import shutil
import struct
import time
from collections import Counter

from rig import broker, corpus, jars, programs, table
from rig.children import Child, wait

INPUT, OUTPUT, PARTITIONS = "lines", "counts", 4
REPARTITION = "word-count-words-repartition"
CHANGELOG = "word-count-counts-changelog"
LINES, LINES_QUICK, WORDS_IN_LINE, VOCABULARY = 20_000, 2_000, 8, 2_000
BATCHES = 10  # a phase's lines come in so many pieces
# A crash may send a line's words into the repartition topic again, and may count those again: twice two, once meant.
REPEATS_MAX = 3
SECONDS_MAX = 120
COUNT = struct.Struct(">q")


class Lines:
    """Sends lines to the application and counts their words."""

    def __init__(self, worker, folder, per_phase):
        self._worker, self._folder, self._per_phase = worker, folder, per_phase
        self._rng = random.Random(7)
        self.words = Counter()

    def send(self, between=lambda number: None):
        """One phase; `between` is called before each piece. Returns the words of this phase."""
        phase = Counter()
        for number in range(BATCHES):
            between(number)
            lines = [[f"w{int(self._rng.paretovariate(0.6)) % VOCABULARY}" for _ in range(WORDS_IN_LINE)]
                     for _ in range(self._per_phase // BATCHES)]
            path = self._folder / "lines.records"
            path.write_bytes(b"".join(corpus.framed(None, " ".join(one).encode(), []) for one in lines))
            self._worker.must(op="produce", topic=INPUT, partition=number % PARTITIONS, codec="lz4", acks="all",
                              idempotent=True, records=str(path))
            phase.update(word for one in lines for word in one)
        self.words += phase
        return phase


def run(folder, options, report):
    """All phases on one broker."""
    folder.mkdir(parents=True)
    command = jars.java("WordCount", "BOOTSTRAP")[:-1]
    node = broker.under_test(folder / "broker", options)
    node.start()
    with programs.start("java", node.bootstrap, folder) as java:
        java.must(op="create", topics=[{"name": INPUT, "partitions": PARTITIONS},
                                       {"name": OUTPUT, "partitions": PARTITIONS,
                                        "configs": {"cleanup.policy": "compact"}}])
    with programs.start("confluent", node.bootstrap, folder) as worker:
        lines = Lines(worker, folder, LINES_QUICK if options.quick else LINES)
        scene = Scene(node, worker, lines, folder, command, report)
        scene.without_crash()
        scene.state_deleted()
        scene.instance_killed()
        scene.broker_killed()
    code = node.stop()
    report.item("applications/streams/broker stops", code == 0, f"exit {code}")


class Scene:
    """The broker, the lines, and the instances that run."""

    def __init__(self, node, worker, lines, folder, command, report):
        self._node, self._worker, self._lines, self._folder = node, worker, lines, folder
        self._command, self._report = command, report
        self._instances = []
        self._uncertain = Counter()  # words that came while something crashed

    def start(self, number):
        """Starts an instance with its own state directory."""
        command = [*self._command, self._node.bootstrap, self._folder / f"state-{number}", INPUT, OUTPUT]
        return Child(f"word-count-{number}", command, self._folder)

    def start_both(self):
        """Starts two instances and waits until both run."""
        self._instances = [self.start(number) for number in range(2)]
        for one in self._instances:
            one.wait_said("^state RUNNING", SECONDS_MAX)

    def without_crash(self):
        """Counts are exact, and what was counted is purged from the repartition topic."""
        self.start_both()
        self._lines.send()
        self.judge("counts")
        starts = wait(lambda: self.repartition_starts(), 30, 1)
        self._report.item("applications/streams/repartition topic purged", starts, f"first offsets {starts or 'all 0'}")

    def repartition_starts(self):
        """The first offsets of the repartition topic's partitions, or None while all are 0."""
        done = broker.run_kafka("kafka-get-offsets.sh", "--bootstrap-server", self._node.bootstrap, "--topic",
                                REPARTITION, "--time", "-2")
        starts = [int(line.rsplit(":", 1)[1]) for line in done.stdout.split()]
        return starts if any(starts) else None

    def state_deleted(self):
        """The instances stop, their state goes, they start again: the changelog gives it back."""
        codes = [one.stop() for one in self._instances]
        self._report.item("applications/streams/instances stop", codes == [0, 0], f"exit {codes}")
        rows = table.fetch(self._worker, CHANGELOG, self._folder)
        for number in range(2):
            shutil.rmtree(self._folder / f"state-{number}")
        self.start_both()
        self._lines.send()
        self.judge("counts after state was deleted")
        restored = sum(int(records) for one in self._instances for records in one.said(r"^restored .* (\d+)$"))
        distinct = len({row.key for row in rows})
        self._report.item("applications/streams/restored from changelog", restored >= distinct > 0,
                          f"{restored} records restored, {len(rows)} in the changelog before, {distinct} words")

    def instance_killed(self):
        """kill -9 of one instance among the lines; the other takes over."""
        def crash(number):
            if number == BATCHES // 2:
                self._instances[0].kill()
        self._uncertain += self._lines.send(crash)
        self.judge("counts after an instance was killed")
        self._instances[0] = self.start(0)
        self._instances[0].wait_said("^state RUNNING", SECONDS_MAX)

    def broker_killed(self):
        """kill -9 of the broker among the lines."""
        def crash(number):
            if number == BATCHES // 2:
                self._node.kill()
                self._node.start()
        self._uncertain += self._lines.send(crash)
        self.judge("counts after the broker was killed")
        for one in self._instances:
            one.kill()

    def judge(self, name):
        """Waits until no count is too low and none changes any more; one item."""
        began, counts = time.monotonic(), {}
        deadline = began + SECONDS_MAX
        while time.monotonic() < deadline:
            before, counts = counts, self.counts()
            if counts == before and not any(compare(self._lines.words, counts, Counter())[0]):
                break
            time.sleep(1)
        low, high = compare(self._lines.words, counts, self._uncertain)
        total, excess = sum(self._lines.words.values()), sum(counts.values()) - sum(self._lines.words.values())
        self._report.item(f"applications/streams/{name}", counts and not low and not high,
                          f"{total} words, {len(self._lines.words)} different, {len(low)} too low, {len(high)} too "
                          f"high, {max(excess, 0)} counted again, settled after {time.monotonic() - began:.0f} s")
        for text in [*low, *high][:5]:
            self._report.note(text)

    def counts(self):
        """The last count of each word in the output topic."""
        rows = table.fetch(self._worker, OUTPUT, self._folder)
        return {key.decode(): COUNT.unpack(value)[0] for key, value in table.last_values(rows).items()}


def compare(words, counts, uncertain):
    """Texts of the words counted too low, and of those counted more often than crashes explain."""
    low, high = [], []
    for word in {*words, *counts}:
        sent, counted = words[word], counts.get(word, 0)
        if counted < sent:
            low.append(f"{word}: {counted} of {sent}")
        elif counted > sent + REPEATS_MAX * uncertain[word]:
            high.append(f"{word}: {counted} of {sent}, {uncertain[word]} came while something crashed")
    return low, high
