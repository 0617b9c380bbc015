"""Pings: small requests on a connection of their own, from a process of their own, each with its time.

`Pings` runs while something else goes on; the process writes nothing until it is told to stop.
"""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path


class Pings:
    """Asks ApiVersions of each port in turn, every `gap` seconds, until `stop`.

    With a CPU it runs there, before anything else that wants it. `threads` are the /proc folders of threads that
    serve: for every ping it is told how long they, and the asking process, stood ready without getting a CPU.
    """

    def __init__(self, ports, gap=0.002, cpu=None, threads=()):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rig.pings", json.dumps([ports, gap, cpu, list(threads)])], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1])
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the pings do not start")

    def stop(self):
        """Per port, in order: when every ping began (monotonic seconds), its milliseconds, and those without a CPU."""
        output, _ = self.process.communicate("stop\n", timeout=60)
        return [tuple(zip(*times)) for times in json.loads(output)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def quantile(values, share):
    """The value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def shown(values):
    """One line about a list of milliseconds."""
    return (f"{len(values)} pings, p50 {quantile(values, 0.5):.2f}, p99 {quantile(values, 0.99):.1f}, "
            f"p99.99 {quantile(values, 0.9999):.1f}, max {max(values):.1f} ms")


def without_cpu(threads):
    """Milliseconds that these threads have stood ready without a CPU."""
    return sum(int(Path(one, "schedstat").read_text(encoding="ascii").split()[1]) for one in threads) / 1e6


def main():
    """The process: standard input says when to stop."""
    from rig import raw, requests

    ports, gap, cpu, threads = json.loads(sys.argv[1])
    threads.append("/proc/self")
    if cpu is not None:
        os.sched_setaffinity(0, [cpu])
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    links = [raw.Link(port) for port in ports]
    body = requests.api_versions_body(3)
    times = [[] for _ in links]
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], gap)[0]:
        for link, found in zip(links, times):
            waited, started = without_cpu(threads), time.perf_counter()
            link.ask(raw.API_VERSIONS, 3, body)
            took = (time.perf_counter() - started) * 1000
            found.append((started, took, without_cpu(threads) - waited))
    print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
