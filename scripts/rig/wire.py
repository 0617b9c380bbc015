"""The list `wire`: the protocol byte by byte, memory under promises, two cores, stalled flushes, 1 GB of fetches.

Needs root: it mounts a loop device, freezes a file system, and drops the machine's page cache.
"""

import os
import traceback

from rig import broker, frozen, hot, indexes, places, promises, spans, traps


def run(options, report):
    """All parts; one that cannot run is a failed item."""
    folder = places.fresh("wire")
    parts = {"wire/traps": run_traps}
    if options.broker == "corelog":
        parts |= {"wire/two cores": spans.run, "wire/stalled flush": frozen.run, "wire/1 GB": hot.run,
                  "wire/stalled connections": promises.run}
    if os.geteuid() != 0:
        report.item("wire/root", False, "this list needs root: loop devices, fsfreeze, drop_caches")
    for name, part in parts.items():
        if options.only and options.only not in name:
            continue
        try:
            part(folder / name.partition("/")[2].replace(" ", "-"), options, report)
        except Exception as error:  # the other parts still run
            traceback.print_exc()
            report.item(name, False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()


def run_traps(folder, options, report):
    """The traps on the wire, then those in the files."""
    node = broker.under_test(folder, options)
    node.start()
    traps.run(node, report, kafka=options.broker == "kafka")
    indexes.write(node)
    code = node.stop()
    report.item("wire/traps: clean stop", code == 0, f"exit {code}")
    indexes.judge(node, report)
