"""Corelog beside Apache Kafka on this machine: interleaved rounds, one client, the same page cache regime.

Two durability classes, never mixed in a table: D1 answers from the page cache (Kafka's default; Corelog with
flush.messages at its maximum), D2 answers after the device's flush (Corelog's default; Kafka with flush.messages=1).
Client and broker share the machine, nothing is pinned by this rig. MB and GB are powers of ten, of record values.
At the end both are killed under the load of the list `recovery` and started again (module restart).
"""

import shutil
import time
from dataclasses import dataclass, field
from statistics import median

from rig import generator, machine, places, requests, restart, subject
from rig.raw import Link

ORDER = ("corelog", "kafka")
ROUNDS = 5
NEVER_FLUSH, ALWAYS_FLUSH = {"flush_messages": 2**63 - 1}, {"flush_messages": 1}
CONFIGS = {("corelog", "D1"): NEVER_FLUSH, ("corelog", "D2"): {}, ("kafka", "D1"): {}, ("kafka", "D2"): ALWAYS_FLUSH}
PARTITIONS = (1, 16, 100)
RECORDS = {("D1", 1): 1_000_000, ("D1", 16): 800_000, ("D1", 100): 600_000,
           ("D2", 1): 600_000, ("D2", 16): 600_000, ("D2", 100): 400_000}
WARM_UP_RECORDS = {"D1": 1_000_000, "D2": 200_000}
IN_FLIGHT = (1, 8, 64)
SINGLE_RECORDS = 2000
SETTLE_SECONDS, IDLE_SECONDS = 3, 10


@dataclass
class Figures:
    """What all rounds of one broker gave: name -> one value per round."""

    values: dict = field(default_factory=dict)

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def last(self):
        """The throughputs of the newest round, so that a disturbed one can be told from the others."""
        rates = {name.removesuffix(" MB/s"): all_[-1] for name, all_ in self.values.items() if name.endswith("MB/s")}
        return ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items()) + " MB/s"

    def text(self, name, digits):
        return spread(self.values.get(name, []), digits)


def spread(values, digits=0):
    """Median and range."""
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} [{low:.{digits}f}..{high:.{digits}f}]"


def run(options, report):
    """The list."""
    folder = places.fresh("compare")
    try:
        rounds, shrink = (1, 4) if options.quick else (ROUNDS, 1)
        disk = machine.disk_of(folder)
        generator.program()
        cache = machine.FullCache(folder)
        free, took = cache.fill()
        per_sync, sync_seconds = machine.flushes_per_sync(folder, disk)
        print_header(disk, free, took, per_sync, sync_seconds, shrink)
        all_figures = {kind: Figures() for kind in ORDER}
        frees = []
        for number in range(rounds):
            for kind in ORDER:
                frees.append(cache.fill()[0])
                measure(kind, folder / f"{kind}-{number}", options, disk, all_figures[kind], shrink, per_sync)
                report.note(f"round {number + 1} of {rounds}: {kind}, {all_figures[kind].last()}")
        print_tables(all_figures)
        cache.close()
        report.item("compare: page cache full before each run", max(frees) <= machine.FREE_MB_MAX,
                    f"{spread(frees)} MB free")
        judge(all_figures["corelog"].values, all_figures["kafka"].values, report)
        restart.run(folder / "restart", options, report)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def print_header(disk, free, took, per_sync, sync_seconds, shrink):
    """The conditions, and the client's own ceiling."""
    print(f"regime: page cache filled ({free} MB free after {took:.0f} s); {machine.regime()}")
    print(f"client: rdkafka_performance of librdkafka {generator.CRATE.split('+')[1]}, records of 1 KiB, linger 5 ms, "
          f"batches of 1 MB, acks=all, one connection, idempotence off; shares the CPUs with the broker")
    print(f"disk {disk}: one fdatasync of a growing file = {per_sync} flush requests, {sync_seconds * 1e6:.0f} us")
    for partitions in PARTITIONS:
        top = generator.ceiling(partitions, 2_000_000 // shrink)
        print(f"client's ceiling against a responder that drops everything, {partitions:>3} partitions: "
              f"{top.mb_per_second:.0f} MB/s", flush=True)


def measure(kind, folder, options, disk, figures, shrink, per_sync):
    """One broker's turn of one round; its folder is removed."""
    broker, started = subject.start(kind, folder, options)
    try:
        figures.add("start", started * 1000)
        time.sleep(SETTLE_SECONDS)
        figures.add("rss idle", machine.rss_mb(broker.pid))
        create_topics(broker)
        time.sleep(SETTLE_SECONDS)
        figures.add("rss topics", machine.rss_mb(broker.pid))
        before = machine.cpu_seconds(broker.pid)
        time.sleep(IDLE_SECONDS)
        figures.add("idle cpu", (machine.cpu_seconds(broker.pid) - before) / IDLE_SECONDS * 100)
        for durability, records in WARM_UP_RECORDS.items():
            generator.produce(broker.bootstrap, f"warm-{durability}", records // shrink)
        for durability in ("D1", "D2"):
            for partitions in PARTITIONS:
                produce(broker, durability, partitions, disk, figures, shrink)
        consume(broker, disk, figures, shrink)
        group_commit(broker, disk, figures, per_sync, shrink)
        figures.add("rss loaded", machine.rss_peak_mb(broker.pid))
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


def create_topics(broker):
    """The topics of one turn, each in its durability class."""
    wanted = [(f"{durability}-{partitions}", partitions, durability)
              for durability in ("D1", "D2") for partitions in PARTITIONS]
    wanted += [(f"warm-{durability}", 4, durability) for durability in ("D1", "D2")]
    wanted += [(f"single-{depth}", 1, "D2") for depth in IN_FLIGHT]
    with Link(broker.port, timeout=60) as link:
        for name, partitions, durability in wanted:
            error, _ = requests.create(link, name, partitions, **CONFIGS[broker.kind, durability])
            if error:
                raise RuntimeError(f"{broker.kind}: creating {name} gave error {error}")


def produce(broker, durability, partitions, disk, figures, shrink):
    """One throughput run; flushes per ack prove the class."""
    topic, name = f"{durability}-{partitions}", f"{durability} produce {partitions}"
    with subject.Meter(broker, disk) as meter:
        run_ = generator.produce(broker.bootstrap, topic, RECORDS[durability, partitions] // shrink)
    acks = subject.batches(broker, topic)
    figures.add(f"{name} MB/s", run_.mb_per_second)
    figures.add(f"{name} CPU s/GB", meter.cost.cpu_seconds / run_.gb)
    figures.add(f"{name} flushes per ack", meter.cost.flushes / max(acks, 1))
    figures.add(f"{name} KB per ack", run_.gb * 1e6 / max(acks, 1))


def consume(broker, disk, figures, shrink):
    """Reads the partition that was just written from its start."""
    with subject.Meter(broker, disk) as meter:
        run_ = generator.consume(broker.bootstrap, "D1-1", RECORDS["D1", 1] // shrink)
    figures.add("consume MB/s", run_.mb_per_second)
    figures.add("consume CPU s/GB", meter.cost.cpu_seconds / run_.gb)


def group_commit(broker, disk, figures, per_sync, shrink):
    """Single-record requests, so many of them in flight on one connection: how many acks share a sync."""
    for depth in IN_FLIGHT:
        records = SINGLE_RECORDS // shrink * (1 if depth == 1 else 4)
        with subject.Meter(broker, disk) as meter:
            run_ = generator.produce(broker.bootstrap, f"single-{depth}", records, partition=0,
                                     **{"linger.ms": 0, "batch.num.messages": 1, "max.in.flight": depth})
        syncs = meter.cost.flushes / per_sync
        figures.add(f"acks per sync {depth}", records / max(syncs, 1))
        figures.add(f"flushes per ack {depth}", meter.cost.flushes / records)
        figures.add(f"acks/s {depth}", records / run_.seconds)


def print_tables(all_figures):
    """Two tables for the classes, one for the rest; median and range of the rounds."""
    for durability, title in (("D1", "D1: answered from the page cache"), ("D2", "D2: answered after the flush")):
        print(f"\n{title}")
        rows = [(f"produce, {partitions} partitions: {what}", f"{durability} produce {partitions} {what}", digits)
                for partitions in PARTITIONS
                for what, digits in (("MB/s", 0), ("CPU s/GB", 2), ("flushes per ack", 2), ("KB per ack", 0))]
        if durability == "D2":
            rows += [(f"{what} with {depth} single-record requests in flight", f"{what} {depth}", digits)
                     for depth in IN_FLIGHT
                     for what, digits in (("acks per sync", 2), ("flushes per ack", 2), ("acks/s", 0))]
        _print_rows(rows, all_figures)
    print("\nBoth classes")
    _print_rows([("consume, hot, 1 partition: MB/s", "consume MB/s", 0),
                 ("consume, hot, 1 partition: CPU s/GB", "consume CPU s/GB", 2),
                 ("RSS idle, MB", "rss idle", 1), ("RSS with 245 idle partitions, MB", "rss topics", 1),
                 ("RSS loaded (peak), MB", "rss loaded", 1),
                 ("CPU idle, % of a core", "idle cpu", 2), ("start, empty: ms to the first answer", "start", 0)],
                all_figures)


def _print_rows(rows, all_figures):
    print(f"  {'':<58}" + "".join(f"{kind:>26}" for kind in ORDER))
    for title, name, digits in rows:
        print(f"  {title:<58}" + "".join(f"{all_figures[kind].text(name, digits):>26}" for kind in ORDER), flush=True)


def judge(ours, kafka, report):
    """A line per target. Ratios are of the two runs of the same round."""
    def ratio(title, mine, theirs, limit, at_least=True):
        values = [one / other for one, other in zip(ours[mine], kafka[theirs], strict=True)]
        good = median(values) >= limit if at_least else median(values) <= limit
        report.item(f"compare: {title}", good,
                    f"{spread(values, 2)} (target {'>=' if at_least else '<='} {limit})")

    def most(title, name, limit, unit, digits):
        report.item(f"compare: {title}", median(ours[name]) <= limit,
                    f"{spread(ours[name], digits)} {unit} (target <= {limit})")

    ratio("durable produce, 1 partition / Kafka durable", "D2 produce 1 MB/s", "D2 produce 1 MB/s", 2.5)
    ratio("durable produce, 16 partitions / Kafka durable", "D2 produce 16 MB/s", "D2 produce 16 MB/s", 2.5)
    ratio("durable produce, 1 partition / Kafka un-flushed", "D2 produce 1 MB/s", "D1 produce 1 MB/s", 1.3)
    ratio("its CPU per GB / Kafka un-flushed", "D2 produce 1 CPU s/GB", "D1 produce 1 CPU s/GB", 0.35, at_least=False)
    ratio("consume / Kafka", "consume MB/s", "consume MB/s", 1.2)
    shared = [median(ours[f"acks per sync {depth}"]) for depth in IN_FLIGHT]
    report.item("compare: acks per sync, one at 1, rising after", shared[0] <= 1.1 and shared[0] < shared[1] < shared[2],
                ", ".join(f"{value:.2f} at {depth}" for depth, value in zip(IN_FLIGHT, shared)))
    most("RSS idle", "rss idle", 24, "MB", 1)
    most("RSS loaded", "rss loaded", 256, "MB", 1)
    most("idle CPU", "idle cpu", 0.5, "% of a core", 2)
