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

    def test_a_gap_is_none_where_compaction_made_it_but_a_step_back_is(self):
        lines = [SEGMENT, "  -1 is followed by 3690", "  3690 is followed by 3692", "  3692 is followed by 3691"]
        self.assertEqual([f"{SEGMENT}: 3692 is followed by 3691"], real_complaints(lines, holes=True))

    def test_the_time_of_a_batch_that_compaction_emptied_is_no_complaint_and_another_time_is(self):
        line = "Found timestamp mismatch in :/d/t-0/00000000000000000000.timeindex"
        empty, wrong = (f"  Index timestamp: 17, log timestamp: {time}" for time in (-1, 16))
        self.assertEqual([], real_complaints([line, empty, empty], holes=True))
        self.assertEqual([f"{line} {wrong.strip()}"], real_complaints([line, empty, wrong], holes=True))
        self.assertEqual([line, empty], real_complaints([line, empty]))

    def test_any_other_line_is_a_complaint(self):
        line = "Found timestamp mismatch in :/d/t-0/00000000000000000000.timeindex"
        self.assertEqual([line], real_complaints([line]))
        self.assertEqual([line], real_complaints([SEGMENT, "  -1 is followed by 3681", line]))
