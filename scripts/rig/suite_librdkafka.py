"""librdkafka's own tests, built once from the source that the crate rdkafka-sys carries; a process per test number.

Left out, because they prove nothing of a broker: tests that stay in the process, tests against librdkafka's mock of a
cluster, manual ones, and those that its authors mark as a known issue. What uses groups runs with both protocols.
"""

import json
import os
import re
import shutil
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rig import places
from rig.programs import apt_install, need, sh
from rig.suite_job import Job, Result

CRATE, CRATE_VERSION = "rdkafka-sys", "4.10.0"  # librdkafka 2.12.1
PACKAGES = ["build-essential", "zlib1g-dev", "libssl-dev", "libzstd-dev", "rapidjson-dev"]
CONFIGURE = ["--disable-gssapi", "--disable-curl", "--disable-lz4-ext"]
KAFKA_VERSION = "4.3.1"  # what the tests take the broker for
SECONDS_MAX = 400
SUITES = {"librdkafka": "classic", "librdkafka-consumer": "consumer"}
LEFT_OUT = re.compile("LOCAL|MANUAL|KNOWN_ISSUE$|KNOWN_ISSUE ")
GROUP = re.compile(r"test_create_consumer|test_consumer_subscribe|group\.id|subscribe\(|test_consume_msgs_easy")
# Their first failure would hide what follows, so each of their parts is a test of its own.
IN_PARTS = ("0011_produce_batch", "0081_admin", "0113_cooperative_rebalance")
QUICK = ("0012_produce_consume", "0017_compression", "0029_assign_offset", "0099_commit_metadata")
TOOL = """#!/bin/sh
exec {kafka} "$(basename "$0")" "$@"
"""
RUN_CLASS = """#!/bin/sh
exec java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$CLASSPATH:{libs}/*" "$@"
"""


@dataclass(frozen=True)
class Test:
    """One test of the runner's own list."""

    name: str
    flags: str
    scenario: str
    groups: bool

    @property
    def number(self):
        """What the runner selects by; several tests may share it."""
        return self.name.split("_")[0]


@cache
def source():
    """The built tests' folder of librdkafka's source tree."""
    need("cargo", "cargo")
    crate = places.CACHE / "librdkafka-crate"
    (crate / "src").mkdir(parents=True, exist_ok=True)
    (crate / "src/lib.rs").touch()
    (crate / "Cargo.toml").write_text(
        '[package]\nname = "librdkafka-source"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n'
        f'[dependencies]\n{CRATE} = "={CRATE_VERSION}"\n')
    tree = places.CACHE / f"librdkafka-{CRATE_VERSION}"
    if not (tree / ".complete").exists():
        known = json.loads(sh("cargo", "metadata", "--quiet", "--format-version", "1", cwd=crate))
        found = next(one for one in known["packages"] if one["name"] == CRATE)
        build(Path(found["manifest_path"]).parent / "librdkafka", tree)
    return tree / "tests"


def build(origin, tree):
    """Copies the crate's source and builds the library and its test runner."""
    apt_install(*PACKAGES)
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(origin, tree)
    sh("./configure", *CONFIGURE, cwd=tree)
    sh("make", "-j2", "libs", cwd=tree)
    sh("make", "-j2", "-C", "tests", "test-runner", cwd=tree)
    sh("make", "-s", "-C", "tests/java", cwd=tree, env={**os.environ, "KAFKA_PATH": kafka_path()})
    (tree / ".complete").touch()


@cache
def kafka_path():
    """A folder shaped like Apache Kafka's, for the tests that call its tools or run a class of its jars."""
    jars = sh(places.SCRIPTS / "kafka", "--classpath").splitlines()[-1].removesuffix("/*")
    folder = places.CACHE / "librdkafka-kafka"
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    if not (folder / "libs").exists():
        (folder / "libs").symlink_to(jars)
    for name in ("kafka-topics.sh", "kafka-acls.sh", "kafka-configs.sh"):
        (folder / "bin" / name).write_text(TOOL.format(kafka=places.SCRIPTS / "kafka"))
    (folder / "bin/kafka-run-class.sh").write_text(RUN_CLASS.format(libs=jars))
    for script in (folder / "bin").iterdir():
        script.chmod(0o755)
    return str(folder)


def listed(folder):
    """The tests that need a broker, in the runner's order."""
    text = (folder / "test.c").read_text()
    table = text.split("struct test tests[] = {", 1)[1].split("{NULL}};", 1)[0]
    files = {path.name[:4]: path.read_text() for path in folder.glob("[0-9]*-*.c*")}
    found = []
    for entry in table.split("_TEST(")[1:]:
        name, flags = re.match(r"\s*(\w+),\s*([\w |]+)", entry).groups()
        scenario = re.search(r'\.scenario = "([\w,]+)"', entry)
        if not LEFT_OUT.search(flags) and not name.endswith("_mock"):
            groups = bool(GROUP.search(files[name[:4]]))
            found.append(Test(name, flags, scenario[1] if scenario else "default", groups))
    return found


def parts(name, text):
    """The functions that a test reaches and that the runner knows as its parts, in the order of the source."""
    heads = list(re.finditer(r"^ *(?:[\w \*]+?\b)?(\w+)\([^;{}]*\) \{$", text, re.M))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    bodies = {head[1]: text[head.end() : end] for head, end in zip(heads, ends)}
    reached, found = set(), [f"main_{name}"]
    while found:
        at = found.pop()
        reached.add(at)
        found += [one for one in re.findall(r"\b(\w+)\(", bodies[at]) if one in bodies and one not in reached]
    return [one for one in bodies if one in reached and re.search(r"\bSUB_TEST(_QUICK)?\(", bodies[one])]


def jobs(suite, scenario, node, folder, chosen):
    """The jobs of one suite in one scenario; `chosen(test name)` says which are wanted."""
    tests = source()
    # librdkafka would seed the random names of topics and groups with a millisecond, which several processes share.
    (folder / "test.conf").write_text(f"bootstrap.servers={node.bootstrap}\ntest.timeout.multiplier=2\n"
                                      "enable.random.seed=false\n")
    mine = [one for one in listed(tests) if scenario in one.scenario.split(",")]
    if SUITES[suite] == "consumer":
        mine = [one for one in mine if one.groups]
    made = []
    for number in dict.fromkeys(one.number for one in mine):
        names = [one.name for one in mine if one.number == number]
        inside = parts(names[0], next(tests.glob(f"{number}-*.c*")).read_text()) if names[0] in IN_PARTS else [""]
        for part in inside:
            wanted = [f"{name}/{part}" if part else name for name in names]
            if any(chosen(name) for name in wanted):
                made.append(job(suite, scenario, node, folder, wanted, part))
    return made


def stand(folder):
    """Where the runner stands: it leaves files there, reads one of the library's, and makes its Java classes."""
    tests, here = source(), folder / "librdkafka/tests"
    if not here.exists():
        here.mkdir(parents=True)
        (here.parent / "src").symlink_to(tests.parent / "src")
        (here / "java").symlink_to(tests / "java")
        (here / "Makefile").write_text(".PHONY: java\njava:\n\t@:\n")  # they are made
    return here


def job(suite, scenario, node, folder, names, part):
    """One process: the tests of one number, or one part of one test."""
    tests = source()
    env = {
        "TESTS": names[0][:4], "TEST_SCENARIO": scenario, "TEST_KAFKA_VERSION": KAFKA_VERSION,
        "TEST_CONSUMER_GROUP_PROTOCOL": SUITES[suite], "RDKAFKA_TEST_CONF": str(folder / "test.conf"),
        "KAFKA_PATH": kafka_path(), "BROKERS": node.bootstrap,
        "TEST_SEED": str(zlib.crc32(f"{suite} {names[0]}".encode()) >> 1),
        "LD_LIBRARY_PATH": f"{tests.parent / 'src'}:{tests.parent / 'src-cpp'}",
        **({"SUBTESTS": f"{part}:"} if part else {}),
    }
    # By lines, or a runner that aborts takes its summary with it.
    return Job(suite, names[0], ["stdbuf", "-oL", tests / "test-runner", "-p1", "-L"], stand(folder),
               lambda output, _: results(names, part, output), SECONDS_MAX, env)


def results(names, part, output):
    """A result per test, as the runner's summary has it; a test that is not in there died with the runner."""
    text = re.sub(r"\x1b(\[[\d;]*m|\(B)", "", output)
    summary = {name: (state, seconds)
               for name, state, seconds in re.findall(r"^\| (\w+) +\| +(\w+) \| +([\d.]+)s", text, re.M)}
    found = []
    for name in names:
        state, seconds = summary.get(name.split("/")[0], ("DIED", ""))
        outcome = {"PASSED": "PASS", "SKIPPED": "SKIP"}.get(state, "FAIL")
        if part and outcome == "PASS" and not re.search(rf"\[ {part}:.*: PASS ", text):
            outcome = "SKIP"
        found.append(Result(name, outcome, f"{seconds} s" if outcome == "PASS" else fault(text, name.split("/")[0])))
    return found


def fault(text, test):
    """The line that says what went wrong with a test, or why it was skipped."""
    told = re.findall(rf'^### Test "{test}\b.*: ###\n(.*)', text, re.M)
    told += re.findall(r"(?:SKIPPING TEST|: SKIP): (?!Filtered due)(.*)", text)
    return " ".join((told[0] if told else text[-200:]).split())[:200]
