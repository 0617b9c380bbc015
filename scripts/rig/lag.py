"""Lag as monitoring sees it: franz-go's administrator must report what the raw client counts.

It asks as exporters do (OffsetFetch, ListOffsets).
"""

import json
import subprocess

from rig import programs
from rig.batches import batch
from rig.group_requests import asked, commit
from rig.raw import Link
from rig.requests import create_served, produce

RECORDS, COMMITTED = {0: 10, 1: 25, 2: 40}, {0: 10, 1: 5, 2: 0}
WANTED = {partition: count - COMMITTED[partition] for partition, count in RECORDS.items()}


def run(node, report):
    """A group with a known lag."""
    with Link(node.port) as link:
        create_served(link, "lag", len(RECORDS))
        for partition, count in RECORDS.items():
            produce(link, "lag", batch([b"value"] * count), partition=partition)
        errors = asked(link, commit("lagging", "lag", COMMITTED))
    found = by_kadm(node)
    report.item("group-tools/lag by franz-go's administrator", found == WANTED and not any(errors.values()),
                f"{found}, wanted {WANTED}")


def by_kadm(node):
    """The lag by partition as franz-go's administrator says."""
    done = subprocess.run([programs.franz(), "lag", node.bootstrap, "lagging"], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip()[-200:]
    return {int(key.rpartition("-")[2]): lag for key, lag in json.loads(done.stdout).items()}
