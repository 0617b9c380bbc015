"""The list `tune`: corelog-tune on this very host. What `apply` changes is what it said, `undo` leaves no trace, and
the broker takes what `iotune` measured. Needs root; the host is changed for about a second.
"""

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from rig import broker, gains, places

COLUMNS = ["CONDITION", "TARGET", "REQUIRED", "CURRENT", "SEVERITY", "PASSED"]
SWAPPINESS = Path("/proc/sys/vm/swappiness")
IOTUNE_SECONDS = 15
NOBODY = 65534
DISK_KEYS = ["corelog.syncs.in.flight", "corelog.write.bytes.max", "log.cleaner.io.max.bytes.per.second"]

# Everything that a knob may lie in, and more. Globs below a folder.
WATCHED = [
    ("/proc/sys", "**/*"),
    ("/proc/irq", "*/smp_affinity*"),
    ("/sys/block", "*/queue/*"),
    ("/sys/class/net", "*/queues/*/*"),
    ("/sys/kernel/mm/transparent_hugepage", "**/*"),
    ("/sys/devices/system/clocksource", "*/*"),
    ("/sys/devices/system/cpu", "cpu*/cpufreq/scaling_*"),
]
# What changes by itself, or only by being read.
RESTLESS = re.compile(r"/(ns_last_pid|random/.*|.*-state|.*-nr|stat_refresh|drop_caches|nf_conntrack_count|pty/nr|"
                      r"scaling_cur_freq|binfmt_misc/.*|nr_free.*|cad_pid|.*aio-nr|hugepages-.*/stats/.*)$")


def run(options, report):
    """Every item on the real host."""
    tune = Path(options.binary).resolve().with_name("corelog-tune")
    if options.broker != "corelog" or os.geteuid() != 0 or not tune.exists():
        report.item("tune", False, f"needs root, --broker corelog and {tune}")
        return
    folder = places.fresh("tune")
    dirs = folder / "data"
    dirs.mkdir()
    check(tune, dirs, report)
    with something_wrong():
        apply_and_undo(tune, dirs, folder, report)
    measured(tune, dirs, folder, options, report)
    gains.run(folder, report)


def call(tune, *arguments, **settings):
    """The command; returns the completed process with its text."""
    return subprocess.run([str(tune), *map(str, arguments)], capture_output=True, text=True, timeout=600, **settings)


def check(tune, dirs, report):
    """The table and the JSON say the same, and no root is needed."""
    text = call(tune, "check", "--dir", dirs)
    rows = json.loads(call(tune, "check", "--dir", dirs, "--format", "json").stdout)
    failed = [row["condition"] for row in rows if row["passed"] is False]
    table = [line.split() for line in text.stdout.split("\n\n")[0].splitlines()]
    told = all(row["why"] and row["gain"] and row["required"] for row in rows)
    same = [line[0] for line in table[1:]] == [row["condition"] for row in rows]
    report.item("tune/check", table[0] == COLUMNS and told and same and text.returncode == bool(failed),
                f"{len(rows)} conditions, {len(failed)} failed, exit {text.returncode}")
    # The binary may lie where nobody else can go: root reads it, nobody runs it.
    with open(tune, "rb") as program:
        theirs = subprocess.run([f"/proc/self/fd/{program.fileno()}", "check", "--format", "json"], user=NOBODY,
                                group=NOBODY, extra_groups=[], capture_output=True, text=True, timeout=60,
                                pass_fds=[program.fileno()], cwd="/")
    seen = json.loads(theirs.stdout) if theirs.returncode in (0, 1) else []
    unseen = [row["condition"] for row in seen if row["passed"] is None]
    report.item("tune/check without root", {row["condition"] for row in seen} == {row["condition"] for row in rows},
                f"{len(seen)} conditions, could not see or has none of: {' '.join(sorted(set(unseen))) or 'nothing'}")


@contextmanager
def something_wrong():
    """A host that was tuned already gets one thing to be cured."""
    before = SWAPPINESS.read_text()
    if int(before) <= 1:
        SWAPPINESS.write_text("60\n")
    try:
        yield
    finally:
        SWAPPINESS.write_text(before)


def apply_and_undo(tune, dirs, folder, report):
    """Snapshots of everything before, while applied, and after."""
    first = snapshot()
    time.sleep(1)
    before = {path: text for path, text in snapshot().items() if first.get(path) == text}

    script = folder / "tune.sh"
    written = call(tune, "apply", "--dir", dirs, "--output-script", script)
    wanted = len(re.findall("^(?:put|atime) ", script.read_text(), re.MULTILINE))
    touched = differing(before, snapshot())
    syntax = subprocess.run(["sh", "-n", script], check=False).returncode
    report.item("tune/apply --output-script", written.returncode == 0 and wanted and not touched and syntax == 0,
                f"{wanted} settings in the script, {len(touched)} changed on the host")

    state = folder / "undo.json"
    begun = time.monotonic()
    try:
        applied = call(tune, "apply", "--dir", dirs, "--state", state, "--format", "json")
        during = snapshot()
        again = call(tune, "apply", "--dir", dirs, "--state", state, "--format", "json")
    finally:
        undone = call(tune, "undo", "--state", state, "--format", "json")
        seconds = time.monotonic() - begun
    after = snapshot()

    changes = json.loads(applied.stdout)["changes"]
    made = {place(one) for one in changes if one["refused"] is None}
    refused = [one["setting"] for one in changes if one["refused"]]
    touched = differing(before, during)
    report.item("tune/apply", applied.returncode == bool(refused) and len(changes) == wanted and touched == made,
                f"{len(made)} set, {len(refused)} refused, {len(touched)} differ"
                + "".join(f" {one}" for one in sorted(touched ^ made)))
    left = [one for one in json.loads(again.stdout)["changes"] if one["setting"] not in refused]
    report.item("tune/apply again", not left, f"{len(left)} more to change")
    differ = differing(before, after)
    back = json.loads(undone.stdout)
    report.item("tune/undo", undone.returncode == 0 and not differ and len(back) == len(made) and not state.exists(),
                f"{len(before)} settings before and after, {len(differ)} differ{''.join(f' {one}' for one in differ)}; "
                f"changed for {seconds:.1f} s")


def place(change):
    """The key of a snapshot that a change is about."""
    mount = change["setting"].removeprefix("access times of ")
    return f"mount {mount}" if mount != change["setting"] else os.path.realpath(change["setting"])


def snapshot():
    """The text of every watched file, and the options of every mount point."""
    found = {}
    for folder, pattern in WATCHED:
        for path in Path(folder).glob(pattern):
            name = os.path.realpath(path)
            if RESTLESS.search(name) or not path.is_file():
                continue
            try:
                found[name] = path.read_text(errors="replace")
            except OSError:
                continue  # written only, or not set
    for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        words = line.split()
        found[f"mount {words[4]}"] = words[5]
    return found


def differing(before, after):
    """What both have and say differently; devices and mounts may come and go beside us."""
    return {path for path in before.keys() & after.keys() if before[path] != after[path]}


def measured(tune, dirs, folder, options, report):
    """The broker is given the file, and asked by Kafka's own tool what it took."""
    path = folder / "io.properties"
    done = call(tune, "iotune", "--seconds", IOTUNE_SECONDS, "--output", path, "--format", "json", dirs)
    if done.returncode != 0:
        report.item("tune/iotune", False, done.stderr[-300:])
        return
    found = json.loads(done.stdout)
    disk = found["disks"][0]
    best = max(disk["syncs_per_second_by_writers"].values())
    report.item("tune/iotune", not any(dirs.iterdir()) and set(found["settings"]) == set(DISK_KEYS),
                f"fdatasync p50 {disk['sync_us']['p50']} us, up to {best:.0f} syncs/s, chosen "
                + ", ".join(f"{key} {value:.0f}" for key, value in found["settings"].items()))
    node = broker.under_test(folder / "broker", options, overrides={
        "corelog.io.properties.file": path, "corelog.write.bytes.max": 3 << 20})
    node.start()
    try:
        said = broker.run_kafka("kafka-configs.sh", "--bootstrap-server", node.bootstrap, "--describe", "--all",
                                "--entity-type", "brokers", "--entity-name", "1").stdout
    finally:
        node.stop()
    took = {key: float(re.search(rf"^\s*{re.escape(key)}=(\S+)", said, re.MULTILINE)[1]) for key in DISK_KEYS}
    wanted = {**found["settings"], "corelog.write.bytes.max": 3 << 20}  # server.properties wins
    report.item("tune/broker takes it", took == wanted, ", ".join(f"{key} {value:.0f}" for key, value in took.items()))
