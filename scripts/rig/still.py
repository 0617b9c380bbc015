"""When the whole machine stood still: a virtual machine's host, or its firmware, stopped every CPU at once.

A process of the highest priority on each CPU sleeps half a millisecond again and again. Where it wakes late on one CPU
something else had that CPU; where it wakes late on all of them at the same time, nothing ran at all.
"""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

SLEEP_S = 0.0005
LATE_S = 0.002


class Still:
    """Watches these CPUs until `stop`."""

    def __init__(self, cpus):
        self.watchers = [
            subprocess.Popen([sys.executable, "-m", "rig.still", str(cpu)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1])
            for cpu in cpus]
        for watcher in self.watchers:
            if watcher.stdout.readline() != "ready\n":
                raise RuntimeError("the CPUs cannot be watched")

    def stop(self):
        """The spans (start, end) in seconds of the monotonic clock in which nothing ran."""
        late = [json.loads(watcher.communicate("stop\n", timeout=60)[0]) for watcher in self.watchers]
        spans = late[0]
        for others in late[1:]:
            spans = common(spans, others)
        return spans

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for watcher in self.watchers:
            if watcher.poll() is None:
                watcher.kill()
                watcher.wait()


def common(some, others):
    """The spans that lie in both lists."""
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [(start, end) for start, end in both if start < end]


def within(start, end, spans):
    """Seconds of the spans between `start` and `end`."""
    return sum(end - start for start, end in common([(start, end)], spans))


def main():
    """A watcher: standard input says when to stop."""
    os.sched_setaffinity(0, [int(sys.argv[1])])
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO)))
    late, last = [], time.perf_counter()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], SLEEP_S)[0]:
        now = time.perf_counter()
        if now - last > LATE_S:
            late.append((last, now))
        last = now
    print(json.dumps(late), flush=True)


if __name__ == "__main__":
    main()
