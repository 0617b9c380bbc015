"""The list `compaction`: a cleaned topic loses what is superseded and nothing else, whenever the broker dies.

A million records on ten thousand keys, tombstones among them, into small segments, each partition with its own codec.
While they are written the broker is killed at every moment of a cleaning (rig.moments); after each restart everything
is read and compared with what was written (rig.cleaned). A reader goes through the topic again and again meanwhile.
Records are written by Kafka's own client and read by librdkafka. Then tombstones and producers (rig.tombstones).
"""

import threading
import time
import traceback
from bisect import bisect_left

from rig import broker, cleaned, dump, moments, places, programs, table, tombstones
from rig.batches import headers, now_ms
from rig.children import Child, wait
from rig.cleaned import Partition
from rig.raw import Link
from rig.requests import fetch

CODECS = ("none", "gzip", "lz4", "zstd")  # of partitions 0 to 3
RECORDS, KEYS = 1_000_000, 10_000
RECORDS_QUICK, KEYS_QUICK = 200_000, 2_000
CHUNK, BATCH_BYTES = 5_000, 16_384
DELIVERY_SECONDS = 120  # a producer waits so long for a broker that was killed
SEGMENT_BYTES, RECORD_BYTES = 1 << 20, 100
DIRTY_SHARE = 0.1
SECONDS_MAX = 60
QUICK_SEGMENT_MS = 200
HOLES = 200
RETENTION_SECONDS, YOUNG_MS = 30, 1_800_000
CONFIGS = {"segment.bytes": SEGMENT_BYTES, "min.cleanable.dirty.ratio": 0.05, "delete.retention.ms": 86_400_000,
           "file.delete.delay.ms": 1000}
# Kafka's controller waits for the session of the broker that was killed before it lets it come back.
OVERRIDES = {"log.cleaner.backoff.ms": 100, "log.retention.check.interval.ms": 1000,
             "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500}


def run(options, report):
    """All parts, or the one that --only names. A part that cannot run is a failed item."""
    folder = places.fresh("compaction")
    parts = {"compact": crashes, "compact,delete": crashes, "tombstones": tombstones.times,
             "producers": tombstones.producers}
    for name, part in parts.items():
        full = f"compaction/{name}"
        if options.only not in full or (options.quick and name == "compact,delete"):
            continue
        try:
            part(folder / name.replace(",", "-"), options, report)
        except Exception as error:
            traceback.print_exc()
            report.item(full, False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()


def crashes(folder, options, report):
    """One policy: all moments, then what is left."""
    scene = Scene(folder, options, report)
    try:
        scene.write_first()
        for moment in moments.of(options.broker, options.quick):
            scene.strike(moment)
        scene.write_rest()
        scene.reader_meanwhile()
        scene.cleaned()
        scene.holes()
        if "delete" in scene.policy:
            scene.retention()
    finally:
        scene.close()
    code = scene.node.stop()
    report.item(f"{scene.name}/broker stops", code == 0, f"exit {code}")
    scene.dumped()


class Scene:
    """A broker, a compacted topic, what is written to it, and the reader beside."""

    def __init__(self, folder, options, report):
        self.policy = folder.name.replace("-", ",")
        self.name, self.topic = f"compaction/{self.policy}", "compacted"
        self._folder, self._report = folder, report
        records, self._keys = (RECORDS_QUICK, KEYS_QUICK) if options.quick else (RECORDS, KEYS)
        count = len(CODECS)
        self._partitions = [Partition.drawn(number, records // count, self._keys // count) for number in range(count)]
        self._share = records // count // (len(moments.of(options.broker, options.quick)) + 2)
        self._written = 0  # of each partition
        self.node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
        self.node.start()
        self._writer = programs.start("java", self.node.bootstrap, folder)
        self._reader = programs.start("confluent", self.node.bootstrap, folder)
        # A share has to close segments, or nothing is cleaned: a small one does so by time.
        rolled = {"segment.ms": QUICK_SEGMENT_MS} if options.quick else {}
        self._writer.must(op="create", topics=[{"name": self.topic, "partitions": count, "configs": {
            "cleanup.policy": self.policy, **CONFIGS, **rolled}}])
        self._scan = Child("scan", [programs.venv("confluent"), places.CLIENTS / "python/scan.py", self.node.bootstrap,
                                    self.topic, folder / "passes"], folder)

    def write_first(self):
        """A share that is not struck: until it is there, next to nothing is superseded, and nothing is cleaned."""
        self.write(self._share)

    def close(self):
        """Ends the programs."""
        self._scan.kill()
        self._writer.close()
        self._reader.close()

    def write(self, until, **how):
        """Writes each partition up to an offset, chunk by chunk."""
        while self._written < until:
            end = min(self._written + CHUNK, until)
            for number, partition in enumerate(self._partitions):
                path = self._folder / "chunk.records"
                partition.write(path, self._written, end)
                self._writer.must(op="produce", topic=self.topic, partition=number, codec=CODECS[number], acks="all",
                                  idempotent=True, batch=BATCH_BYTES, records=str(path), delivery=DELIVERY_SECONDS,
                                  patience=DELIVERY_SECONDS + 30, **how)
            self._written = end

    def strike(self, moment):
        """Writes a share of the records; the broker dies at the moment, starts again; everything is read."""
        if moment.overrides:
            self.restart(moment.overrides)
        writing = Writing(self, self._written + self._share)
        struck = moment.strike(self.node, self.topic, SECONDS_MAX)
        self.node.overrides = OVERRIDES
        if not struck:
            self.node.kill()
        took = self.node.start()
        error = writing.join()
        verdict, rows, _ = self.read()
        self._report.item(f"{self.name}/{moment.name}", struck and not error and verdict.clean,
                          f"{'' if struck else 'never came to it; '}{error or ''}start took {took:.1f} s, "
                          f"{self._written * len(self._partitions)} records written, {rows} there, {verdict.text()}")

    def restart(self, overrides):
        """A clean stop, and a start with further keys."""
        self.node.stop()
        self.node.overrides = {**OVERRIDES, **overrides}
        self.node.start()

    def write_rest(self):
        """The records that are left but for a chunk, without an accident."""
        self.write(len(self._partitions[0].keys) - CHUNK)

    def read(self, starts=None, **how):
        """Reads everything: verdict, number of records, number of superseded ones."""
        verdict, rows, old = cleaned.Verdict(), 0, 0
        found = table.fetch(self._reader, self.topic, self._folder, SECONDS_MAX)
        self._rows = [[(row.offset, row.key, row.value) for row in found if row.partition == number]
                      for number in range(len(self._partitions))]
        for number, partition in enumerate(self._partitions):
            start = starts[number] if starts else 0
            one = cleaned.check(partition, self._rows[number], self._written, start=start, **how)
            for name, texts in one.rows():
                getattr(verdict, name).extend(f"partition {number}: {text}" for text in texts)
            rows += len(self._rows[number])
            old += cleaned.superseded(partition, self._rows[number], self._written)
        return verdict, rows, old

    def reader_meanwhile(self):
        """What the reader beside saw: each pass is judged by the end that was known after it."""
        time.sleep(5)
        code, passes, rows, faults = self._scan.stop(), 0, 0, []
        for number, known, position, seen in cleaned.passes(self._folder / "passes"):
            verdict = cleaned.check(self._partitions[number], seen, position, known=known, digested=True)
            passes, rows = passes + 1, rows + len(seen)
            if not verdict.clean:
                faults.append(f"partition {number}, read up to {position}: {verdict.text()}")
        self._report.item(f"{self.name}/a reader meanwhile", code == 0 and passes >= len(CODECS) and not faults,
                          f"{passes} reads of a partition from its start to its end, {rows} records, "
                          f"{len(faults)} reads with a gap or a change")
        for text in faults[:5]:
            self._report.note(text)

    def cleaned(self):
        """In the end what is superseded is gone, but for the active segments and the share that may be dirty."""
        active = len(CODECS) * SEGMENT_BYTES // RECORD_BYTES
        limit = self._keys + active + int(self._written * len(CODECS) * DIRTY_SHARE)
        began, last = time.monotonic(), []

        def done():
            last[:] = [self.read()]
            return last[0][1] <= limit
        wait(done, SECONDS_MAX, 1)
        verdict, rows, old = last[0]
        size = sum(path.stat().st_size for path in self.node.files(".log") if path.parent.name.startswith(self.topic))
        self._report.item(f"{self.name}/cleaned", verdict.clean and rows <= limit,
                          f"{rows} of {self._written * len(CODECS)} records there ({old} superseded; at most {limit}), "
                          f"{size / 1e6:.1f} MB, after {time.monotonic() - began:.0f} s; {verdict.text()}")

    def holes(self):
        """A fetch at an offset that is gone gives what follows, at the latest the next record that has to stay."""
        wrong, asked = [], 0
        with Link(self.node.port) as link:
            for number, rows in enumerate(self._rows):
                there, lasting = sorted(row[0] for row in rows), self._partitions[number].last_offsets(self._written)
                gaps = [(low, lasting[bisect_left(lasting, high)]) for low, high in zip(there, there[1:])
                        if high > low + 1]
                for low, high in gaps[:: max(1, len(gaps) * len(CODECS) // HOLES)]:
                    asked += 1
                    if text := self._wrong(link, number, low, high):
                        wrong.append(f"partition {number} at {low + 1}, lasting {high}: {text}")
        self._report.item(f"{self.name}/fetches at offsets that are gone", asked and not wrong,
                          f"{asked - len(wrong)} of {asked} gave what follows")
        for text in wrong[:5]:
            self._report.note(text)

    def _wrong(self, link, number, low, high):
        """What is wrong with fetches from behind `low` on until `high` came; a fetch may end with its segment."""
        offset = low + 1
        while offset <= high:
            error, _, data = fetch(link, self.topic, partition=number, offset=offset, max_bytes=SEGMENT_BYTES)
            found = headers(data)
            if error or not found or found[0].last < offset or found[0].base > high:
                return f"at {offset} error {error}, {found[:1]}"
            offset = found[-1].last + 1
        return None

    def retention(self):
        """Time removes whole segments, compacted or not; those with a young record stay as compaction left them.

        The young ones are stamped ahead, so that they stay young however long the broker takes to start.
        """
        self.write(self._written + CHUNK, timestamp=now_ms() + YOUNG_MS)
        time.sleep(RETENTION_SECONDS)
        self.restart({"log.retention.ms": RETENTION_SECONDS * 1000})
        starts = wait(self._starts, SECONDS_MAX, 1)
        self.restart({})
        verdict, rows, _ = self.read(starts) if starts else (cleaned.Verdict(), 0, 0)
        self._report.item(f"{self.name}/retention deletes too", starts and rows and verdict.clean,
                          f"first offsets {starts} of {self._written}, {rows} records there, {verdict.text()}")

    def _starts(self):
        """The first offsets, once each moved and none moves any more."""
        found = []
        for _ in range(2):
            time.sleep(2)
            done = broker.run_kafka("kafka-get-offsets.sh", "--bootstrap-server", self.node.bootstrap, "--topic",
                                    self.topic, "--time", "-2")
            found.append([int(line.rsplit(":", 1)[1]) for line in sorted(done.stdout.split())])
        return found[0] if found[0] == found[1] and all(found[0]) else None

    def dumped(self):
        """kafka-dump-log.sh reads every file, and shows from when on tombstones may go."""
        files = [path for path in self.node.files(".log") if path.parent.name.startswith(self.topic)]
        for suffix, how in {".log": ["--deep-iteration"], ".index": [], ".timeindex": [], ".snapshot": []}.items():
            mine = self.node.files(suffix)
            found = dump.complaints(mine, *how, holes=True)
            self._report.item(f"{self.name}/dump {suffix}", mine and not found,
                              f"{len(mine)} files, {len(found)} complaints")
            for line in found[:5]:
                self._report.note(line)
        horizons = dump.dump(files).stdout.count("deleteHorizonMs: OptionalLong[")
        self._report.item(f"{self.name}/dump shows delete horizons", horizons, f"in {horizons} batches")


class Writing:
    """`scene.write(until)` beside what the caller does."""

    def __init__(self, scene, until):
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(scene, until), daemon=True)
        self._thread.start()

    def _run(self, scene, until):
        try:
            scene.write(until)
        except RuntimeError as error:
            self._error = f"{error}; "

    def join(self):
        """Waits for it; returns what went wrong, or None."""
        self._thread.join()
        return self._error
