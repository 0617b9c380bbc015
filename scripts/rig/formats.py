"""The list `formats`: Kafka's tools read what we wrote, and we read what Kafka wrote.

First half: kafka-dump-log.sh over every file of a directory that the broker under test wrote, with rolls, a kill
and a recovery in it; the tool must have nothing to complain about. Second half: directories of rig.fixture, which
the broker under test must serve as Kafka did.
"""

import re
import time

from rig import broker, corpus, dump, fixture, places, programs
from rig.corpus import KIB

OPTIONS = {".log": ["--deep-iteration"], ".index": [], ".timeindex": [], ".snapshot": []}
OFFSETS = {"-1": "latest", "-2": "earliest", "-3": "max timestamp"}


def run(options, report):
    """Both halves."""
    folder = places.fresh("formats")
    if "formats/ours".startswith(options.only) or options.only.startswith("formats/ours") or not options.only:
        ours(folder / "ours", options, report)
    if options.only.startswith("formats/ours") or options.quick:
        return
    for one in fixture.build(folder / "fixture", options):
        if not options.only or options.only in f"formats/{one.name}":
            theirs(folder / one.name, one, options, report)


def ours(folder, options, report):
    """The broker under test writes; Kafka's tool reads."""
    node = broker.under_test(folder / "broker", options)
    node.start()
    write_ours(folder, node)
    code = node.stop()
    report.item("formats/ours/clean stop", code == 0, f"exit {code}")
    judge_files("formats/ours", node, report)


def write_ours(folder, node):
    """Rolled segments, every codec, idempotent producers, LogAppendTime, and a kill -9 in between."""
    java = programs.start("java", node.bootstrap, folder)
    writers = [java, programs.start("confluent", node.bootstrap, folder)]
    java.must(op="create", topics=[
        {"name": "rolled", "partitions": 3, "configs": {"segment.bytes": 1 << 20, "index.interval.bytes": 512}},
        {"name": "append-time", "configs": {"message.timestamp.type": "LogAppendTime"}},
    ])
    seed = 0
    for life in range(2):
        for codec in programs.ALL_CODECS:
            for topic, partition, idempotent in (("rolled", 0, True), ("rolled", 1, False), ("append-time", 0, True)):
                seed += 1
                records = corpus.write(folder / "corpus", "rich", 2 * KIB, 400, seed)
                writers[seed % 2].must(op="produce", topic=topic, partition=partition, codec=codec, acks="all",
                                       idempotent=idempotent, records=str(records.path))
        if life == 0:
            node.kill()
            node.start()
    for one in writers:
        one.close()


def judge_files(name, node, report):
    """One item per kind of file."""
    for suffix, how in OPTIONS.items():
        files = node.files(suffix)
        found = dump.complaints(files, *how)
        report.item(f"{name}/dump {suffix}", files and not found, f"{len(files)} files, {len(found)} complaints")
        for line in found[:5]:
            report.note(line)


def theirs(folder, kept, options, report):
    """The broker under test opens Kafka's directory."""
    name = f"formats/{kept.name}"
    snapshots = [path for one in kept.log_dirs for path in one.glob("__cluster_metadata-0/*.checkpoint")]
    made = [path for path in snapshots if not re.match(r"0{20}-0{10}\.checkpoint", path.name)]
    report.item(f"{name}/fixture", made, f"{len(made)} metadata snapshots, {len(kept.answers.sha256)} partitions")
    node = broker.under_test(folder, options, log_dirs=kept.copy(folder), overrides=fixture.OVERRIDES)
    report.item(f"{name}/start", True, f"{node.start():.1f} s")
    java = programs.start("java", node.bootstrap, folder)
    try:
        time.sleep(5)  # retention has run more than once
        compare(name, kept.answers, fixture.observe(node, java, java), report)
    finally:
        java.close()
    if node.kind == "corelog":
        listed = [line for line in node.output.read_text(errors="replace").splitlines() if "not imported" in line]
        silent = [word for word in fixture.NOT_IMPORTED if not any(word in line for line in listed)]
        report.item(f"{name}/what is not imported is listed", not silent,
                    f"{len(listed)} lines" + (f", nothing of {', '.join(silent)}" if silent else ""))
    code = node.stop()
    report.item(f"{name}/clean stop", code == 0, f"exit {code}")
    judge_files(name, node, report)


def compare(name, kafka, found, report):
    """Kafka's answers beside those of the broker under test."""
    compare_maps(f"{name}/sha256 per partition", kafka.sha256, found.sha256, report)
    compare_maps(f"{name}/topic ids", kafka.ids, found.ids, report)
    compare_maps(f"{name}/topic configs", kafka.configs, found.configs, report)
    for question, meaning in OFFSETS.items():
        maps = [dict(line.rsplit(":", 1) for line in one.offsets[question]) for one in (kafka, found)]
        compare_maps(f"{name}/get-offsets {question}, {meaning}", *maps, report)
    whole = [partition for partition in kafka.sha256 if partition[0] == "compacted"]
    kept = [partition for partition in whole if kafka.sha256[partition] == found.sha256.get(partition)]
    report.item(f"{name}/compacted topic not trimmed", kept == whole, f"{len(kept)} of {len(whole)} partitions whole")


def compare_maps(name, wanted, found, report):
    """One item; the first differences are named."""
    wrong = [key for key in sorted({*wanted, *found}) if wanted.get(key) != found.get(key)]
    report.item(name, wanted and not wrong, f"{len(wanted) - len(wrong)} of {len(wanted)} equal")
    for key in wrong[:5]:
        report.note(f"{key}: {wanted.get(key)} in Kafka, {found.get(key)} here")
