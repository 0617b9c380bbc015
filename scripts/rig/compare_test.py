"""Judging what `corelog-bench compare` kept."""

import copy
import unittest

from rig import compare

GOOD = {
    "corelog": {"d2 large batches, 1: MB/s": [700, 600], "d2 large batches, 16: MB/s": [700, 700],
                "d2 large batches, 1: CPU s/GB": [1, 1], "tail MB/s": [1800, 1700],
                "acks per sync, 1 in flight": [1, 1], "acks per sync, 8 in flight": [4, 4],
                "acks per sync, 64 in flight": [20, 18], "RSS idle MiB": [20, 20], "RSS loaded MiB": [90, 95],
                "idle CPU alone %": [0.1, 0.2], "recovery s, 1 GB": [0.1], "recovery s, 10 GB": [0.25]},
    "kafka": {"d2 large batches, 1: MB/s": [220, 230], "d2 large batches, 16: MB/s": [200, 200],
              "d1 large batches, 1: MB/s": [300, 310], "d1 large batches, 1: CPU s/GB": [4, 4],
              "tail MB/s": [800, 900], "recovery s, 1 GB": [6], "recovery s, 10 GB": [20]},
}


class Seen:
    """A report that remembers."""

    def __init__(self):
        self.items, self.notes = {}, []

    def item(self, name, good, figure):
        self.items[name.removeprefix("compare: ")] = (good, figure)
        return good

    def note(self, text):
        self.notes.append(text)


def judged(change=lambda kept: None, quick=False):
    """What the report saw of good figures after a change."""
    row = {"row": 1, "title": "durable produce", "profile": "profiles/04.txt",
           "targets": [["2.1x (>= 2x of the best peer)", True], ["0.5x (>= 0.8x of the limit)", False]]}
    kept = {"figures": {"failures": [], "values": copy.deepcopy(GOOD)}, "free_mb": [180, 170],
            "proofs": [["corelog, D2: flushes 2.0", True]], "tables": [{"title": "D2", "rows": [row]}],
            "profiles": {"tail MB/s": "profiles/09.txt"}}
    change(kept)
    seen = Seen()
    compare.judge(kept, seen, quick)
    return seen


class CompareTest(unittest.TestCase):
    def test_good_figures_pass(self):
        seen = judged()
        self.assertEqual([name for name, (good, _) in seen.items.items() if not good], [])
        self.assertEqual(seen.items["restart after a kill / Kafka"][1],
                         "1/80 [80..80], recovery s, 10 GB: 0.250 [0.250..0.250] beside 20.0 [20.0..20.0] (target <= 1/50)")
        self.assertIn("row 1, durable produce: 0.5x (>= 0.8x of the limit): missed, profiles/04.txt", seen.notes)

    def test_a_missed_floor_fails_and_names_its_profile(self):
        def slow(kept):
            kept["figures"]["values"]["corelog"]["tail MB/s"] = [900, 900]
        seen = judged(slow)
        self.assertEqual(seen.items["consume / Kafka"], (False, "1.06 [1.00..1.12] (target >= 1.2)"))
        self.assertIn("profile: profiles/09.txt", seen.notes)

    def test_what_is_missing_fails(self):
        for broker, name in [(broker, name) for broker in GOOD for name in GOOD[broker] if not name.startswith("recovery")]:
            def forget(kept):
                del kept["figures"]["values"][broker][name]
            failed = [one for one, (good, _) in judged(forget).items.items() if not good]
            self.assertTrue(failed, (broker, name))

    def test_steps_classes_and_the_page_cache_count(self):
        changes = {"every step was taken": lambda kept: kept["figures"]["failures"].append("tail fetch: refused"),
                   "durability class of corelog, D2": lambda kept: kept.update(proofs=[["corelog, D2: flushes 0", None]]),
                   "page cache full before each turn": lambda kept: kept.update(free_mb=[100, 5000])}
        for name, change in changes.items():
            self.assertFalse(judged(change).items[name][0], name)
        self.assertNotIn("page cache full before each turn", judged(quick=True).items)


if __name__ == "__main__":
    unittest.main()
