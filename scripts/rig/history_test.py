"""The checker must go red: one planted anomaly per test. `python3 -m unittest discover -s scripts -p '*_test.py'`."""

import tempfile
import unittest
from pathlib import Path

from rig.history import Send, check

LOG = {0: [(0, "0-0"), (1, "1-0"), (2, "0-2"), (3, "1-5")]}


def acked(name, offset, kind="ok", completed=10):
    """A record of partition 0 as its producer heard of it."""
    producer, number = map(int, name.split("-"))
    return Send(kind, producer, 0, number, offset, 0, completed)


SENDS = [acked("0-0", 0), acked("1-0", 1), acked("0-2", 2), acked("1-5", 3)]


class CheckerTest(unittest.TestCase):
    """Each test plants one anomaly and names the list that must hold it."""

    def verdict(self, sends=(), log=None, watched=None, before=None):
        """Anomalies found, by name, those lists only that are not empty."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "watcher"
            path.write_text(watched or "")
            found = check([*SENDS, *sends], log or LOG, [path] if watched else [], before)
        return {name: len(rows) for name, rows in found.rows() if rows}

    def test_a_clean_run_is_clean(self):
        self.assertEqual({}, self.verdict(watched="0 0 0-0\n0 1 1-0\n0 2 0-2\n"))

    def test_an_acknowledged_record_that_is_missing_is_lost(self):
        self.assertEqual({"lost": 1}, self.verdict([acked("0-7", 4)]))

    def test_an_acknowledged_record_behind_the_power_cut_may_be_missing(self):
        self.assertEqual({}, self.verdict([acked("0-7", 4, completed=99)], before=50))
        self.assertEqual({"lost": 1}, self.verdict([acked("0-7", 4, completed=49)], before=50))

    def test_an_indeterminate_record_may_be_missing_or_there(self):
        self.assertEqual({}, self.verdict([acked("0-7", -1, kind="info")]))
        self.assertEqual({}, self.verdict([acked("0-7", -1, kind="info")], {0: [*LOG[0], (4, "0-7")]}))

    def test_a_record_at_two_offsets_is_duplicated(self):
        self.assertEqual({"duplicated": 1}, self.verdict(log={0: [*LOG[0], (4, "1-5")]}))

    def test_a_later_record_at_a_lower_offset_is_reordered(self):
        log = {0: [(0, "0-2"), (1, "1-0"), (2, "0-0"), (3, "1-5")]}
        self.assertEqual({"reordered": 1, "inconsistent": 2}, self.verdict(log=log))

    def test_a_record_nobody_sent_and_a_refused_one_are_invented(self):
        self.assertEqual({"invented": 1}, self.verdict(log={0: [*LOG[0], (4, "9-9")]}))
        self.assertEqual({"invented": 1}, self.verdict([acked("0-7", -1, kind="fail")], {0: [*LOG[0], (4, "0-7")]}))

    def test_a_consumer_that_jumps_goes_back_or_loses_its_place_skipped(self):
        self.assertEqual({"skipped": 1}, self.verdict(watched="0 0 0-0\n0 2 0-2\n"))
        self.assertEqual({"skipped": 1}, self.verdict(watched="0 0 0-0\n0 0 0-0\n"))
        self.assertEqual({"skipped": 1}, self.verdict(watched="reset 0 OFFSET_OUT_OF_RANGE\n"))

    def test_a_consumer_that_saw_what_is_no_longer_there_is_inconsistent(self):
        self.assertEqual({"inconsistent": 1}, self.verdict(watched="0 0 0-0\n0 1 1-9\n"))
