"""One client program as a long-lived process, asked job by job.

A JVM or interpreter starts once per client, not once per cell. Jobs and answers are JSON lines.
"""

import json
import queue
import subprocess
import threading

from rig import places


class Worker:
    """A running client program. Its standard error goes to `log`."""

    def __init__(self, name, command, log, env=None):
        self.name = name
        self._log = open(log, "ab")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
                                         text=True, env=env, cwd=places.ROOT)
        self._answers = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def ask(self, patience=90, **job):
        """One job; the answer is a dict with `ok`. A program that died or is silent answers with an error."""
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=patience)
        except (BrokenPipeError, queue.Empty) as error:
            self._process.kill()
            return {"ok": False, "error": f"{self.name} gave no answer in {patience} s ({type(error).__name__})"}
        if line is None:
            return {"ok": False, "error": f"{self.name} left with {self._process.wait()}"}
        return json.loads(line)

    def must(self, **job):
        """One job that has to succeed."""
        answer = self.ask(**job)
        if not answer["ok"]:
            raise RuntimeError(f"{self.name}: {job['op']}: {answer['error']}")
        return answer

    @property
    def alive(self):
        """Whether the program can still be asked."""
        return self._process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the program."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
