"""What the libraries' own test programs print has to be read for what it is."""

import unittest

from rig import suite_franz, suite_librdkafka

SUMMARY = "|\x1b[32m 0002_two                  |     PASSED |   1.081s \x1b[0m|\n"
SOURCE = """
static void do_test_inner(void) {
        SUB_TEST_QUICK();
}
static void
do_test_wrapped(int a,
                int b) {
        SUB_TEST("of %d", a);
}
static void do_test_of_another(void) {
        SUB_TEST();
}
static void do_all(void) {
        do_test_wrapped(1, 2);
        do_test_inner();
}
int main_0002_two(int argc, char **argv) {
        do_all();
        return 0;
}
"""


def outcomes(results):
    """Outcomes by test."""
    return {one.test: one.outcome for one in results}


class LibrdkafkaTest(unittest.TestCase):
    """The runner's output and its source."""

    def test_a_test_is_what_the_summary_says(self):
        told = SUMMARY + "| 0002_other | SKIPPED | 0.000s | | 0002\n| 0002_third | FAILED | 3.1s |\n"
        found = suite_librdkafka.results(["0002_two", "0002_other", "0002_third"], "", told)
        self.assertEqual({"0002_two": "PASS", "0002_other": "SKIP", "0002_third": "FAIL"}, outcomes(found))

    def test_a_test_without_a_summary_died(self):
        self.assertEqual({"0002_two": "FAIL"}, outcomes(suite_librdkafka.results(["0002_two"], "", "killed")))

    def test_a_part_that_did_not_run_is_no_pass(self):
        ran = "[ do_test_inner:3: PASS (0.01s) ]\n" + SUMMARY
        name = ["0002_two/do_test_inner"]
        self.assertEqual({name[0]: "PASS"}, outcomes(suite_librdkafka.results(name, "do_test_inner", ran)))
        self.assertEqual({name[0]: "SKIP"}, outcomes(suite_librdkafka.results(name, "do_test_inner", SUMMARY)))

    def test_a_failure_is_told_with_its_first_line(self):
        told = '\x1b[31m### Test "0002_two" failed at a.c:1:f(): ###\nno such topic\n| 0002_two | FAILED | 3.1s |'
        self.assertEqual("no such topic", suite_librdkafka.results(["0002_two"], "", told)[0].figure)

    def test_parts_are_those_that_the_test_reaches(self):
        self.assertEqual(["do_test_inner", "do_test_wrapped"], suite_librdkafka.parts("0002_two", SOURCE))


class FranzTest(unittest.TestCase):
    """The output of `go test -v`."""

    def read(self, output):
        return outcomes(suite_franz.results("TestA", output))

    def test_a_test_without_subtests_is_itself(self):
        self.assertEqual({"TestA": "PASS"}, self.read("=== RUN   TestA\n--- PASS: TestA (0.05s)\nPASS\n"))

    def test_subtests_stand_for_their_test(self):
        told = "--- FAIL: TestA (1s)\n    --- PASS: TestA/range (1.00s)\n    --- FAIL: TestA/range/848 (0.10s)\n"
        self.assertEqual({"TestA/range": "PASS", "TestA/range/848": "FAIL"}, self.read(told))

    def test_a_failure_of_the_test_itself_is_not_lost_beside_good_subtests(self):
        told = "--- FAIL: TestA (1.00s)\n    --- PASS: TestA/b (1.00s)\n"
        self.assertEqual({"TestA/b": "PASS", "TestA": "FAIL"}, self.read(told))

    def test_a_panic_is_a_failure(self):
        found = suite_franz.results("TestA", "=== RUN   TestA\npanic: test timed out after 1s\n")
        self.assertEqual([("TestA", "FAIL", "panic: test timed out after 1s")],
                         [(one.test, one.outcome, one.figure) for one in found])

    def test_the_companion_of_a_test_is_not_counted(self):
        self.assertEqual({"TestA": "SKIP"}, self.read("--- PASS: TestB (0.1s)\n--- SKIP: TestA (0.00s)\n"))


if __name__ == "__main__":
    unittest.main()
