"""The list `group-durability`: what a coordinator has answered is there after a kill and after a power cut."""

import random
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from rig import broker, group_power, group_steps, places
from rig.group_requests import coordinate
from rig.groups import OVERRIDES
from rig.group_steps import STEPS, TOPIC, Walk
from rig.raw import Link
from rig.requests import create_served

ROUNDS = 6  # kills with requests in flight; one more with all of them answered
IN_FLIGHT_SECONDS = (0.0, 0.02)


def run(options, report):
    """Both parts; one that cannot run is a failed item."""
    for name, part in {"steps": steps, "power": group_power.run}.items():
        if not f"group-durability/{name}".startswith(options.only[: len(f"group-durability/{name}")]):
            continue
        try:
            part(options, report)
        except Exception as error:
            traceback.print_exc()
            report.item(f"group-durability/{name}", False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()


def steps(options, report):
    """A group per step and round; all are killed together."""
    folder, rng = places.fresh("group-durability"), random.Random(options.seed)
    node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
    node.start()
    with Link(node.port) as link:
        topic_id = create_served(link, TOPIC)
        coordinate(link)
    found = {}  # (protocol, step, answered) -> texts per walk
    for number in range(3 if options.quick else ROUNDS + 1):
        walks = [Walk(protocol, step, number == 0, number, topic_id) for protocol, all_steps in STEPS.items()
                 for step in all_steps]
        with ThreadPoolExecutor(len(walks)) as pool:
            list(pool.map(lambda walk: walk.go(node.port), walks))
            list(pool.map(Walk.end, walks))  # at the same time, so that many are on their way
            if number:
                time.sleep(rng.uniform(*IN_FLIGHT_SECONDS))
            node.kill()
            for walk in walks:
                walk.close()
            node.start()
            for walk, texts in zip(walks, pool.map(lambda walk: group_steps.judge(walk, node.port), walks)):
                found.setdefault((walk.protocol, walk.stop, walk.answered), []).append(texts)
    for (protocol, step, answered), rounds in found.items():
        texts = [text for one in rounds for text in one]
        how = "answered" if answered else "sent"
        report.item(f"group-durability/killed when {protocol} {step} was {how}", not texts,
                    f"{len(rounds)} kills {'; '.join(texts[:2])}".strip())
    code = node.stop()
    report.item("group-durability/broker stops", code == 0, f"exit {code}")

