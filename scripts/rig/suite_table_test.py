"""The table of client-suites must go red: one planted fault per test."""

import tempfile
import unittest
from pathlib import Path

from rig import suite_table
from rig.suite_table import Row, judge, missing

HEAD = "suite\ttest\tcorelog\tkafka\treason\n"
ROW = Row("librdkafka", "0103_transactions", "FAIL", "PASS", "transactions")
KEY = (ROW.suite, ROW.test)


def read(text):
    """The table as read from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suites.tsv"
        path.write_text(text)
        return suite_table.read(path)


class ReadTest(unittest.TestCase):
    """What the table may hold."""

    def test_rows_are_found_by_suite_and_test(self):
        rows = read(f"{HEAD}librdkafka\t0103_transactions\tFAIL\tPASS\ttransactions\n")
        self.assertEqual({KEY: ROW}, rows)

    def refuse(self, text, why):
        with self.assertRaisesRegex(ValueError, why):
            read(text)

    def test_a_reason_that_is_empty_is_refused(self):
        self.refuse(f"{HEAD}a\tb\tFAIL\tPASS\t \n", "2: a b has no reason")

    def test_a_row_that_passes_everywhere_is_refused(self):
        self.refuse(f"{HEAD}a\tb\tPASS\tPASS\twhy\n", "needs no row")

    def test_an_unknown_result_is_refused(self):
        self.refuse(f"{HEAD}a\tb\tPERHAPS\tPASS\twhy\n", "results are")

    def test_a_test_named_twice_is_refused(self):
        self.refuse(f"{HEAD}a\tb\tFAIL\tPASS\twhy\na\tb\tSKIP\tPASS\twhy\n", "3: a b stands here twice")

    def test_a_line_of_other_columns_is_refused(self):
        self.refuse(f"{HEAD}a\tb\tFAIL\n", "3 columns")

    def test_a_file_without_the_head_is_refused(self):
        self.refuse("a\tb\tFAIL\tPASS\twhy\n", "first line")

    def test_the_committed_table_can_be_read(self):
        self.assertTrue(suite_table.read(Path(__file__).with_name("suites.tsv")))


class JudgeTest(unittest.TestCase):
    """Which results pass."""

    def test_what_the_table_does_not_name_has_to_pass(self):
        self.assertEqual((True, ""), judge(None, "corelog", "PASS"))
        self.assertFalse(judge(None, "corelog", "FAIL")[0])
        self.assertFalse(judge(None, "kafka", "SKIP")[0])

    def test_a_failure_in_the_table_passes_and_names_kafkas_result(self):
        ok, why = judge(ROW, "corelog", "FAIL")
        self.assertTrue(ok)
        self.assertIn("Apache Kafka PASS: transactions", why)

    def test_each_broker_has_its_own_column(self):
        self.assertEqual((True, ""), judge(ROW, "kafka", "PASS"))
        self.assertFalse(judge(ROW, "kafka", "FAIL")[0])

    def test_a_row_whose_test_passes_now_fails(self):
        ok, why = judge(ROW, "corelog", "PASS")
        self.assertFalse(ok)
        self.assertIn("passes now", why)

    def test_a_skip_is_not_a_failure_that_was_allowed(self):
        self.assertFalse(judge(ROW, "corelog", "SKIP")[0])

    def test_a_row_without_a_test_is_found_where_its_suite_ran(self):
        rows = {KEY: ROW}
        self.assertEqual([KEY], missing(rows, {("librdkafka", "0001_multiobj")}))
        self.assertEqual([], missing(rows, {KEY}))
        self.assertEqual([], missing(rows, {("franz-go", "TestPing")}))


if __name__ == "__main__":
    unittest.main()
