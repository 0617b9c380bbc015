"""A program that runs beside a list: an application, a daemon. Its output goes to a file; it ends with its block."""

import re
import subprocess
import time

from rig import places


class Child:
    """A running program; `with Child(...) as child:`. Standard input is a pipe, closed by `stop`."""

    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.output = folder / f"{name}.log"
        self._from = self.output.stat().st_size if self.output.exists() else 0
        with open(self.output, "ab") as output:
            self._process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=output,
                                             stderr=output, env=env, cwd=places.ROOT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def up(self):
        """Whether it lives."""
        return self._process.poll() is None

    def text(self):
        """What it said since it was started."""
        return self.output.read_bytes()[self._from:].decode(errors="replace")

    def said(self, pattern):
        """All matches in what it said."""
        return re.findall(pattern, self.text(), re.M)

    def wait_said(self, pattern, seconds):
        """Waits until it says so; returns the matches."""
        return self.wait_until(lambda: self.said(pattern), seconds, f"say {pattern!r}")

    def wait_until(self, condition, seconds, what):
        """Waits until the condition holds, and fails when the program leaves first."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if not self.up:
                raise RuntimeError(f"{self.name} left with {self._process.returncode}: {self.text()[-600:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not {what} in {seconds} s: {self.text()[-600:]}")
            time.sleep(0.1)
        return found

    def kill(self):
        """SIGKILL."""
        if self.up:
            self._process.kill()
        self._process.wait()
        self._process.stdin.close()

    def stop(self, seconds=30, terminate=False):
        """Closes its standard input, or sends SIGTERM; returns the exit code, or None when it had to be killed."""
        self._process.stdin.close()
        if terminate:
            self._process.terminate()
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


def wait(condition, seconds, pause=0.2):
    """Waits until the condition holds; returns what it last gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(pause)
    return found
