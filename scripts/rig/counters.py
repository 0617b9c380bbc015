"""The counters of each core, from the lines that Corelog logs when it has stopped."""

import re

LINE = re.compile(r"core counters core=(\d+) counters=(.*)")


def of_last_life(node):
    """Counters by name, by core, of the life that ended last."""
    text = node.output.read_text(errors="replace")
    found = {}
    for core, pairs in LINE.findall(text[text.rfind("stopping") :]):
        found[int(core)] = {name: int(value) for name, value in (pair.split("=") for pair in pairs.split())}
    if not found:
        raise RuntimeError(f"no counters in the log: {node.tail()}")
    return found


def total(counters, *names):
    """The sum over all cores and names."""
    return sum(one[name] for one in counters.values() for name in names)
