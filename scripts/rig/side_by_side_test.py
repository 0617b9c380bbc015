"""Reading what `corelog-bench compare` kept."""

import unittest

from rig import side_by_side


class Seen:
    """A report that remembers."""

    def __init__(self):
        self.items, self.notes = {}, []

    def item(self, name, good, _figure):
        self.items[name] = good

    def note(self, text):
        self.notes.append(text)


def kept(failures=(), proved=True):
    row = {"row": 1, "title": "durable produce", "targets": [["2.1x (>= 2x of the best peer)", True]]}
    return {"figures": {"failures": list(failures)}, "proofs": [["corelog, D2: flushes 2.0", proved]],
            "tables": [{"title": "D2", "rows": [row]}]}


class SideBySideTest(unittest.TestCase):
    def judged(self, results):
        seen = Seen()
        side_by_side.judge(results, seen)
        return seen

    def test_all_steps_and_proved_classes_are_good(self):
        seen = self.judged(kept())
        self.assertTrue(all(seen.items.values()))
        self.assertEqual(len(seen.items), 2)
        self.assertIn("row 1, durable produce: 2.1x (>= 2x of the best peer): met", seen.notes)

    def test_a_failed_step_and_an_unproved_class_are_not(self):
        for results in (kept(failures=["corelog: tail fetch: refused"]), kept(proved=False), kept(proved=None), None):
            self.assertFalse(all(self.judged(results).items.values()))


if __name__ == "__main__":
    unittest.main()
