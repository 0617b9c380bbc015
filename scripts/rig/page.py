"""The pages that a broker shows over HTTP: fetched, and the one of metrics read.

A page of metrics is a dict: (series, frozenset of label pairs) -> value.
"""

import re
import urllib.error
import urllib.request

LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def get(node, path, timeout=10):
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{node.http_port}{path}", timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def read(text):
    """The values of a page; a line that is none raises."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        matched = LINE.match(line)
        if not matched:
            raise ValueError(f"no sample: {line}")
        name, labels, value = matched.groups()
        key = name, frozenset(LABEL.findall(labels or ""))
        if key in found:
            raise ValueError(f"twice: {line}")
        found[key] = float(value)
    return found


def metrics(node):
    """The values of the page of metrics."""
    status, text = get(node, "/metrics")
    if status != 200:
        raise RuntimeError(f"/metrics: {status} {text[:200]}")
    return read(text)


def total(values, name, **labels):
    """The sum of a series over the labels that were not asked for."""
    wanted = set(labels.items())
    return sum(value for (series, found), value in values.items() if series == name and wanted <= found)
