"""The list `durability`: whatever happens to the broker, an acknowledged record is there, once, in order.

Part one is `kill -9` at random moments under load, during recovery too. The others are accidents of their own kind
over the same load (rig.load) and the same checker (rig.history); `--only durability/power` runs one part.
"""

import random
import time
import traceback

from rig import broker, damage, faults, load, places, power, stall
from rig.history import check

KILLED_WHILE_STARTING = 0.2  # share of the rounds
RUN_SECONDS = (0.2, 2.0)  # between ready and kill
START_SECONDS = (0.0, 0.6)  # between start and kill
# Kafka's controller waits for the session of the broker that was killed before it lets it come back.
OVERRIDES = {"broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500}


def run(options, report):
    """All parts, or the one that --only names. A part that cannot run is a failed item."""
    for name, part in PARTS.items():
        if not f"durability/{name}".startswith(options.only[: len(f"durability/{name}")]):
            continue
        try:
            part(options, report)
        except Exception as error:
            traceback.print_exc()
            report.item(f"durability/{name}", False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()


def kills(options, report):
    """kill -9, round after round; then everything is read and compared with what was acknowledged."""
    folder = places.fresh("durability-kill")
    rng = random.Random(options.seed)
    node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
    node.start()
    work = load.Load(node.bootstrap, folder)
    try:
        starts = kill_rounds(node, 5 if options.quick else options.rounds, rng)
        time.sleep(2)
        sends, watched = work.stop()
    except BaseException:
        work.abandon()
        raise
    acked = sum(send.kind == "ok" for send in sends)
    report.item("durability/kill/rounds", starts and acked, f"{len(starts)} restarts, slowest {max(starts):.1f} s, "
                f"{len(sends)} records sent, {acked} acknowledged")
    judge("durability/kill", check(sends, load.drain(node.bootstrap, folder), watched), report)
    code = node.stop()
    report.item("durability/kill/clean stop", code == 0, f"exit {code}")


def kill_rounds(node, rounds, rng):
    """Kills and restarts; returns the seconds of each start."""
    starts = []
    for _ in range(rounds):
        time.sleep(rng.uniform(*RUN_SECONDS))
        node.kill()
        if rng.random() < KILLED_WHILE_STARTING:
            node.start(wait=False)
            time.sleep(rng.uniform(*START_SECONDS))
            node.kill()
        starts.append(node.start())
    return starts


def judge(name, verdict, report):
    """One item per anomaly."""
    for anomaly, found in verdict.rows():
        report.item(f"{name}/{anomaly}", not found, len(found))
        for text in found[:5]:
            report.note(text)


PARTS = {"kill": kills, "power": power.run, "faults": faults.run, "stall": stall.run, "damage": damage.run}
