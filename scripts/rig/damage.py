"""A16: every file that is not a log is deleted, zeroed, cut or gets a flipped bit, after a clean stop and after a kill.

Derived files: all records are served as before, and after the next clean stop the files are whole again. The files
that say whose the data is (meta.properties, the metadata log) are no derived files: without them the broker must not
start, and must name the file.
"""

import hashlib
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rig import broker, corpus, dump, places, programs
from rig.corpus import KIB

NAME = "durability/damage"
TOPIC = "static"
PARTITIONS = 4
CONFIGS = {"segment.bytes": 1 << 20, "index.interval.bytes": 512}
DERIVED = {
    ".index": f"{TOPIC}-*/*.index",
    ".timeindex": f"{TOPIC}-*/*.timeindex",
    ".snapshot": f"{TOPIC}-*/*.snapshot",
    "leader-epoch-checkpoint": f"{TOPIC}-*/leader-epoch-checkpoint",
    "partition.metadata": f"{TOPIC}-*/partition.metadata",
    "recovery-point-offset-checkpoint": "recovery-point-offset-checkpoint",
    "log-start-offset-checkpoint": "log-start-offset-checkpoint",
    "replication-offset-checkpoint": "replication-offset-checkpoint",
    ".kafka_cleanshutdown": ".kafka_cleanshutdown",
}
OURS = {"producer-window-checkpoint": f"{TOPIC}-*/producer-window-checkpoint"}
AFTER_CLEAN_STOP_ONLY = {".kafka_cleanshutdown"}
DUMPED = {".index", ".timeindex", ".snapshot"}
# What makes a start impossible, per file; a bit of meta.properties that flips may well leave it valid.
VITAL = {
    "meta.properties": ("delete", "zero", "cut", "empty"),
    "corelog.metadata": ("delete", "zero", "empty", "front"),
    "corelog.metadata.snapshot": ("zero", "cut", "flip"),
}
# Long names and values fill the metadata log with few topics.
LONG_CONFIGS = {key: 9_000_000_000 for key in ("retention.ms", "retention.bytes", "segment.ms", "segment.jitter.ms",
                                               "flush.messages", "flush.ms", "file.delete.delay.ms",
                                               "message.timestamp.before.max.ms", "message.timestamp.after.max.ms")}
TOPICS_AT_ONCE = 100
TOPICS_MAX = 3000
OVERRIDES = {"broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500}


def delete(path, _):
    """The file is gone."""
    path.unlink()


def zero(path, _):
    """As long as before, nothing in it."""
    path.write_bytes(bytes(path.stat().st_size))


def cut(path, _):
    """The second half is gone, in the middle of an entry if it has any."""
    content = path.read_bytes()
    path.write_bytes(content[: used(content) // 2 | 1])


def empty(path, _):
    """No bytes."""
    path.write_bytes(b"")


def flip(path, rng):
    """One bit of what is in use."""
    damage_at(path, rng.randrange(max(used(path.read_bytes()), 1)), rng)


def front(path, rng):
    """One bit of the first quarter, so that sound content follows."""
    damage_at(path, rng.randrange(max(used(path.read_bytes()) // 4, 1)), rng)


def used(content):
    """Bytes before the zeros that an index was given in advance."""
    return len(content.rstrip(b"\0"))


def damage_at(path, position, rng):
    """Flips a bit of a byte; an empty file gets a byte."""
    content = bytearray(path.read_bytes()) or bytearray(1)
    content[position] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


DAMAGES = {one.__name__: one for one in (delete, zero, cut, empty, flip, front)}
USUAL = ("delete", "zero", "cut", "flip")


@dataclass
class Kept:
    """A data directory that each case starts from."""

    name: str  # clean or unclean
    path: Path
    sha256: list  # per partition


class Static:
    """The data under damage: one broker, one topic, client programs that stay over its restarts."""

    def __init__(self, folder, options):
        self.folder = folder
        self.node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
        self.data = self.node.log_dirs[0]
        self.node.start()
        self._clients = [programs.start(name, self.node.bootstrap, folder) for name in ("java", "confluent")]
        self._sums = [hashlib.sha256() for _ in range(PARTITIONS)]
        self._clients[0].must(op="create", topics=[{"name": TOPIC, "partitions": PARTITIONS, "configs": CONFIGS}])
        self._seed = 0

    def create(self, topics):
        """Further topics."""
        self._clients[0].must(op="create", topics=topics)

    def write(self, rounds):
        """Some segments; a partition has one writer, so that the other library can read it back."""
        for _ in range(rounds):
            for partition in range(PARTITIONS):
                self._seed += 1
                codec = programs.ALL_CODECS[self._seed % 5] if self._seed % 2 else "none"
                records = corpus.write(self.folder / "corpus", "rich", 2 * KIB, 300, self._seed)
                self._clients[partition % 2].must(op="produce", topic=TOPIC, partition=partition, codec=codec,
                                                  acks="all", idempotent=partition > 1, records=str(records.path))
                self._sums[partition].update(records.path.read_bytes())

    def keep(self, name):
        """Sets the directory of the broker, which has ended, aside."""
        path = self.folder / name
        subprocess.run(["cp", "-a", "--sparse=always", self.data, path], check=True)
        return Kept(name, path, [one.hexdigest() for one in self._sums])

    def restore(self, kept):
        """Puts a kept directory in place."""
        shutil.rmtree(self.data, ignore_errors=True)
        subprocess.run(["cp", "-a", "--sparse=always", kept.path, self.data], check=True)

    def wrong(self, kept):
        """Partitions whose records are not those that were sent."""
        found = []
        for partition, wanted in enumerate(kept.sha256):
            answer = self._clients[1 - partition % 2].ask(op="consume", topic=TOPIC, partition=partition, count=0,
                                                          timeout=20, patience=40)
            if answer.get("sha256") != wanted:
                what = answer.get("error", f"sha256 differs, {answer.get('count')} records")
                found.append(f"partition {partition}: {what}")
        return found

    def close(self):
        """Ends clients and broker."""
        for one in self._clients:
            one.close()
        self.node.kill()


def run(options, report):
    """Every kind of file, every damage, both starts."""
    folder = places.fresh("durability-damage")
    static = Static(folder, options)
    try:
        static.write(5)
        static.node.stop()
        keepers = [static.keep("clean")]
        static.node.start()
        static.write(1)
        static.node.kill()
        keepers.append(static.keep("unclean"))
        kinds = {**DERIVED, **OURS} if options.broker == "corelog" else DERIVED
        for kind, pattern in kinds.items():
            for kept in keepers:
                if kept.name == "clean" or kind not in AFTER_CLEAN_STOP_ONLY:
                    derived(static, kept, kind, pattern, random.Random(options.seed), report)
        everything(static, keepers, kinds, report)
        if options.broker == "corelog":
            vital(static, with_snapshot(static, keepers[0]), random.Random(options.seed), report)
            torn(static, keepers[0], report)
    finally:
        static.close()


def derived(static, kept, kind, pattern, rng, report):
    """One kind of file, one start: all damages, then one dump over what each left behind."""
    faults, held, files = [], [], 0
    for damage in USUAL:
        static.restore(kept)
        paths = sorted(static.data.glob(pattern))
        files = len(paths)
        for path in paths:
            DAMAGES[damage](path, rng)
        faults += [f"{damage}: {fault}" for fault in serve(static, kept)]
        newest = {path.parent: path for path in paths}.values() if kind == ".snapshot" else paths
        faults += [f"{damage}: {path.name} was not made again" for path in newest if not path.exists()
                   and not (kind == ".snapshot" and any(path.parent.glob("*.snapshot")))]
        if kind in DUMPED:
            held.append(static.data.rename(static.folder / f"held-{damage}"))
    found = dump.complaints([path for one in held for path in sorted(one.glob(pattern))])
    faults += [f"kafka-dump-log.sh: {text}" for text in found]
    for one in held:
        shutil.rmtree(one)
    report.item(f"{NAME}/{kept.name}/{kind}", files and not faults, f"{files} files x {len(USUAL)} damages, "
                f"{len(faults)} faults")
    for fault in faults[:6]:
        report.note(fault)


def everything(static, keepers, kinds, report):
    """All derived files gone at once."""
    for kept in keepers:
        static.restore(kept)
        paths = [path for pattern in kinds.values() for path in static.data.glob(pattern)]
        for path in paths:
            path.unlink()
        faults = serve(static, kept)
        report.item(f"{NAME}/{kept.name}/all of them gone", not faults, f"{len(paths)} files, {len(faults)} faults")
        for fault in faults[:6]:
            report.note(fault)


def serve(static, kept):
    """Starts, reads everything, stops; returns what went wrong."""
    try:
        static.node.start()
        faults = static.wrong(kept)
        code = static.node.stop()
        return faults + ([f"clean stop: exit {code}"] if code != 0 else [])
    except RuntimeError as error:
        return [str(error)[-300:]]
    finally:
        static.node.kill()


def with_snapshot(static, kept):
    """The directory with topics enough that the metadata log has a snapshot beside it."""
    static.restore(kept)
    static.node.start()
    for number in range(0, TOPICS_MAX, TOPICS_AT_ONCE):
        names = [f"{one:0240}" for one in range(number, number + TOPICS_AT_ONCE)]
        static.create([{"name": name, "configs": LONG_CONFIGS} for name in names])
        if (static.data / "corelog.metadata.snapshot").exists():
            break
    static.node.stop()
    for path in static.data.glob("0*-0"):  # not looked at by a broker that refuses
        shutil.rmtree(path)
    return static.keep("with-snapshot")


def vital(static, kept, rng, report):
    """Without what says whose the data is, the broker leaves with 1 and names the file."""
    for name, damages in VITAL.items():
        for damage in damages:
            static.restore(kept)
            path = static.data / name
            if not path.exists():
                report.item(f"{NAME}/refuses/{name}, {damage}", False, "the file was never written")
                continue
            DAMAGES[damage](path, rng)
            said = refusal(static.node)
            report.item(f"{NAME}/refuses/{name}, {damage}", said and said[0] and path.name in said[1],
                        said[1].strip().splitlines()[-1][-120:] if said else "it started")


def torn(static, kept, report):
    """What a power cut leaves at the end of the metadata log is no damage."""
    static.restore(kept)
    path = static.data / "corelog.metadata"
    path.write_bytes(path.read_bytes()[:-3])
    said = refusal(static.node)
    report.item(f"{NAME}/starts with a torn tail of corelog.metadata", said is None, said[1][-120:] if said else "up")


def refusal(node):
    """None when the broker starts; otherwise whether it left with 1, and what it said."""
    node.output.unlink(missing_ok=True)
    try:
        node.start()
        return None
    except RuntimeError as error:
        return "left with 1:" in str(error), node.output.read_text(errors="replace")
    finally:
        node.kill()
