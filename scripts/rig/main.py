"""The command line of scripts/acceptance: which lists, against which broker."""

import argparse
import signal
import traceback

from rig import (applications, broker, clients, compaction, compare, durability, formats, group_durability, group_tools,
                 groups, metrics, packaging, places, recovery, scale, suites, tune, wire)
from rig.report import Report

LISTS = {
    "clients": clients.run,
    "formats": formats.run,
    "durability": durability.run,
    "recovery": recovery.run,
    "wire": wire.run,
    "compare": compare.run,
    "applications": applications.run,
    "compaction": compaction.run,
    "groups": groups.run,
    "group-tools": group_tools.run,
    "group-durability": group_durability.run,
    "scale": scale.run,
    "client-suites": suites.run,
    "tune": tune.run,
    "metrics": metrics.run,
    "packaging": packaging.run,
}


def run(arguments):
    """Runs the lists that were named; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/acceptance", description="The long lists, against real clients.")
    parser.add_argument("names", nargs="+", metavar="NAME", choices=[*LISTS, "all"], help=", ".join([*LISTS, "all"]))
    parser.add_argument("--broker", choices=sorted(broker.KINDS), default="corelog", help="what is under test")
    parser.add_argument("--binary", default=str(places.ROOT / "target/release/corelog"), help="the corelog command")
    parser.add_argument("--only", default="", help="only items whose name contains this")
    parser.add_argument("--quick", action="store_true", help="a few minutes' subset")
    parser.add_argument("--rounds", type=int, default=50, help="rounds of kill -9 (durability)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kill -9 (durability)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    places.raise_file_limit()
    report = Report()
    for name in LISTS if "all" in options.names else options.names:
        try:
            LISTS[name](options, report)
        except Exception as error:  # a list that cannot run is a failed item, not a skipped one
            traceback.print_exc()
            report.item(name, False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()
        panics = broker.panics()
        report.item(f"{name}/no panic", not panics, f"{len(panics)} panics")
        for text in panics[:5]:
            report.note(text)
    return report.end()
