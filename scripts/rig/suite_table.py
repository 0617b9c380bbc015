"""The committed table of `client-suites`: which of the libraries' own tests may fail, beside Apache Kafka's own result.

A row is suite, test, the result that is allowed on Corelog, Apache Kafka's result as it was seen, and the reason.
A test without a row has to pass on both. Nothing here runs anything.
"""

from dataclasses import dataclass

COLUMNS = ["suite", "test", "corelog", "kafka", "reason"]
OUTCOMES = ("PASS", "FAIL", "SKIP")


@dataclass(frozen=True)
class Row:
    """One test that does not pass everywhere. The fields are the columns."""

    suite: str
    test: str
    corelog: str
    kafka: str
    reason: str

    def expected(self, kind):
        """What the table says of a broker, `corelog` or `kafka`."""
        return self.corelog if kind == "corelog" else self.kafka


def read(path):
    """The rows by (suite, test); raises ValueError when the table breaks its own rules."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0].split("\t") != COLUMNS:
        raise ValueError(f"{path.name}: the first line is not {' '.join(COLUMNS)}")
    rows, faults = {}, []
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        fault = _fault(fields, rows)
        if fault:
            faults.append(f"{path.name}:{number}: {fault}")
        else:
            rows[tuple(fields[:2])] = Row(*fields)
    if faults:
        raise ValueError("; ".join(faults))
    return rows


def _fault(fields, rows):
    if len(fields) != len(COLUMNS):
        return f"{len(fields)} columns"
    suite, test, corelog, kafka, reason = fields
    if (suite, test) in rows:
        return f"{suite} {test} stands here twice"
    if corelog not in OUTCOMES or kafka not in OUTCOMES:
        return f"results are {', '.join(OUTCOMES)}"
    if corelog == kafka == "PASS":
        return f"{suite} {test} passes on both and needs no row"
    return "" if reason.strip() else f"{suite} {test} has no reason"


def judge(row, kind, outcome):
    """Whether a result is what the table allows (`row` is None for a test it does not name), and why in words."""
    expected = row.expected(kind) if row else "PASS"
    if outcome == expected:
        if outcome == "PASS":
            return True, ""
        other = "" if kind == "kafka" else f", Apache Kafka {row.kafka}"
        return True, f"{outcome} as the table says{other}: {row.reason}"
    if outcome == "PASS":
        return False, f"passes now, the table says {expected}: correct the row"
    return False, outcome if row is None else f"{outcome}, the table says {expected}"


def missing(rows, ran):
    """Rows whose test did not run, of the suites that did; `ran` holds (suite, test)."""
    suites = {suite for suite, _ in ran}
    return [key for key in rows if key[0] in suites and key not in ran]
