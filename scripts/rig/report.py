"""The lines of an acceptance run: one per item, name, figure, PASS or FAIL."""

import sys
import time


class Report:
    """Collects the items of all lists of a run."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.started = time.monotonic()

    def item(self, name, ok, figure):
        """One item. `figure` is what was measured, or what went wrong."""
        if ok:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'PASS' if ok else 'FAIL'}  {name:<44} {figure}", flush=True)
        return ok

    def note(self, text):
        """Something worth reading that is no item."""
        print(f"      {text}", file=sys.stderr, flush=True)

    def end(self):
        """The last line; returns the exit code."""
        print(f"{self.passed} passed, {self.failed} failed, {time.monotonic() - self.started:.0f} s", flush=True)
        return 1 if self.failed or not self.passed else 0
