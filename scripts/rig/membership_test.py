"""The checker of group members must go red: one planted anomaly per test."""

import unittest

from rig.membership import Event, check, longest_pause


def given(at, who, owned, generation=1, kind="assigned", seat=None):
    """A member holds exactly `owned` from now on."""
    return Event(at, who, seat or who, kind, generation, frozenset(owned))


def read(at, who, partition, first, behind):
    """A member read a row of records."""
    return Event(at, who, who, "records", spans={partition: (first, behind)})


def committed(at, who, partition, offset):
    """A member's commit was answered."""
    return Event(at, who, who, "committed", offsets={partition: offset})


RUN = [given(1, "a", {0}), given(1, "b", {1}), read(2, "a", 0, 0, 10), committed(3, "a", 0, 10),
       read(4, "b", 1, 0, 5), committed(5, "b", 1, 5)]
DIED = given(6, "a", (), kind="died")


class MembershipTest(unittest.TestCase):
    """Each test plants one anomaly and names the list that must hold it."""

    def verdict(self, *events, ends=None, at_the_end=None):
        """Anomalies found, by name, those lists only that are not empty."""
        found = check([*RUN, *events], ends or {0: 10, 1: 5}, at_the_end or {0: 10, 1: 5})
        return {name: len(rows) for name, rows in found.rows() if rows}

    def test_a_clean_run_is_clean(self):
        self.assertEqual({}, self.verdict())

    def test_a_takeover_behind_what_was_committed_is_clean(self):
        self.assertEqual({}, self.verdict(DIED, given(9, "b", {0, 1}, 2), read(10, "b", 0, 10, 12), ends={0: 12}))

    def test_a_record_that_nobody_read_is_skipped(self):
        self.assertEqual({"skipped": 1}, self.verdict(ends={0: 11, 1: 5}))

    def test_a_record_that_was_passed_over_is_skipped_though_another_reads_it_later(self):
        self.assertEqual({"skipped": 1}, self.verdict(read(6, "a", 0, 12, 14), read(7, "a", 0, 10, 12)))

    def test_a_partition_given_to_two_in_one_generation_is_twice_and_shared(self):
        self.assertEqual({"twice": 1, "shared": 1}, self.verdict(given(6, "c", {1})))

    def test_a_partition_given_before_it_was_given_back_is_shared(self):
        self.assertEqual({"shared": 1}, self.verdict(given(6, "b", {0, 1}, 2)))
        self.assertEqual({}, self.verdict(given(6, "a", (), 1, "revoked"), given(7, "b", {0, 1}, 2)))

    def test_a_static_member_that_comes_back_has_its_partitions_in_the_same_generation(self):
        self.assertEqual({}, self.verdict(DIED, given(7, "a2", {0}, seat="a")))
        self.assertEqual({"twice": 1}, self.verdict(DIED, given(7, "a2", {0})))

    def test_a_commit_above_what_was_read_is_overcommitted(self):
        self.assertEqual({"overcommitted": 2}, self.verdict(committed(6, "a", 0, 11), at_the_end={0: 11, 1: 5}))

    def test_a_member_that_begins_below_an_answered_commit_shows_that_it_was_forgotten(self):
        self.assertEqual({"forgotten": 1}, self.verdict(DIED, given(9, "b", {0, 1}, 2), read(10, "b", 0, 9, 10)))

    def test_a_commit_that_is_gone_in_the_end_was_forgotten(self):
        self.assertEqual({"forgotten": 1}, self.verdict(at_the_end={0: 9, 1: 5}))

    def test_the_longest_pause_is_of_one_partition_and_counts_the_edges(self):
        events = [read(at, "a", 0, 0, 1) for at in (110, 150, 190)] + [read(120, "a", 1, 0, 1)]
        self.assertEqual(40, longest_pause(events, "a", {0}, 100, 200))
        self.assertEqual(80, longest_pause(events, "a", {0, 1}, 100, 200))
