"""One run of a library's own test program: how it is started, its time limit, the results it gave.

Knows nothing of any library, nor of the table that says which results are allowed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_running = set()


@dataclass(frozen=True)
class Result:
    """One test. `outcome` is one of suite_table.OUTCOMES, `figure` its time, or what went wrong."""

    test: str
    outcome: str
    figure: str


@dataclass(frozen=True)
class Job:
    """One process with one test, or a few that cannot be told apart; `results(output, seconds)` reads its output."""

    suite: str
    name: str
    command: list
    cwd: object
    results: Callable
    seconds_max: int
    env: dict = field(default_factory=dict)

    def run(self, folder):
        """Runs it to its end, or kills it and what it started when its time is over; its output stays in `folder`."""
        log = folder / f"{self.suite}-{self.name.replace('/', '-')}.log"
        env = {name: value for name, value in os.environ.items() if name != "CI"}
        started = time.monotonic()
        with open(log, "wb") as output:
            process = subprocess.Popen([str(part) for part in self.command], cwd=self.cwd, env={**env, **self.env},
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
            _running.add(process)
            try:
                process.wait(timeout=self.seconds_max)
            except subprocess.TimeoutExpired:
                output.write(f"\nkilled after {self.seconds_max} s\n".encode())
            finally:
                _kill_group(process)
                _running.discard(process)
        return self.results(log.read_text(errors="replace"), time.monotonic() - started)


def _kill_group(process):
    """Ends what is left of a job; children of its own among it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def stop_all():
    """Ends every job that still runs."""
    for process in list(_running):
        _kill_group(process)
