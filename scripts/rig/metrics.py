"""The list `metrics`: the page is what Prometheus' own tool accepts, and its figures are what clients did.

Real clients produce and consume, a broker is held up on purpose, and a page of many partitions is asked for beside
other work. Apache Kafka has no such page: with `--broker kafka` the list cannot run.
"""

import json
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from rig import broker, page, places, programs
from rig.batches import batch
from rig.debian import daemon
from rig.group_requests import asked, commit, coordinate
from rig.pings import Pings, shown
from rig.raw import Link
from rig.requests import create, create_served, produce

RECORDS, RECORD_BYTES = 20_000, 200
REQUESTS = 300
PARTITIONS, QUICK_PARTITIONS, PAGES = 10_000, 1000, 10
PARTITION_FILES, OTHER_FILES = 5, 1000  # open at once while partitions are made
HELD_MS = 40  # for how long the broker's own failpoint holds up a core
HUNG_SECONDS_MAX = 20  # ten signs of life until the failpoint strikes, ten missing until it is said
LONGEST_MS_MAX = 10
CREATED_SECONDS_MAX = 600


@dataclass
class Run:
    """What every part gets."""

    folder: object
    options: object
    report: object

    def node(self, name, **overrides):
        """A broker of the part's own."""
        node = broker.under_test(self.folder / name, self.options, overrides=overrides)
        node.start()
        return node

    def item(self, name, ok, figure):
        """One line."""
        return self.report.item(f"metrics/{name}", ok, figure)


def run(options, report):
    """All parts, each with brokers of its own."""
    if options.broker != "corelog":
        raise RuntimeError("Apache Kafka shows no page of metrics by itself")
    of_all = Run(places.fresh("metrics"), options, report)
    for name, part in PARTS.items():
        if options.only in f"metrics/{name}":
            try:
                part(of_all)
            finally:
                broker.stop_all()


def lint(run):
    """promtool on a page that has everything on it; the page beside the list that the command prints."""
    node = run.node("lint", **{"corelog.test.failpoint": "core.stall"})
    busy(node)
    text = page.get(node, "/metrics")[1]
    tool = daemon("prometheus") / "usr/bin/promtool"
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip().splitlines()
    run.item("promtool check metrics", done.returncode == 0 and not said,
             f"exit {done.returncode}, {len(text.splitlines())} lines, {len(text)} bytes; {said[:3]}")
    listed = json.loads(subprocess.run([run.options.binary, "metrics", "--format", "json"], check=True,
                                       capture_output=True, text=True).stdout)
    names = {one["name"] for one in listed}
    typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    samples = {name for name, _ in page.read(text)}
    told = {name for name in names if any(name + end in samples for end in ("", "_bucket"))}
    run.item("the page is the list", names == typed and told == names,
             f"{len(names)} series; not told: {sorted(names - told)[:5]}, not listed: {sorted(typed - names)[:5]}")


def busy(node):
    """A bit of everything."""
    with Link(node.port) as link:
        create_served(link, "lag", 3)
        coordinate(link)
        produce(link, "nowhere", batch([b"value"]))
        for partition, count in ((0, 10), (1, 25), (2, 40)):
            produce(link, "lag", batch([b"value"] * count), partition=partition)
        asked(link, commit("lagging", "lag", {0: 10, 1: 5, 2: 0}))


def counted(run):
    """What kcat sent and read is what the counters say."""
    programs.need("kcat", "kcat")
    node = run.node("counted")
    with Link(node.port) as link:
        create_served(link, "counted", 4)
    lines = run.folder / "lines"
    lines.write_text("".join(f"{number:0{RECORD_BYTES}}\n" for number in range(RECORDS)))
    before = page.metrics(node)
    subprocess.run(["kcat", "-b", node.bootstrap, "-t", "counted", "-P", "-X", "acks=all", "-l", lines], check=True,
                   capture_output=True)
    read = subprocess.run(["kcat", "-b", node.bootstrap, "-t", "counted", "-C", "-e", "-q", "-o", "beginning"],
                          check=True, capture_output=True, text=True).stdout.splitlines()
    after = page.metrics(node)
    of = "kafka_server_brokertopicmetrics_"
    records = page.total(after, f"{of}messagesin_total", topic="counted")
    run.item("records that kcat sent", records == RECORDS == len(read), f"{records:.0f} counted, {len(read)} read back")
    ends = page.total(after, "kafka_topic_partition_current_offset", topic="counted")
    run.item("high watermarks", ends == RECORDS, f"{ends:.0f} over 4 partitions")
    bytes_in, bytes_out = (page.total(after, f"{of}{way}_total", topic="counted") for way in ("bytesin", "bytesout"))
    size = page.total(after, "kafka_log_log_size", topic="counted")
    on_disk = sum(path.stat().st_size for path in node.files(".log") if path.parent.name.startswith("counted-"))
    run.item("bytes in, out and on the disk", bytes_in == size == on_disk > RECORDS * RECORD_BYTES
             and bytes_out >= bytes_in, f"{bytes_in:.0f} in, {bytes_out:.0f} out, {size:.0f} told, {on_disk} on the disk")
    appended = page.total(after, "corelog_appended_bytes_total") - page.total(before, "corelog_appended_bytes_total")
    flushed = page.total(after, "corelog_flushed_bytes_total") - page.total(before, "corelog_flushed_bytes_total")
    flushes = page.total(after, "corelog_file_flushes_total") - page.total(before, "corelog_file_flushes_total")
    commits = page.total(after, "corelog_commit_bytes_count") - page.total(before, "corelog_commit_bytes_count")
    run.item("acknowledged is flushed", flushed == appended == bytes_in and flushes >= commits > 0,
             f"{flushed:.0f} of {appended:.0f} bytes, {commits:.0f} commits, {flushes:.0f} flushes")


def latencies(run):
    """As many latencies as requests, and none shorter than nothing or longer than the client's own."""
    node = run.node("latencies")
    with Link(node.port) as link:
        create_served(link, "timed")
        before = page.metrics(node)
        started = time.monotonic()
        for _ in range(REQUESTS):
            produce(link, "timed", batch([b"value"] * 10))
        took = time.monotonic() - started
        time.sleep(0.2)  # a request is counted when its answer has left
        after = page.metrics(node)

    def more(name, **labels):
        return page.total(after, name, **labels) - page.total(before, name, **labels)

    count, seconds = (more(f"corelog_request_seconds_{part}", request="Produce") for part in ("count", "sum"))
    last = more("corelog_request_seconds_bucket", request="Produce", le="+Inf")
    run.item("latencies of produce", count == last == REQUESTS and 0 < seconds < took,
             f"{count:.0f} of {REQUESTS}, {1e3 * seconds / REQUESTS:.2f} ms each, {1e3 * took / REQUESTS:.2f} ms by the client")
    of = "kafka_network_requestmetrics_"
    parts = [more(f"{of}{part}timems_sum", request="Produce")
             for part in ("requestqueue", "local", "remote", "responsequeue", "responsesend")]
    whole = more(f"{of}totaltimems_sum", request="Produce")
    run.item("the stretches add up", abs(sum(parts) - whole) < 0.01 * whole,
             f"{sum(parts):.2f} of {whole:.2f} ms: " + ", ".join(f"{100 * part / whole:.0f} %" for part in parts))
    total = more("kafka_network_requestmetrics_requests_total", request="Produce")
    run.item("requests in Kafka's dialect", total == REQUESTS, f"{total:.0f}")


def lag(run):
    """Members, offsets and lag of a group, as kafka_exporter tells them."""
    node = run.node("lag")
    busy(node)
    values = page.metrics(node)
    found = [page.total(values, "kafka_consumergroup_lag", consumergroup="lagging", partition=str(number))
             for number in range(3)]
    run.item("lag of a group", found == [0, 20, 40], found)
    groups = page.total(values, "kafka_coordinator_group_groupmetadatamanager_numgroups")
    empty = page.total(values, "kafka_coordinator_group_groupmetadatamanager_numgroupsempty")
    run.item("groups by state", groups == empty == 1, f"{groups:.0f} groups, {empty:.0f} empty")


def stalls(run):
    """A core that is held up at every request says so, with the request's name."""
    node = run.node("stalls", **{"corelog.test.failpoint": "core.stall"})
    with Link(node.port) as link:
        create_served(link, "stalled")
        before = page.metrics(node)
        for _ in range(20):
            produce(link, "stalled", batch([b"value"]))
    time.sleep(0.2)
    after = page.metrics(node)
    count, seconds = (page.total(after, name, request="Produce") - page.total(before, name, request="Produce")
                      for name in ("corelog_core_stalls_total", "corelog_core_stall_seconds_total"))
    run.item("stalls of a core by request", count == 20 and seconds >= count * 0.9 * HELD_MS / 1e3,
             f"{count:.0f} of 20 produces of {HELD_MS} ms, {seconds:.2f} s")
    tasks = {dict(labels)["task"] for (name, labels) in after if name == "corelog_core_stalls_total"}
    run.item("stalls of a core by task", "listener::open" in tasks, sorted(tasks))


def hang(run):
    """A core that hangs is named, and the page goes on."""
    node = run.node("hang", **{"corelog.test.failpoint": "core.hang"})
    well = [page.get(node, path) for path in ("/healthz", "/readyz")]
    run.item("healthy and ready before", well == [(200, "ok\n")] * 2, well)
    deadline = time.monotonic() + HUNG_SECONDS_MAX
    while (health := page.get(node, "/healthz"))[0] == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    ready = page.get(node, "/readyz")
    run.item("a core that hangs", all(one[0] == 503 and "core 0 hangs" in one[1] for one in (health, ready)),
             f"{health[0]} {health[1].strip()}")
    started = time.monotonic()
    values = page.metrics(node)
    age = page.total(values, "corelog_core_heartbeat_age_seconds", core="0")
    run.item("the page goes on without it", age > 5 and page.total(values, "corelog_page_complete") == 0,
             f"its last sign of life {age:.1f} s ago; {time.monotonic() - started:.1f} s for the page")
    node.kill()


def taken(run):
    """A second broker on the same address does not start, and says which key is to blame."""
    node = run.node("first")
    other = broker.under_test(run.folder / "second", run.options,
                              overrides={"corelog.http.listener": f"127.0.0.1:{node.http_port}"})
    properties = other.write_properties()
    other.format(properties)
    done = subprocess.run(other.command(properties), capture_output=True, text=True, timeout=60)
    said = done.stderr.strip().splitlines()[-1]
    run.item("a taken address", done.returncode == 1 and "corelog.http.listener" in said, said)


def core_threads(node):
    """The /proc folders of the broker's cores."""
    tasks = Path(f"/proc/{node.pid}/task").iterdir()
    return [str(task) for task in tasks if (task / "comm").read_text(encoding="ascii").startswith("core-")]


def many(run):
    """Pages of many partitions, beside pings: no core is held up."""
    count = QUICK_PARTITIONS if run.options.quick else PARTITIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if (held := (files - OTHER_FILES) // PARTITION_FILES) < count:
        run.report.note(f"{files} open files hold {held} partitions, not {count}")
        count = held
    node = run.node("many")
    with Link(node.port, timeout=300) as link:
        create(link, "many", count)
    deadline = time.monotonic() + CREATED_SECONDS_MAX
    while (page.total(before := page.metrics(node), "kafka_server_replicamanager_leadercount") < count
           and time.monotonic() < deadline):
        time.sleep(0.5)
    with Pings([node.port], threads=core_threads(node)) as pings:
        time.sleep(1)
        times = []
        for _ in range(PAGES):
            started = time.monotonic()
            text = page.get(node, "/metrics", timeout=60)[1]
            times.append(time.monotonic() - started)
        (_, served, without_cpu), = pings.stop()
    after = page.read(text)
    told = page.total(after, "kafka_topic_partitions", topic="many")
    listed = sum(name == "kafka_log_log_size" for name, _ in after)
    run.item(f"a page of {count} partitions", told == count <= listed,
             f"{listed} listed, {len(text) / 1e6:.1f} MB, {min(times):.2f} to {max(times):.2f} s")
    stalls = page.total(after, "corelog_core_stalls_total") - page.total(before, "corelog_core_stalls_total")
    run.item("no core stalls for it", stalls == 0, f"{stalls:.0f} stalls in {PAGES} pages")
    rest = [max(0.0, took - none) for took, none in zip(served, without_cpu)]
    run.item("no request waits for it", max(rest) <= LONGEST_MS_MAX, f"{shown(rest)}, time without a CPU taken off")


PARTS = {
    "lint": lint,
    "counted": counted,
    "latencies": latencies,
    "lag": lag,
    "stalls": stalls,
    "hang": hang,
    "taken": taken,
    "many": many,
}
