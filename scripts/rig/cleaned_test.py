"""The judge of compacted topics must go red: one planted anomaly per test."""

import tempfile
import unittest
from pathlib import Path

from rig.cleaned import Partition, check, digest, passes, successors, superseded

RECORDS = 200


class CleanedTest(unittest.TestCase):
    """A partition of 200 records on 20 keys, compacted by hand, then damaged."""

    def setUp(self):
        self.partition = Partition.drawn(0, RECORDS, 20)
        self.rows = [self.row(offset) for offset in self.partition.last_offsets(RECORDS)]

    def row(self, offset):
        return offset, self.partition.key(offset), self.partition.value(offset)

    def found(self, rows, **how):
        verdict = check(self.partition, rows, how.pop("end", RECORDS), **how)
        return {name: len(texts) for name, texts in verdict.rows() if texts}

    def first(self, dead):
        """Where in the rows the first tombstone, or the first record with a value, stands."""
        return next(at for at, row in enumerate(self.rows) if self.partition.dead[row[0]] == dead)

    def test_the_successor_is_the_next_record_of_the_key(self):
        self.assertEqual([2, 3, 5, 5, 5], successors("ababc"))

    def test_the_last_records_alone_are_clean_and_so_are_all(self):
        self.assertEqual({}, self.found(self.rows))
        self.assertEqual({}, self.found([self.row(offset) for offset in range(RECORDS)]))
        self.assertEqual(0, superseded(self.partition, self.rows, RECORDS))

    def test_a_last_value_that_is_missing_is_lost(self):
        del self.rows[self.first(dead=False)]
        self.assertEqual({"lost": 1}, self.found(self.rows))

    def test_a_tombstone_that_is_missing_is_buried_unless_its_time_is_over(self):
        self.partition.dead[self.rows[0][0]] = True
        self.assertEqual({"buried": 1}, self.found(self.rows[1:]))
        self.assertEqual({}, self.found(self.rows[1:], tombstones_stay=False))

    def test_a_record_at_another_offset_is_changed(self):
        offset, key, value = self.rows[3]
        self.rows[3] = (offset - 1, key, value)
        self.assertIn("changed", self.found(self.rows))

    def test_another_value_at_an_offset_is_changed(self):
        at = self.first(dead=False)
        self.rows[at] = (*self.rows[at][:2], b"other")
        self.assertEqual({"changed": 1, "lost": 1}, self.found(self.rows))

    def test_a_record_read_twice_is_disordered(self):
        self.assertEqual({"disordered": 1}, self.found([self.rows[0], *self.rows]))

    def test_a_record_may_go_for_a_successor_that_was_written_by_then(self):
        end = RECORDS // 2
        rows = [row for row in self.rows if row[0] < end]
        self.assertIn("lost", self.found(rows, end=end))
        self.assertEqual({}, self.found(rows, end=end, known=RECORDS))

    def test_digests_stand_for_values(self):
        rows = [(offset, key, digest(value)) for offset, key, value in self.rows]
        self.assertEqual({}, self.found(rows, digested=True))
        self.assertIn("changed", self.found(rows))

    def test_what_retention_deleted_is_not_missed(self):
        self.assertEqual({}, self.found([row for row in self.rows if row[0] >= 150], start=150))

    def test_passes_end_with_their_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scan"
            path.write_text("pass\nat 1 3 6b 76\npass\nat 0 5 6b 76\nat 1 7 6b -\nend 0 9 8\n"
                            "pass\nat 0 5 6b \nend 0 9 9\nat 0 6 6b")
            self.assertEqual([(0, 9, 8, [(5, b"k", b"v")]), (0, 9, 9, [(5, b"k", b"")])], list(passes(path)))
