"""Corelog beside Apache Kafka on this machine: `corelog-bench compare`, and its figures judged.

That command starts both brokers, fills the page cache before each turn, lets them take turns with the same client,
counts flushes at the device, kills both under load and starts them again. Here it is built and called, and what it kept
is read. Two durability classes, never mixed in a table: D1 answers from the page cache (Kafka's default; Corelog with
flush.messages at its maximum), D2 answers after the device's flush (Corelog's default; Kafka with flush.messages=1).

The items are floors. The targets of the goal table go beyond them: they are shown, with the profile where one is missed.
"""

import json
import shutil
import subprocess
from statistics import median

from rig import places

OURS, KAFKA = "corelog", "kafka"
FREE_MB_MAX = 300
IN_FLIGHT = (1, 8, 64)
MB_PER_MIB = 1.048576
JUDGED = {True: "met", False: "missed", None: "cannot be told"}


def run(options, report):
    """Builds, compares, and judges what was kept."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "corelog-bench"], check=True, cwd=places.ROOT)
    folder, out = places.fresh("compare"), places.fresh("compare-results")
    command = [places.ROOT / "target/release/corelog-bench", "compare", "--binary", options.binary,
               "--kafka", places.SCRIPTS / "kafka", "--folder", folder, "--out", out, "--long-rounds", "1"]
    if options.quick:
        command.append("--quick")
    try:
        subprocess.run([str(part) for part in command], cwd=places.ROOT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    kept = out / "raw.json"
    if not kept.exists():
        report.item("compare: corelog-bench compare ends", False, f"no {kept}")
        return
    judge(json.loads(kept.read_text()), report, options.quick)


def judge(kept, report, quick=False):
    """Every item, of what the command kept."""
    failures = kept["figures"]["failures"]
    report.item("compare: every step was taken", not failures, f"{len(failures)} failed")
    for text in failures:
        report.note(text)
    for text, proved in kept["proofs"]:
        report.item(f"compare: durability class of {text.split(':')[0]}", proved is True, text.split(": ", 1)[1])
    if not quick:
        free = kept["free_mb"]
        report.item("compare: page cache full before each turn", bool(free) and max(free) <= FREE_MB_MAX,
                    f"{spread(free)} MB free")
    Floors(kept, report).judge()
    for table in kept["tables"]:
        for row in table["rows"]:
            for text, met in row["targets"]:
                why = f", {row['profile']}" if met is False and row["profile"] else ""
                report.note(f"row {row['row']}, {row['title']}: {text}: {JUDGED[met]}{why}")


class Floors:
    """A line per floor."""

    def __init__(self, kept, report):
        self._values, self._profiles, self._report = kept["figures"]["values"], kept["profiles"], report

    def judge(self):
        """All of them."""
        self.ratio("durable produce, 1 partition / Kafka durable", "d2 large batches, 1: MB/s",
                   "d2 large batches, 1: MB/s", 2.5)
        self.ratio("durable produce, 16 partitions / Kafka durable", "d2 large batches, 16: MB/s",
                   "d2 large batches, 16: MB/s", 2.5)
        self.ratio("durable produce, 1 partition / Kafka un-flushed", "d2 large batches, 1: MB/s",
                   "d1 large batches, 1: MB/s", 1.3)
        self.ratio("its CPU per GB / Kafka un-flushed", "d2 large batches, 1: CPU s/GB",
                   "d1 large batches, 1: CPU s/GB", 0.35, at_least=False)
        self.ratio("consume / Kafka", "tail MB/s", "tail MB/s", 1.2)
        self.acks_per_sync()
        self.most("RSS idle", "RSS idle MiB", 24, "MB", MB_PER_MIB)
        self.most("RSS loaded", "RSS loaded MiB", 256, "MB", MB_PER_MIB)
        self.most("idle CPU", "idle CPU alone %", 0.5, "% of a core")
        self.restart()

    def ratio(self, title, mine, theirs, limit, at_least=True):
        """Ours over Kafka's of the same round."""
        pairs = zip(self._of(OURS, mine), self._of(KAFKA, theirs))
        values = [one / other for one, other in pairs]
        good = values and (median(values) >= limit if at_least else median(values) <= limit)
        self._item(title, mine, good, f"{spread(values, 2)} (target {'>=' if at_least else '<='} {limit})")

    def most(self, title, name, limit, unit, factor=1):
        """A figure of ours that has a limit of its own."""
        values = [value * factor for value in self._of(OURS, name)]
        self._item(title, name, values and median(values) <= limit, f"{spread(values, 2)} {unit} (target <= {limit})")

    def acks_per_sync(self):
        """One sync per ack when nothing else is in flight; fewer when more is."""
        names = [f"acks per sync, {depth} in flight" for depth in IN_FLIGHT]
        shared = [median(self._of(OURS, name) or [0]) for name in names]
        self._item("acks per sync, one at 1, rising after", names[0],
                   0.9 <= shared[0] <= 1.1 and shared[0] < shared[1] < shared[2],
                   ", ".join(f"{value:.2f} at {depth}" for depth, value in zip(IN_FLIGHT, shared)))

    def restart(self):
        """After a kill under the largest load, each as it comes; the work follows what was not checkpointed."""
        sizes = [name for name in self._values.get(OURS, {}) if name.startswith("recovery s, ")]
        largest = max(sizes, key=_gigabytes, default="recovery s, 10 GB")
        mine, theirs = self._of(OURS, largest), self._of(KAFKA, largest)
        values = [other / one for one, other in zip(mine, theirs)]
        self._item("restart after a kill / Kafka", largest, values and median(values) >= 50,
                   f"1/{spread(values)}, {largest}: {spread(mine, 3)} beside {spread(theirs, 1)} (target <= 1/50)")

    def _of(self, broker, name):
        return self._values.get(broker, {}).get(name, [])

    def _item(self, title, figure, good, text):
        if not self._report.item(f"compare: {title}", bool(good), text) and figure in self._profiles:
            self._report.note(f"profile: {self._profiles[figure]}")


def _gigabytes(name):
    """How much was recovered, by the name of the figure."""
    amount, unit = name.rsplit(" ", 2)[1:]
    return float(amount) * (1 if unit == "GB" else 0.001)


def spread(values, digits=0):
    """Median and range."""
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} [{low:.{digits}f}..{high:.{digits}f}]"
