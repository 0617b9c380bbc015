"""What Kafka's own readers see in `__consumer_offsets`: its two formatters, and the decoder of its dump tool.

A compacted topic may hold more or fewer old records, so the last value of each key is what is compared.
"""

import json
import re

from rig.broker import run_kafka

FORMATTERS = "org.apache.kafka.tools.consumer"
GROUPS = {"empty", "new-empty", "included", "orphan", "classic", "modern", "stopped", "measured", "made-by-reset"}
# Times, ids, and numbers that depend on how many heartbeats it took to settle.
MASKED = {"commitTimestamp", "expireTimestamp", "currentStateTimestamp", "assignmentTimestamp", "topicId", "memberId",
          "leader", "metadataHash"}
RECORD = re.compile(r"\| offset: .* key: (\{.*?\}) payload: (.*)$")
COMPLAINTS = re.compile(r"isvalid: false|mismatch|corrupt|could not|exception", re.I)


def read(stage, quick):
    """Notes on the stage what each reader sees."""
    for formatter in ("OffsetsMessageFormatter", "GroupMetadataMessageFormatter"):
        if not quick:
            stage.tool("kafka-console-consumer", "--topic", "__consumer_offsets", "--from-beginning",
                       "--timeout-ms", 8000, "--formatter", f"{FORMATTERS}.{formatter}", shape=formatted)
    files = [path for path in stage.node.files(".log")
             if path.parent.name.startswith("__consumer_offsets-") and path.stat().st_size]
    done = run_kafka("kafka-dump-log.sh", "--offsets-decoder", "--files", ",".join(map(str, files)), check=False)
    bad = [line for line in done.stdout.splitlines() if COMPLAINTS.search(line)]
    stage.note("kafka-dump-log --offsets-decoder", done.returncode, dumped(done.stdout), "\n".join(bad))


def formatted(text):
    """The last value of each key that a formatter printed, one object behind the other without a line between."""
    pairs, at, decoder = [], text.find("{"), json.JSONDecoder()
    while at >= 0:
        one, end = decoder.raw_decode(text, at)
        pairs.append((one["key"], one["value"]))
        at = text.find("{", end)
    return last_values(pairs)


def dumped(text):
    """The last value of each key that the dump tool decoded."""
    found = filter(None, map(RECORD.search, text.splitlines()))
    pairs = ((parsed(match[1]), parsed(match[2]) or match[2]) for match in found)
    return last_values(pair for pair in pairs if pair[0])


def parsed(text):
    """JSON, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def last_values(pairs):
    """A line per key of the script's groups."""
    found = {json.dumps(masked(key), sort_keys=True): json.dumps(masked(value), sort_keys=True)
             for key, value in pairs if group_of(key) in GROUPS}
    return "\n".join(f"{key} = {value}" for key, value in found.items())


def group_of(key):
    """The group that a key belongs to."""
    data = key.get("data", {})
    return data.get("group", data.get("groupId")) if isinstance(data, dict) else None


def masked(value):
    """The same without what differs from run to run."""
    if isinstance(value, dict):
        return {key: "MASKED" if key in MASKED else masked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one) for one in value]
    return value
