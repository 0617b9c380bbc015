"""Lag as monitoring sees it: an exporter and an administrator must report what the raw client counts.

The exporter is softwaremill's klag-exporter, a program of its own that Prometheus reads (on librdkafka); the
administrator is franz-go's. Both ask with OffsetFetch and ListOffsets. Debian's burrow asks with versions that Apache
Kafka 4 does not know any more.
"""

import json
import re
import subprocess
import urllib.error
import urllib.request

from rig import broker, places, programs
from rig.batches import batch
from rig.children import Child
from rig.group_requests import asked, commit, coordinate
from rig.raw import Link
from rig.requests import create_served, produce

RECORDS, COMMITTED = {0: 10, 1: 25, 2: 40}, {0: 10, 1: 5, 2: 0}
WANTED = {partition: count - COMMITTED[partition] for partition, count in RECORDS.items()}


EXPORTER, EXPORTER_VERSION = "klag-exporter", "0.1.29"
EXPORTER_SECONDS_MAX = 60
EXPORTER_CONFIG = """
[exporter]
poll_interval = "5s"
http_port = {port}
http_host = "127.0.0.1"
granularity = "partition"

[exporter.timestamp_sampling]
enabled = false

[exporter.otel]
enabled = false

[[clusters]]
name = "rig"
bootstrap_servers = "{bootstrap}"
group_whitelist = ["^lagging$"]
"""
GAUGE = re.compile(r'^kafka_consumergroup_group_lag\{[^}]*partition="(\d+)"[^}]*\} (\d+)', re.M)


def run(node, report):
    """A group with a known lag."""
    with Link(node.port) as link:
        create_served(link, "lag", len(RECORDS))
        coordinate(link)
        for partition, count in RECORDS.items():
            produce(link, "lag", batch([b"value"] * count), partition=partition)
        errors = asked(link, commit("lagging", "lag", COMMITTED))
    for name, how in {"franz-go's administrator": by_kadm, EXPORTER: by_exporter}.items():
        found = how(node)
        report.item(f"group-tools/lag by {name}", found == WANTED and not any(errors.values()),
                    f"{found}, wanted {WANTED}")


def by_kadm(node):
    """The lag by partition as franz-go's administrator says."""
    done = subprocess.run([programs.franz(), "lag", node.bootstrap, "lagging"], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip()[-200:]
    return {int(key.rpartition("-")[2]): lag for key, lag in json.loads(done.stdout).items()}


def by_exporter(node):
    """The lag by partition as the exporter tells Prometheus."""
    port, = broker.free_ports(1)
    config = node.folder / "exporter.toml"
    config.write_text(EXPORTER_CONFIG.format(port=port, bootstrap=node.bootstrap))
    with Child(EXPORTER, [exporter(), "--config", config], node.folder) as child:
        return child.wait_until(lambda: gauges(port), EXPORTER_SECONDS_MAX, "report lag")


def gauges(port):
    """Lag by partition, once the exporter has asked the broker."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return {int(partition): int(lag) for partition, lag in GAUGE.findall(answer.read().decode())}
    except urllib.error.URLError:
        return None


def exporter():
    """Builds the exporter from crates.io once; returns the binary."""
    root = places.CACHE / f"{EXPORTER}-{EXPORTER_VERSION}"
    binary = root / "bin" / EXPORTER
    if not binary.exists():
        programs.apt_install("build-essential", "cmake", "pkg-config", "libssl-dev", "libsasl2-dev",
                             "libcurl4-openssl-dev")
        programs.sh("cargo", "install", EXPORTER, "--version", f"={EXPORTER_VERSION}", "--locked", "--debug",
                    "--no-default-features", "--root", root)
    return binary
