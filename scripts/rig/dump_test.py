"""The one fault of kafka-dump-log.sh is left out, and nothing else."""

import unittest

from rig.dump import real_complaints

SEGMENT = "Non-consecutive offsets in /d/t-0/00000000000000003681.log"


class DumpTest(unittest.TestCase):
    """Lines as the tool writes them to standard error."""

    def test_the_time_before_the_first_record_is_no_complaint(self):
        self.assertEqual([], real_complaints([SEGMENT, "  -1 is followed by 3681", ""]))

    def test_a_gap_is_a_complaint(self):
        found = real_complaints([SEGMENT, "  -1 is followed by 3681", "  3690 is followed by 3692"])
        self.assertEqual([f"{SEGMENT}: 3690 is followed by 3692"], found)
        found = real_complaints([SEGMENT, "  -1 is followed by 4000"])
        self.assertEqual([f"{SEGMENT}: -1 is followed by 4000"], found)

    def test_any_other_line_is_a_complaint(self):
        line = "Found timestamp mismatch in :/d/t-0/00000000000000000000.timeindex"
        self.assertEqual([line], real_complaints([line]))
        self.assertEqual([line], real_complaints([SEGMENT, "  -1 is followed by 3681", line]))
