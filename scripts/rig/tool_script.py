"""One script of group commands: what the list `group-tools` runs against two brokers and compares.

A command's output is kept as a set of lines in order of text, without ids, times, ports and stack frames: the tools
themselves give no order to groups and members.
"""

import re
import time

from rig import broker, programs
from rig.batches import batch
from rig.group_requests import coordinate
from rig.member import SUBJECTS, Member
from rig.raw import Link
from rig.requests import create_served, delete, produce
from rig.worker import Worker

GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
EPOCH_MS = 1_700_000_000_000  # of the first record; then one a second
RECORDS = {0: 10, 1: 7, 2: 0}
LEFT_ALONE_MS = 20_000  # a console consumer ends when it saw nothing for so long, its way into the group included
SETTLE_SECONDS_MAX = 30
MASKS = [
    (re.compile(r"^\s+at .*|^\s+\.\.\. \d+ more", re.M), ""),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), "ADDRESS"),
    (re.compile(r"console-consumer-\d+"), "console-consumer-N"),
    (re.compile(r"perf-consumer-\d+"), "perf-consumer-N"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}"), "TIME"),
    (re.compile(r"[ \t]+"), " "),
]


# Rows of names in no order: options as the JVM's sets have them, groups as a map has them.
ROW = re.compile(r"(\[[\w-]+\]|'[\w-]+')(, (\[[\w-]+\]|'[\w-]+'))+|(?<= are: )\w+(, \w+)+")


def masked(text, ids=()):
    """The lines that have to be equal; `ids` are those of members."""
    for one in ids:
        text = text.replace(one, "ID")
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    text = ROW.sub(lambda row: ", ".join(sorted(row[0].split(", "))), text)
    return sorted(line for line in map(str.strip, text.splitlines()) if line)


class Stage:
    """One broker with the script's topics and members; `lines` has what each command said."""

    def __init__(self, node, folder):
        self.node, self.folder = node, folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines, self._members = {}, []
        self._tools = Worker("tools", ["java", "-Xmx256m", "-XX:+UseSerialGC",
                                       "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp",
                                       programs.java_classpath(), "Tools"], folder / "tools.err")

    def close(self):
        """Ends members and tools."""
        for one in self._members:
            one.kill()
        self._tools.close()

    def note(self, name, code, out, err=""):
        """Keeps what a command said."""
        ids = [one.id for one in self._members if one.id]
        self.lines[name] = [f"exit {code}", *masked(out, ids), *(f"error: {line}" for line in masked(err, ids))]
        self._keep(f"{name}\nexit {code}\n{out}{err}")

    def _keep(self, text):
        with open(self.folder / "said", "a", encoding="utf-8") as file:
            file.write(f"== {text}\n")

    def groups(self, *arguments):
        """kafka-consumer-groups.sh."""
        name = f"kafka-consumer-groups {' '.join(map(str, arguments))}".replace(f"{self.folder}/", "")
        while name in self.lines:
            name += " again"
        answer = self._tools.must(op="run", arguments=["--bootstrap-server", self.node.bootstrap, *map(str, arguments)],
                                  **{"class": GROUPS})
        self.note(name, answer["code"], answer["out"], answer["err"])
        return answer["out"]

    def tool(self, tool, *arguments, shape=None):
        """Another of Kafka's tools, in a JVM of its own; `shape` makes of its output what can be compared."""
        done = broker.run_kafka(f"{tool}.sh", "--bootstrap-server", self.node.bootstrap, *arguments, check=False,
                                timeout=120)
        name = f"{tool} {' '.join(map(str, arguments))}"
        if shape:
            self._keep(f"{name}, as it came:\n{done.stdout}{done.stderr}")
            self.note(name, done.returncode, shape(done.stdout))
        else:
            self.note(name, done.returncode, done.stdout, warnings(done.stderr))

    def member(self, subject, group, topic, instance=None):
        """A member of a group that reads everything there is; goes on when it has committed all."""
        one = Member(next(one for one in SUBJECTS if one.name == subject), f"{group}-{instance}", self.node.bootstrap,
                     topic, self.folder, seat=instance, group=group)
        self._members.append(one)
        one.join()
        wanted = {partition: count for partition, count in RECORDS.items() if count}
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while {key: value for event in one.events for key, value in event.offsets.items()} != wanted:
            if time.monotonic() > deadline:
                self.lines[f"member of {group}"] = [f"has not read and committed all: {one.refused[-2:]}"]
                return
            time.sleep(0.1)
        self.lines[f"member of {group}"] = ["has read and committed all"]


def warnings(text):
    """Standard error of a tool without the log's own lines."""
    return "\n".join(line for line in text.splitlines() if not re.search(r"\[[^]]+\] (INFO|WARN|ERROR) ", line))


def play(stage, quick, between):
    """The whole script, or its core; `between` is called before groups are deleted."""
    prepare(stage)
    consume(stage, quick)
    for subject, group in (("java classic", "classic"), ("java consumer", "modern")):
        stage.member(subject, group, "data", "one")
    look(stage, quick)
    reset(stage, quick)
    between(stage, quick)
    remove(stage, quick)


def prepare(stage):
    """The same records on every broker: three partitions, one without records. Coordinators wait for their groups."""
    with Link(stage.node.port) as link:
        coordinate(link)
        for topic, partitions in (("data", 3), ("other", 1), ("passing", 1)):
            create_served(link, topic, partitions, retention_ms=-1)
            for partition, count in RECORDS.items():
                if partition < partitions and count:
                    values = [f"{topic}-{partition}-{number}".encode() for number in range(count)]
                    times = [EPOCH_MS + number * 1000 for number in range(count)]
                    error, _ = produce(link, topic, batch(values, times=times), partition=partition)
                    if error:
                        raise RuntimeError(f"Produce to {topic}: error {error}")


def consume(stage, quick):
    """Consumers of the console, and the one that measures."""
    console = ("kafka-console-consumer", "--from-beginning", "--timeout-ms", LEFT_ALONE_MS)
    stage.tool(*console, "--topic", "data", "--group", "empty")
    if quick:
        return
    stage.tool(*console, "--topic", "data")
    stage.tool(*console, "--topic", "data", "--group", "empty", "--command-property", "client.id=again")
    stage.tool(*console, "--include", "oth.*|passing", "--group", "included", "--formatter-property", "print.key=true",
               "--formatter-property", "print.offset=true", "--formatter-property", "print.timestamp=true",
               "--formatter-property", "print.partition=true")
    stage.tool(*console, "--topic", "data", "--command-property", "group.protocol=consumer", "--group", "new-empty")
    stage.tool(*console, "--topic", "other", "--max-messages", 3, "--group", "stopped")
    stage.tool(*console, "--topic", "passing", "--group", "orphan")
    stage.tool(*console, "--topic", "missing")
    stage.tool("kafka-consumer-perf-test", "--topic", "data", "--num-records", 17, "--timeout", LEFT_ALONE_MS,
               "--group", "measured", shape=perf_figures)
    stage.tool("kafka-consumer-perf-test", "--topic", "data", "--num-records", 99, "--timeout", LEFT_ALONE_MS,
               "--group", "measured-long", "--show-detailed-stats", "--reporting-interval", 60000, shape=perf_figures)
    with Link(stage.node.port) as link:
        delete(link, "passing")
    time.sleep(2)  # the offsets of the deleted topic are removed


def perf_figures(text):
    """The header, and how much was read; everything else is a time."""
    lines = [line.split(", ") for line in text.splitlines()]
    return "\n".join(", ".join(line if "nMsg.sec" in line else [line[2], line[4]]) if len(line) > 5 else ", ".join(line)
                     for line in lines)


def look(stage, quick):
    """--list and --describe in every way."""
    groups = stage.groups
    groups("--list")
    groups("--list", "--state")
    if not quick:
        for more in (("--state", "stable"), ("--state", "empty,dead"), ("--state", "nonsense"), ("--type",),
                     ("--type", "classic"), ("--type", "consumer"), ("--type", "nonsense"), ("--type", "share"),
                     ("--state", "stable", "--type", "consumer"), ("--timeout", 5000)):
            groups("--list", *more)
    ways = ((), ("--members", "--verbose"), ("--state",)) if quick else (
        (), ("--offsets",), ("--offsets", "--verbose"), ("--members",), ("--members", "--verbose"), ("--state",),
        ("--state", "--verbose"))
    for group in ("empty", "classic", "modern", "never") if quick else (
            "empty", "new-empty", "included", "orphan", "classic", "modern", "never"):
        for way in ways:
            groups("--describe", "--group", group, *way)
    if quick:
        return
    for way in ways:
        groups("--describe", "--all-groups", *way)
    groups("--describe", "--group", "empty", "--group", "classic", "--timeout", 5000)
    groups("--describe")
    groups("--describe", "--group", "empty", "--members", "--state")
    groups("--validate-regex", "a.*")


def reset(stage, quick):
    """--reset-offsets: every way, every scope, and what is refused."""
    def plan(*arguments, group="empty"):
        return stage.groups("--reset-offsets", "--group", group, *arguments)

    ways = (("--to-earliest",), ("--to-latest",), ("--to-current",), ("--to-offset", 5), ("--to-offset", 99),
            ("--to-datetime", "2023-11-14T22:13:25.000Z"), ("--by-duration", "P9999D"), ("--by-duration", "PT0S"),
            ("--shift-by", 2), ("--shift-by", -3), ("--shift-by", -99))
    for way in ways[:1] if quick else ways:
        plan(*way, "--topic", "data", "--dry-run")
    plan("--to-offset", 3, "--topic", "data:0,1", "--execute")
    stage.groups("--describe", "--group", "empty", "--offsets")
    for group in ("classic", "modern"):
        plan("--to-earliest", "--topic", "data", "--execute", group=group)
    if quick:
        return
    for way in ways:
        plan(*way, "--all-topics", "--execute")
    exported = plan("--to-current", "--topic", "data", "--export", "--dry-run")
    file = stage.folder / "offsets.csv"
    file.write_text(exported)
    plan("--to-earliest", "--topic", "data", "--execute")
    plan("--from-file", file, "--dry-run")
    plan("--from-file", file, "--execute")
    stage.groups("--describe", "--group", "empty")
    plan("--to-latest", "--topic", "data", "--topic", "other", "--execute", group="made-by-reset")
    stage.groups("--describe", "--group", "made-by-reset", "--verbose")
    plan("--to-latest", "--topic", "data:7", "--dry-run")
    plan("--to-latest", "--topic", "missing", "--dry-run")
    plan("--to-latest", "--dry-run")
    plan("--to-latest", "--topic", "data")
    plan("--topic", "data", "--dry-run")
    plan("--to-latest", "--to-earliest", "--topic", "data", "--dry-run")
    plan("--to-latest", "--topic", "data", "--dry-run", "--execute")
    plan("--to-current", "--all-topics", "--dry-run", group="never")
    stage.groups("--reset-offsets", "--all-groups", "--to-earliest", "--topic", "data", "--dry-run")


def remove(stage, quick):
    """--delete-offsets and --delete, of groups that may and may not be deleted."""
    groups = stage.groups
    groups("--delete", "--group", "classic")
    groups("--delete", "--group", "never")
    if not quick:
        groups("--delete", "--group", "modern", "--group", "stopped")
        groups("--delete", "--group", "empty", "--topic", "data")
        groups("--delete")
        for topic in ("data:0", "data:9", "missing", "data"):
            groups("--delete-offsets", "--group", "new-empty", "--topic", topic)
        groups("--describe", "--group", "new-empty")
        for group in ("classic", "modern", "never"):
            groups("--delete-offsets", "--group", group, "--topic", "data")
        groups("--delete-offsets", "--group", "classic", "--topic", "other")
        groups("--delete-offsets", "--group", "empty")
        groups("--list", "--delete", "--group", "empty")
    groups("--delete", "--group", "empty")
    groups("--describe", "--group", "empty")
    if not quick:
        groups("--delete", "--all-groups")
    groups("--list")
