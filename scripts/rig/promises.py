"""Connections that promise 100 MiB each, send a little, and stall: memory stays in the budget, clients are served.

Two strengths: a few KiB of each frame, and as much as the broker takes against the smallest budget there is.
"""

import select
import struct
import time

from rig import broker
from rig.batches import batch
from rig.pings import quantile
from rig.raw import METADATA, Closed, Link
from rig.requests import create, fetch, produce

CONNECTIONS, PROMISED = 500, 100 << 20
MIB = 1 << 20
# A frame is cut at a deadline: this long after its last byte at the latest.
CUT_SECONDS_MAX = 45


def run(folder, options, report):
    """Both strengths."""
    stalled(folder / "few", options, report, "8 KiB each", 8 << 10, 128 * MIB)
    stalled(folder / "many", options, report, "256 KiB each", 256 << 10, 16 * MIB)


def resident(node, name="VmRSS"):
    """Bytes of memory of the process now, or at its peak (`VmHWM`)."""
    with open(f"/proc/{node.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(name + ":"))


def stalled(folder, options, report, name, sent, budget):
    """All connections are open and idle when the base is taken; then all of them promise."""
    node = broker.under_test(folder, options, overrides={"corelog.memory.budget.bytes": budget})
    node.start()
    client = Link(node.port, timeout=60)
    create(client, "normal")
    laps = [lap(client) for _ in range(20)]
    links = [Link(node.port) for _ in range(CONNECTIONS)]
    time.sleep(0.3)
    base = resident(node)
    taken = promise(links, sent)
    began, open_links, cut = time.monotonic(), {one.socket: one for one in links}, []
    laps.clear()
    while open_links and time.monotonic() - began < CUT_SECONDS_MAX + 5:
        laps.append(lap(client))
        for one in select.select(list(open_links), [], [], 0.02)[0]:
            del open_links[one]
            cut.append(time.monotonic() - began)
    peak = resident(node, "VmHWM")
    report.item(f"wire/stalled, {name}: memory", peak <= base + budget,
                f"{peak / MIB:.1f} MiB at its peak, {base / MIB:.1f} before, budget {budget / MIB:.0f}; "
                f"{taken / MIB:.1f} MiB taken by sockets")
    report.item(f"wire/stalled, {name}: cut", len(cut) == CONNECTIONS and max(cut) <= CUT_SECONDS_MAX,
                f"{len(cut)} of {CONNECTIONS} cut, after {min(cut, default=0):.0f} to {max(cut, default=0):.0f} s")
    # Where the frames fit into the budget nobody waits; beyond it one deadline is the worst that may happen.
    worst = 1.0 if CONNECTIONS * sent * 2 < budget else CUT_SECONDS_MAX
    report.item(f"wire/stalled, {name}: a normal client", laps and max(laps) <= worst,
                f"{len(laps)} rounds of produce and fetch, p50 {quantile(laps, 0.5) * 1000:.0f} ms, "
                f"max {max(laps) * 1000:.0f} ms")
    for one in links:
        one.socket.close()
    client.socket.close()
    node.stop()


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
