"""The list `client-suites`: the client libraries' own tests against the broker under test.

A test may fail only where rig/suites.tsv allows it, with the reason and Apache Kafka's own result beside it; a row
whose test passes now, or did not run, fails the list. Several tests run at a time; one that fails beside others gets
a second run alone on an empty broker, and only that counts.
"""

import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rig import broker, places, suite_franz, suite_job, suite_librdkafka, suite_table

TABLE = Path(__file__).with_name("suites.tsv")
JOBS = {"corelog": 6, "kafka": 4}  # at a time: they wait more than they work, and a JVM works beside them
LONG = ("0113_cooperative_rebalance/u_multiple_subscription_changes", "TestTxnEtl", "TestGroupETL")
# The settings that the suites count on: the delay is Kafka's default; one broker keeps all copies there are.
COUNTED_ON = {
    "group.initial.rebalance.delay.ms": 3000, "num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1, "share.coordinator.state.topic.min.isr": 1,
}
LIBRDKAFKA = tuple(suite_librdkafka.SUITES)


@dataclass(frozen=True)
class Stage:
    """Suites that share a broker. In librdkafka's default scenario topics are made on demand, and its runs subscribe
    to whatever looks like a topic of theirs: each has a broker of its own."""

    name: str
    suites: tuple
    scenario: str
    overrides: dict


ON_DEMAND = {**COUNTED_ON, "auto.create.topics.enable": "true"}
STAGES = [Stage(name, (name,), "default", ON_DEMAND) for name in LIBRDKAFKA]
STAGES.append(Stage("on-request", (suite_franz.SUITE, *LIBRDKAFKA), "noautocreate", COUNTED_ON))


def run(options, report):
    """All stages, a fresh broker each."""
    os.environ.setdefault("KAFKA_HEAP", "1g")
    table, folder = suite_table.read(TABLE), places.fresh(f"client-suites-{options.broker}")
    judge = Judge(table, options, report)
    for stage in STAGES:
        node = broker.under_test(folder / stage.name, options, overrides=stage.overrides)
        logs = folder / f"{stage.name}-logs"
        (logs / "alone").mkdir(parents=True)
        jobs = plan(stage, node, logs, options)
        if not jobs:
            continue
        node.start()
        again = run_beside(jobs, JOBS[options.broker], logs, judge)
        if again:
            empty(node)
        for job in again:
            for result in job.run(logs / "alone"):
                judge.item(job.suite, result, "alone, ")
        code = node.stop()
        report.item(f"client-suites/{stage.name}: broker stops", code == 0, f"exit {code} after {len(jobs)} jobs")
    judge.end()


def empty(node):
    """Starts the broker anew without what the first runs left in it, which some tests would meet."""
    node.stop()
    for path in node.log_dirs:
        shutil.rmtree(path)
    node.start()


def plan(stage, node, logs, options):
    """The jobs of a stage, the longest first. A suite that --only does not name is not even built."""
    def wanted(suite, quick):
        def chosen(test):
            return options.only in f"client-suites/{suite}/{test}" and (test in quick or not options.quick)
        return chosen

    every = {suite for one in STAGES for suite in one.suites}
    named = {suite for suite in every if f"client-suites/{suite}/" in options.only} or every
    jobs = []
    for suite in stage.suites:
        if suite == suite_franz.SUITE and suite in named:
            jobs += suite_franz.jobs(node, wanted(suite, suite_franz.QUICK))
        elif suite in named:
            jobs += suite_librdkafka.jobs(suite, stage.scenario, node, logs, wanted(suite, suite_librdkafka.QUICK))
    return sorted(jobs, key=lambda job: job.name not in LONG)


def run_beside(jobs, count, logs, judge):
    """Runs them, `count` at a time; returns those with a result that the table does not allow."""
    again = []
    pool = ThreadPoolExecutor(count)
    try:
        running = {pool.submit(job.run, logs): job for job in jobs}
        for done in as_completed(running):
            job, results = running[done], done.result()
            if all(judge.allows(job.suite, result) for result in results):
                for result in results:
                    judge.item(job.suite, result)
            else:
                again.append(job)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        suite_job.stop_all()
    return again


class Judge:
    """Holds results to the table, and counts."""

    def __init__(self, table, options, report):
        self._table, self._options, self._report = table, options, report
        self._ran, self._counts = set(), {}

    def allows(self, suite, result):
        """Whether the table allows it."""
        return suite_table.judge(self._table.get((suite, result.test)), self._options.broker, result.outcome)[0]

    def item(self, suite, result, how=""):
        """The line of one test."""
        row = self._table.get((suite, result.test))
        ok, why = suite_table.judge(row, self._options.broker, result.outcome)
        figure = ", ".join(part for part in (why, result.figure if not (ok and why) else "") if part)
        self._report.item(f"client-suites/{suite}/{result.test}", ok, how + figure)
        self._ran.add((suite, result.test))
        self._counts.setdefault(suite, Counter())[result.outcome] += 1

    def end(self):
        """A line per suite, and the rows whose test is gone."""
        for suite, counts in self._counts.items():
            self._report.note(f"{suite}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
        if not self._options.quick and not self._options.only:
            gone = suite_table.missing(self._table, self._ran)
            self._report.item("client-suites/every row ran", not gone, f"{len(gone)} rows without a test")
            for suite, test in gone:
                self._report.note(f"no such test: {suite} {test}")
