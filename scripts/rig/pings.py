"""Pings: small requests on a connection of their own, from a process of their own, each with its time.

`Pings` runs while something else goes on; the process writes nothing until it is told to stop.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


class Pings:
    """Asks ApiVersions of each port in turn, every `gap` seconds, until `stop`."""

    def __init__(self, ports, gap=0.002, cpu=None, nice=0):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rig.pings", json.dumps([ports, gap, cpu, nice])], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1])
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the pings do not start")

    def stop(self):
        """Milliseconds of every ping, per port, in order."""
        output, _ = self.process.communicate("stop\n", timeout=60)
        return json.loads(output)

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


def main():
    """The process: standard input says when to stop."""
    import select

    from rig import raw, requests

    ports, gap, cpu, nice = json.loads(sys.argv[1])
    if cpu is not None:
        os.sched_setaffinity(0, [cpu])
    if nice:
        os.nice(nice)
    links = [raw.Link(port) for port in ports]
    body = requests.api_versions_body(3)
    times = [[] for _ in links]
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for link, found in zip(links, times):
            started = time.perf_counter()
            link.ask(raw.API_VERSIONS, 3, body)
            found.append((time.perf_counter() - started) * 1000)
        time.sleep(gap)
    print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
