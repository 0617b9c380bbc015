"""Connections that promise 100 MiB each, send a little, and stall: memory stays in the budget, clients are served.

Two strengths: a few KiB of each frame; and more than the smallest budget there is, so that memory has run out and a
normal client depends on what is taken back from those that stall.
"""

import select
import struct
import time
from contextlib import contextmanager

from rig import broker
from rig.batches import batch
from rig.pings import quantile
from rig.raw import METADATA, Closed, Link
from rig.requests import create, fetch, produce

CONNECTIONS, PROMISED = 500, 100 << 20
MIB = 1 << 20
# A frame of a few KiB is cut this long after its last byte at the latest.
CUT_SECONDS_MAX = 30
# How long a normal client may wait while there is memory, and while there is none.
LAP_SECONDS_MAX, SHORT_LAP_SECONDS_MAX = 1, 30


def run(folder, options, report):
    """Both strengths."""
    name = "wire/stalled, 8 KiB each"
    with scene(folder / "few", options, 128 * MIB) as (node, client, links):
        began = time.monotonic()
        memory(name, node, links, 8 << 10, report)
        laps, cut = watch(client, links, began, CUT_SECONDS_MAX + 5)
        report.item(f"{name}: cut", len(cut) == CONNECTIONS and max(cut) <= CUT_SECONDS_MAX,
                    f"{len(cut)} of {CONNECTIONS} cut, after {min(cut, default=0):.0f} to {max(cut, default=0):.0f} s")
        judge_laps(name, laps, LAP_SECONDS_MAX, report)
    name = "wire/stalled, 256 KiB each"
    with scene(folder / "many", options, 16 * MIB) as (node, client, links):
        began = time.monotonic()
        memory(name, node, links, 256 << 10, report)
        laps, _ = watch(client, links, began, SHORT_LAP_SECONDS_MAX)
        judge_laps(name, laps, SHORT_LAP_SECONDS_MAX, report)


@contextmanager
def scene(folder, options, budget):
    """A broker with this memory budget, a client that has been served, and idle connections."""
    node = broker.under_test(folder, options, overrides={"corelog.memory.budget.bytes": budget})
    node.budget = budget
    node.start()
    client = Link(node.port, timeout=SHORT_LAP_SECONDS_MAX)
    create(client, "normal")
    for _ in range(20):
        lap(client)
    links = [Link(node.port) for _ in range(CONNECTIONS)]
    try:
        yield node, client, links
    finally:
        for one in [client, *links]:
            one.socket.close()
        node.stop()


def resident(node, name="VmRSS"):
    """Bytes of memory of the process now, or at its peak (`VmHWM`)."""
    with open(f"/proc/{node.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(name + ":"))


def memory(name, node, links, sent, report):
    """The base is taken with all connections open and idle; the peak once all have promised and been read."""
    time.sleep(0.5)
    base = resident(node)
    taken = promise(links, sent)
    time.sleep(3)
    peak = resident(node, "VmHWM")
    report.item(f"{name}: memory", peak <= base + node.budget,
                f"{peak / MIB:.1f} MiB at its peak, {base / MIB:.1f} before, budget {node.budget / MIB:.0f}; "
                f"{taken / MIB:.1f} MiB taken by sockets")


def watch(client, links, began, seconds):
    """Laps of the normal client until all are cut or time is over; seconds of each lap, and of each cut."""
    waiting, laps, cut = {one.socket for one in links}, [], []
    while waiting and time.monotonic() - began < seconds:
        started = time.monotonic()
        try:
            laps.append(lap(client))
        except TimeoutError:
            laps.append(time.monotonic() - started)
            break
        for one in select.select(list(waiting), [], [], 0.02)[0]:
            waiting.remove(one)
            cut.append(time.monotonic() - began)
    return laps, cut


def judge_laps(name, laps, limit, report):
    """One item: how long the normal client waited."""
    report.item(f"{name}: a normal client", laps and max(laps) < limit,
                f"{len(laps)} rounds of produce and fetch, p50 {quantile(laps, 0.5) * 1000:.0f} ms, "
                f"max {max(laps) * 1000:.0f} ms")


def promise(links, sent):
    """Every connection sends the head of a large frame, and as much more as its socket takes at once."""
    head = struct.pack(">ihhih", PROMISED, METADATA, 1, 1, -1)
    taken = 0
    for one in links:
        one.socket.setblocking(False)
        try:
            taken += one.socket.send(head + bytes(sent - len(head)))
        except BlockingIOError:
            pass
        one.socket.setblocking(True)
    return taken


def lap(client):
    """Seconds of a produce and a fetch of what was produced."""
    started = time.monotonic()
    error, base = produce(client, "normal", batch([b"value"]))
    again, _, got = fetch(client, "normal", offset=base)
    if error or again or not got:
        raise Closed(f"errors {error} and {again}")
    return time.monotonic() - started
