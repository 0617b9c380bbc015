"""Which time counts as the machine's."""

import os
import unittest

from rig.still import Still, common, within


class StillTest(unittest.TestCase):
    def test_only_what_all_cpus_missed_together_counts(self):
        self.assertEqual(common([(1, 4), (6, 7)], [(0, 2), (3, 5), (7, 9)]), [(1, 2), (3, 4)])

    def test_a_request_is_given_back_only_its_share(self):
        self.assertEqual(within(2, 6, [(1, 3), (5, 5.5), (6, 9)]), 1.5)
        self.assertEqual(within(2, 6, []), 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root may take the highest priority")
    def test_a_watched_cpu_tells_spans_in_order(self):
        with Still(sorted(os.sched_getaffinity(0))[:1]) as still:
            spans = still.stop()
        self.assertEqual(spans, sorted(spans))


if __name__ == "__main__":
    unittest.main()
