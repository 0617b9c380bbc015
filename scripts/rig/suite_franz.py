"""franz-go's own tests of `pkg/kgo`, built once from its module; a process per test function, a result per subtest.

Functions that never ask a broker anything prove nothing of one and are left out.
"""

import json
import re
import shutil
from functools import cache

from rig import places
from rig.programs import go, sh
from rig.suite_job import Job, Result

MODULE, VERSION = "github.com/twmb/franz-go", "v1.21.7"
SUITE = "franz-go"
SECONDS_MAX = 300
RECORDS = 100_000  # of the long chains of groups; the suite's own default, 500,000, is for a cluster
# What a test function calls that talks to the broker.
ASKS = re.compile(r"newTestClient|tmpTopic|tmpNamedTopic|\badm\(\)|internalTopic|tmpShareGroup|tmpGroup|scramSeeds")
# They make a client and never use its connection.
LEFT_OUT = ("TestConsumeTopicRetrieval", "TestConsumeTopicRetrieval_Many",
            "TestIssueProduceSyncManualPartitionNegativeDoesNotPanic")
# It asks what the broker supports before anything has looked; a short test that looks runs before it.
AFTER = {"TestGroupSimple": "TestClient_ProduceLargeMessages"}
WHOLE = ("TestTxnEtl",)  # without its subtests, which are not told when its time is over
QUICK = ("TestPing", "TestIssue1034", "TestIssue337", "TestGroupSimple", "TestIssue831")


@cache
def source():
    """The package's folder, with the built tests in it."""
    tree = places.CACHE / f"franz-go-{VERSION}"
    if not (tree / ".complete").exists():
        places.CACHE.mkdir(parents=True, exist_ok=True)
        known = json.loads(sh(go(), "mod", "download", "-json", f"{MODULE}@{VERSION}", cwd=places.CACHE))
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(known["Dir"], tree)
        sh("chmod", "-R", "u+w", tree)  # modules are kept read-only
        sh(go(), "test", "-c", "-o", "kgo.test", "./pkg/kgo", cwd=tree)
        (tree / ".complete").touch()
    return tree


def listed(folder):
    """The test functions that ask a broker."""
    found = []
    for path in sorted(folder.glob("pkg/kgo/*_test.go")):
        for function in re.finditer(r"^func (Test\w+)\(.*?^}", path.read_text(), re.S | re.M):
            if ASKS.search(function[0]) and function[1] not in LEFT_OUT:
                found.append(function[1])
    return found


def jobs(node, chosen):
    """A job per test function."""
    tree = source()
    env = {"KGO_SEEDS": node.bootstrap, "KGO_TEST_RF": "1", "KGO_TEST_RECORDS": str(RECORDS), "KGO_LOG_LEVEL": "none"}
    return [job(name, tree, env) for name in listed(tree) if chosen(name)]


def job(name, tree, env):
    """One process for one test function."""
    names = "|".join([AFTER[name], name] if name in AFTER else [name])
    command = [tree / "kgo.test", "-test.run", f"^({names})$", "-test.v", "-test.timeout", f"{SECONDS_MAX - 10}s"]
    return Job(SUITE, name, command, tree / "pkg/kgo", lambda output, seconds: results(name, output), SECONDS_MAX, env)


def results(name, output):
    """A result per innermost test; the function's own where it has none, or where it fails and none of them does."""
    told = [(len(indent) // 4, outcome, test, seconds) for indent, outcome, test, seconds in
            re.findall(r"^( *)--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)", output, re.M)
            if test.split("/")[0] == name and (name not in WHOLE or test == name)]
    inner = [Result(test, outcome, f"{seconds} s" if outcome == "PASS" else fault(output, test))
             for depth, outcome, test, seconds in told
             if not any(one[0] == depth + 1 and one[2].startswith(test + "/") for one in told)]
    whole = next((outcome for depth, outcome, _, _ in told if depth == 0), "FAIL")
    if whole == "FAIL" and not any(one.outcome == "FAIL" for one in inner):
        inner = [*(one for one in inner if one.test != name), Result(name, "FAIL", fault(output, name))]
    return inner


def fault(output, test):
    """What a test said last before it ended, or the panic that ended it."""
    panic = re.search(r"^panic: .*", output, re.M)
    said = re.findall(r"^ +\w+_test\.go:\d+: .*", output, re.M)
    text = panic[0] if panic else next((line for line in said if "deleting" not in line), f"{test} gave no reason")
    return " ".join(text.split())[:200]
