"""The list `group-tools`: Kafka's own group commands say the same of the broker under test as of Apache Kafka.

With `--broker kafka` two Kafkas are compared, which shows that the masks suffice. The commands are in rig.tool_script;
behind them the coordinator's topic is read by Kafka's formatters and its dump tool, and an exporter asks for lag.
"""

from concurrent.futures import ThreadPoolExecutor

from rig import broker, lag, offsets_topic, places, tool_script
from rig.member import HEARTBEAT_MS, SESSION_MS

# The members' times must be allowed; the coordinator's topic is small, so that one dump reads it quickly.
OVERRIDES = {
    "group.consumer.min.session.timeout.ms": SESSION_MS, "group.consumer.session.timeout.ms": SESSION_MS,
    "group.consumer.min.heartbeat.interval.ms": HEARTBEAT_MS, "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS,
    "offsets.topic.num.partitions": 5,
}


def run(options, report):
    """The script on both brokers at the same time; a line per command."""
    folder = places.fresh("group-tools")
    nodes = [broker.Kafka(folder / "kafka", options, overrides=OVERRIDES),
             broker.under_test(folder / "broker", options, overrides=OVERRIDES)]
    stages = []
    try:
        for node in nodes:
            node.start()
            stages.append(tool_script.Stage(node, node.folder / "stage"))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda stage: play(stage, options.quick), stages))
        compare(*(stage.lines for stage in stages), options.only, report)
        if not options.quick:
            lag.run(nodes[1], report)
    finally:
        for stage in stages:
            stage.close()
    codes = [node.stop() for node in nodes]
    report.item("group-tools/broker stops", not any(codes), f"exit {codes[1]}")


def play(stage, quick):
    """The script; what the coordinator's topic holds is read before the groups are deleted."""
    tool_script.play(stage, quick, offsets_topic.read)


def compare(kafka, found, only, report):
    """One item per command."""
    for name in [*kafka, *(name for name in found if name not in kafka)]:
        if only not in f"group-tools/{name}":
            continue
        wanted, got = kafka.get(name), found.get(name)
        report.item(f"group-tools/{name}", wanted == got, f"{len(wanted or ())} lines")
        if wanted != got:
            for line in [line for line in wanted or () if line not in (got or ())][:4]:
                report.note(f"only Kafka: {line}")
            for line in [line for line in got or () if line not in (wanted or ())][:4]:
                report.note(f"only here:  {line}")
