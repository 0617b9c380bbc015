"""librdkafka's own rdkafka_performance: built once from the source that the crate rdkafka-sys ships, run, read.

The same client for every broker, settings of one throughput run: records of 1 KiB, linger 5 ms, batches of 1 MB,
acks=all, no idempotence, no compression, one connection. Nothing is pinned: client and broker share the machine.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rig import places
from rig.programs import need, newer, sh

CRATE = "4.10.0+2.12.1"
RECORD_BYTES = 1024
THROUGHPUT = {"linger.ms": 5, "batch.size": 1_000_000}
CONFIGURE = ["--disable-ssl", "--disable-gssapi", "--disable-curl", "--disable-zstd", "--disable-lz4-ext"]
PRODUCED = re.compile(r"% (\d+) messages produced .* (\d+) delivered \(offset -?\d+, (\d+) failed\) in (\d+)ms: .*? ([\d.]+) MB/s")
CONSUMED = re.compile(r"% (\d+) messages \((\d+) bytes\) consumed in (\d+)ms: \d+ msgs/s \(([\d.]+) MB/s\)")


@dataclass(frozen=True)
class Run:
    """What one run of the client said. MB are 10^6 bytes of record values."""

    records: int
    seconds: float
    mb_per_second: float

    @property
    def gb(self):
        """Record values moved, in 10^9 bytes."""
        return self.records * RECORD_BYTES / 1e9


@cache
def program():
    """Builds rdkafka_performance; returns its path."""
    folder = places.CACHE / f"librdkafka-{CRATE}"
    built = folder / "examples/rdkafka_performance"
    if built.exists():
        return built
    need("cc", "gcc")
    need("make", "make")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_crate_source() / "librdkafka", folder)
    for script in [folder / "configure", *folder.glob("mklove/**/*")]:
        script.chmod(0o755)
    sh("./configure", *CONFIGURE, cwd=folder)
    sh("make", f"-j{os.cpu_count()}", "-C", "src", "librdkafka.a", cwd=folder)
    sh("make", "-C", "examples", "rdkafka_performance", cwd=folder)
    return built


def _crate_source():
    """Has cargo fetch the crate through a project that is never built; returns where its source stands."""
    folder = places.CACHE / "librdkafka-crate"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "librdkafka-source"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
        f'[dependencies]\nrdkafka-sys = "={CRATE.split("+")[0]}"\n')
    packages = json.loads(sh_stdout("cargo", "metadata", "--format-version", "1", cwd=folder))["packages"]
    found, = (one for one in packages if one["name"] == "rdkafka-sys")
    if found["version"] != CRATE:
        raise RuntimeError(f"rdkafka-sys is {found['version']}, not {CRATE}")
    return Path(found["manifest_path"]).parent


def sh_stdout(*command, **options):
    """Standard output alone of a command that must succeed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def _settings(values):
    flags = []
    for key, value in {"statistics.interval.ms": 0, **values}.items():
        flags += ["-X", f"{key}={value}"]
    return flags


def produce_command(bootstrap, topic, records, partition=None, **settings):
    """The command line of a producer; without a partition librdkafka's own partitioner decides."""
    where = [] if partition is None else ["-p", str(partition)]
    count = [] if records is None else ["-c", str(records)]
    return [str(program()), "-P", "-b", bootstrap, "-t", topic, *where, "-s", str(RECORD_BYTES), *count, "-a", "-1",
            *_settings({**THROUGHPUT, **settings})]


def produce(bootstrap, topic, records, partition=None, **settings):
    """Produces and waits for every answer."""
    done = _run(produce_command(bootstrap, topic, records, partition, **settings))
    found = PRODUCED.findall(done.stdout)
    if done.returncode != 0 or not found or int(found[-1][2]) or int(found[-1][1]) != records:
        raise RuntimeError(f"rdkafka_performance left with {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
    _, delivered, _, milliseconds, rate = found[-1]
    return Run(int(delivered), int(milliseconds) / 1000, float(rate))


def consume(bootstrap, topic, records, partition=0):
    """Reads that many records from the start of a partition."""
    done = _run([str(program()), "-C", "-b", bootstrap, "-t", topic, "-p", str(partition), "-o", "beginning",
                 "-c", str(records), *_settings({})])
    found = CONSUMED.findall(done.stdout)
    if not found or int(found[-1][0]) < records:
        raise RuntimeError(f"rdkafka_performance left with {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
    count, _, milliseconds, rate = found[-1]
    return Run(int(count), int(milliseconds) / 1000, float(rate))


def _run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@cache
def _responder():
    source = places.CLIENTS / "null/responder.c"
    binary = places.CACHE / "null-responder"
    if newer(source, binary):
        sh("cc", "-O2", "-o", binary, source, "-lpthread")
    return binary


def ceiling(partitions, records):
    """The client against a broker that keeps nothing and answers at once: what the client itself can do here."""
    with subprocess.Popen([str(_responder()), str(partitions)], stdout=subprocess.PIPE, text=True) as responder:
        try:
            port = responder.stdout.readline().strip()
            return produce(f"127.0.0.1:{port}", "ceiling", records)
        finally:
            responder.kill()
