"""What the list `scale` asks for, and no more than that."""

import unittest

from rig.scale import CONNECT, Figures, judge_connections, judge_groups


class Items:
    """Collects what was judged."""

    def __init__(self):
        self.failed = []

    def item(self, name, ok, _figure):
        if not ok:
            self.failed.append(name)


def figures(step, seconds, cpu, rss, right=True):
    return Figures({step: seconds}, {step: cpu}, {step: ""}, right, rss, rss)


def failed(judge, kafka, ours):
    items = Items()
    judge("x", {"kafka": kafka, "corelog": ours}, items)
    return items.failed


class ScaleTest(unittest.TestCase):
    """Figures of a step beside those of Kafka."""

    def test_groups_need_half_the_time_and_a_tenth_of_the_memory(self):
        kafka = figures("list", 10, 4, 1000)
        self.assertEqual([], failed(judge_groups, kafka, figures("list", 5, 2, 100)))
        wanted = ["x/list", "x/list CPU", "x/memory"]
        self.assertEqual(wanted, failed(judge_groups, kafka, figures("list", 5.1, 2.1, 101)))
        self.assertEqual(["x/list"], failed(judge_groups, kafka, figures("list", 1, 1, 1, right=False)))

    def test_commits_wait_for_flushes_and_need_two_thirds_of_the_time(self):
        kafka = figures("commits", 9, 4, 1000)
        self.assertEqual([], failed(judge_groups, kafka, figures("commits", 6, 2, 100)))
        self.assertEqual(["x/commits"], failed(judge_groups, kafka, figures("commits", 6.1, 2, 100)))

    def test_connections_need_two_seconds_and_answers_whatever_kafka_needs(self):
        kafka = figures(CONNECT, 2.1, 1, 400)
        self.assertEqual([], failed(judge_connections, kafka, figures(CONNECT, 2.0, 9, 399)))
        self.assertEqual(["x/connect"], failed(judge_connections, kafka, figures(CONNECT, 2.01, 0, 1)))
        self.assertEqual(["x/connect"], failed(judge_connections, kafka, figures(CONNECT, 1, 0, 1, right=False)))
