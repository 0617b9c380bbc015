"""Part of the list `compare`: the rows of the goal table, by `corelog-bench compare`.

That command starts the brokers, fills the page cache, lets them take turns and judges every target; here it is built
and called, and what it kept is read. Its targets are goals beyond what this list promises: they are shown, and the
items are that every step worked and that the flushes at the device prove both durability classes.
"""

import json
import subprocess

from rig import places

JUDGED = {True: "met", False: "missed", None: "cannot be told"}


def run(folder, options, report):
    """Builds, compares, and reads `raw.json`."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "corelog-bench"], check=True, cwd=places.ROOT)
    out = places.fresh("side-by-side")
    command = [places.ROOT / "target/release/corelog-bench", "compare", "--binary", options.binary,
               "--kafka", places.SCRIPTS / "kafka", "--folder", folder / "side-by-side", "--out", out]
    if options.quick:
        command.append("--quick")
    subprocess.run([str(part) for part in command], cwd=places.ROOT)
    kept = out / "raw.json"
    judge(json.loads(kept.read_text()) if kept.exists() else None, report)


def judge(kept, report):
    """Items for the steps and the classes, a note for every target."""
    failures = kept["figures"]["failures"] if kept else ["corelog-bench compare did not end"]
    report.item("compare: corelog-bench took every step", not failures, f"{len(failures)} failed")
    for text in failures:
        report.note(text)
    if not kept:
        return
    for text, proved in kept["proofs"]:
        report.item(f"compare: durability class of {text.split(':')[0]}", proved is True, text.split(": ", 1)[1])
    for table in kept["tables"]:
        for row in table["rows"]:
            for text, met in row["targets"]:
                report.note(f"row {row['row']}, {row['title']}: {text}: {JUDGED[met]}")
