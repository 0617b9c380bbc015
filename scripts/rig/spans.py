"""Requests that span cores: both append, both serve, and a request costs one message per other owner core.

Counters are only told at the end of a life, so each kind of request gets a life of its own, and one life without
any shows what a life costs by itself.
"""

import re
from pathlib import Path

from rig import broker, counters
from rig.batches import batch
from rig.raw import FETCH, PRODUCE, Link
from rig.requests import Want, create, fetch_body, metadata, produce_body, read_fetch, read_produce

CORES, PARTITIONS, LINKS, ROUNDS = 2, 4, 16, 10
REQUESTS = LINKS * ROUNDS
NODE = {"corelog.cpus": "0,1", "corelog.pin": "true"}


def run(folder, options, report):
    """Four lives: the topic, nothing, produces, fetches."""
    node = broker.under_test(folder, options, overrides=NODE)
    sent = batch([bytes(1000)] * 10)
    node.start()
    pinned(node, report)
    with Link(node.port) as link:
        create(link, "spanning", partitions=PARTITIONS)
        create(link, "warm", partitions=PARTITIONS)
    life(node)
    node.start()
    idle = life(node, all_links=lambda link: metadata(link, "spanning"))
    node.start()
    produced = life(node, all_links=lambda link: produce_all(link, sent))
    node.start()
    fetched = life(node, all_links=lambda link: fetch_all(link, sent))
    judge(report, sent, idle, produced, fetched)


def pinned(node, report):
    """Each core's thread may run on one CPU, and no two on the same."""
    found = {}
    for task in Path(f"/proc/{node.pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        cpus = re.search(r"Cpus_allowed_list:\s*(\S+)", (task / "status").read_text()).group(1)
        if name.startswith("core-"):
            found[name] = cpus
    report.item("wire/two cores: pinned", sorted(found.values()) == ["0", "1"],
                ", ".join(f"{name} on {cpus}" for name, cpus in sorted(found.items())))


def life(node, all_links=None):
    """Runs `all_links` on many connections, which the kernel spreads over the cores; stops; tells the counters."""
    if all_links:
        links = [Link(node.port) for _ in range(LINKS)]
        for link in links:
            all_links(link)
        for link in links:
            link.socket.close()
    if node.stop() != 0:
        raise RuntimeError("the broker did not stop cleanly")
    return counters.of_last_life(node)


def produce_all(link, sent):
    """Produces to every partition in one request, a few times."""
    for _ in range(ROUNDS):
        body = produce_body(9, "spanning", dict.fromkeys(range(PARTITIONS), sent))
        answers = read_produce(link.ask(PRODUCE, 9, body), 9)
        if sorted(answers) != list(range(PARTITIONS)) or any(error for error, *_ in answers.values()):
            raise ValueError(f"produce: {answers}")


def fetch_all(link, sent):
    """Fetches from every partition in one request, a few times."""
    for _ in range(ROUNDS):
        want = Want(max_bytes=len(sent), all_bytes=len(sent) * PARTITIONS, min_bytes=1, wait_ms=1000)
        body = fetch_body(12, "spanning", range(PARTITIONS), want)
        answers = read_fetch(link.ask(FETCH, 12, body), 12)
        if [len(answers[one][2]) for one in range(PARTITIONS)] != [len(sent)] * PARTITIONS:
            raise ValueError(f"fetch: {[(one[0], len(one[2])) for one in answers.values()]}")


def judge(report, sent, idle, produced, fetched):
    """What the four lives counted."""
    bytes_sent = len(sent) * PARTITIONS * REQUESTS
    appended = {core: one["bytes_appended"] for core, one in produced.items()}
    report.item("wire/two cores: both append", sorted(appended) == [0, 1] and
                set(appended.values()) == {bytes_sent // CORES}, f"{appended} of {bytes_sent} bytes")
    served = {core: one["bytes_sent_sendfile"] + one["bytes_sent_memory"] for core, one in fetched.items()}
    report.item("wire/two cores: both serve", min(served.values()) >= len(sent) * PARTITIONS and
                sum(served.values()) >= bytes_sent, f"{served} for {bytes_sent} bytes of records")
    for name, counted in (("produce", produced), ("fetch", fetched)):
        messages = counters.total(counted, "mesh_messages") - counters.total(idle, "mesh_messages")
        wanted = REQUESTS * (CORES - 1)
        report.item(f"wire/two cores: messages per {name}", messages == wanted,
                    f"{messages} for {REQUESTS} requests over {CORES} cores, {wanted} wanted (own core: none)")
    panics = sum(counters.total(one, "task_panics") for one in (idle, produced, fetched))
    report.item("wire/two cores: no task panicked", panics == 0, panics)
