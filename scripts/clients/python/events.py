"""What every Python member of a group shares: its settings, its commands, the lines it prints.

A member is started as `PROGRAM BOOTSTRAP SETTINGS`, settings in JSON: topic, group, protocol (classic or consumer),
instance (group.instance.id or null), assignor (or null), session_ms, heartbeat_ms, rebalance_ms. It prints
{"event": "ready"}, joins when a line comes on standard input, and leaves when standard input ends. What it prints, one
JSON object per line, each with `at` in unix milliseconds:

  {"event": "assigned", "generation": n, "member": id, "owned": [partition]}   all it holds now; also "revoked"
  {"event": "records", "generation": n, "spans": {partition: [first offset, offset behind the last]}}
  {"event": "committed", "offsets": {partition: offset}}                       answered without an error
  {"event": "refused", "error": text}                                          a commit or a poll
  {"event": "leaving"}, {"event": "left"}                                      it reads no more; it is closed

Records are printed before they are committed, and commits that a revocation asks for before the "revoked".
This module must not know any client library.
"""

import json
import sys
import threading
import time

COMMIT_SECONDS = 0.2


class Member:
    """Settings, standard input, standard output."""

    def __init__(self):
        self.bootstrap, self.settings = sys.argv[1], json.loads(sys.argv[2])
        self.stopped = threading.Event()
        self.positions = {}  # read and not committed
        self._committed_at = 0.0

    def wait_for_start(self):
        """Says that everything is loaded, and waits for the line that starts it."""
        self.say("ready")
        sys.stdin.readline()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        sys.stdin.read()
        self.stopped.set()

    def say(self, event, **fields):
        """Prints one line."""
        line = {"at": time.time_ns() // 1_000_000, "event": event, **fields}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def took(self, generation, records):
        """Notes records, [(partition, offset)] in order; a gap in a partition's offsets begins a new line."""
        spans = {}
        for partition, offset in records:
            first, behind = spans.get(partition, (offset, offset))
            if offset != behind:
                self.say("records", generation=generation, spans={partition: [first, behind]})
                first = offset
            spans[partition] = (first, offset + 1)
        if spans:
            self.say("records", generation=generation, spans=spans)
        self.positions.update({partition: behind for partition, (_, behind) in spans.items()})

    @property
    def commit_is_due(self):
        """Whether it is time for the next commit."""
        return self.positions and time.monotonic() - self._committed_at >= COMMIT_SECONDS

    def offsets_to_commit(self):
        """What was read since the last commit; it is taken away."""
        offsets, self.positions = self.positions, {}
        self._committed_at = time.monotonic()
        return offsets
