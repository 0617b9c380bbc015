"""DeleteRecords on the wire: how far it may go, what readers get after it, and that it stays done."""

from rig.batches import assemble, batch, now_ms, record
from rig.raw import DELETE_RECORDS, Body, Link
from rig.requests import create_served, fetch, offset_at, produce

OUT_OF_RANGE, UNKNOWN, INVALID_TOPIC, POLICY = 1, 3, 17, 44
EARLIEST, LATEST = -2, -1


def delete(link, topic, before, version=2, partition=0, timeout_ms=10_000):
    """One partition: low watermark and error."""
    body = Body(DELETE_RECORDS, version).array(1).text(topic).array(1).put("iq", partition, before).end().end()
    reply = link.ask(DELETE_RECORDS, version, body.put("i", timeout_ms).end().bytes())
    reply.get("i")
    if (reply.array(), reply.text(), reply.array(), reply.get("i")) != (1, topic, 1, partition):
        raise ValueError("not this partition in the answer")
    told = reply.get("qh")
    reply.end(), reply.end(), reply.end()
    reply.done()
    return told


def filled(link, topic, **configs):
    """A topic with three batches of four records, which have keys."""
    create_served(link, topic, **configs)
    for _ in range(3):
        records = b"".join(record(at, 0, b"value", b"key") for at in range(4))
        produce(link, topic, assemble(records, 4, (now_ms(),) * 2))


def limits(node, checks):
    """Up to the high watermark, in every version; readers below are out of range."""
    with Link(node.port) as link:
        filled(link, "deleted")
        _, _, everything = fetch(link, "deleted")
        for version, before in enumerate((1, 4, 5)):
            checks.same(f"version {version}", delete(link, "deleted", before, version), (before, 0))
        checks.same("earliest", offset_at(link, "deleted", EARLIEST), (0, -1, 5))
        checks.same("latest", offset_at(link, "deleted", LATEST), (0, -1, 12))
        checks.same("read below", fetch(link, "deleted", offset=4)[0], OUT_OF_RANGE)
        rest = everything[len(everything) // 3 :]
        checks.same("read from the start on", fetch(link, "deleted", offset=5), (0, 12, rest))
        checks.same("less again", delete(link, "deleted", 2), (5, 0))
        checks.same("without a timeout", delete(link, "deleted", 6, timeout_ms=0), (6, 0))
        for before in (13, -2, 1 << 62):
            checks.same(f"up to {before}", delete(link, "deleted", before), (-1, OUT_OF_RANGE))
        checks.same("to the high watermark", delete(link, "deleted", -1), (12, 0))
        checks.same("nothing is left", fetch(link, "deleted", offset=12), (0, 12, b""))
        checks.same("offsets go on", produce(link, "deleted", batch([b"value"])), (0, 12))


def refused(node, checks):
    """Topics that do not exist, are the broker's own, or are only compacted."""
    with Link(node.port) as link:
        checks.same("no such topic", delete(link, "nowhere", 0), (-1, UNKNOWN))
        for policy, told in {"compact": (-1, POLICY), "compact,delete": (2, 0), "delete": (2, 0)}.items():
            topic = "policy-" + policy.replace(",", "-")
            filled(link, topic, cleanup_policy=policy)
            checks.same(policy, delete(link, topic, 2), told)
        checks.same("no such partition", delete(link, "policy-delete", 0, partition=7), (-1, UNKNOWN))
        create_served(link, "__share_group_state")
        checks.same("the broker's own", delete(link, "__share_group_state", 0), (-1, INVALID_TOPIC))


def durable(node, checks):
    """What was answered holds after kill -9. Apache Kafka promises it only after a minute."""
    with Link(node.port) as link:
        filled(link, "stays-deleted")
    for before, start in ((3, 3), (5, 5), (-1, 12)):
        with Link(node.port) as link:
            checks.same(f"up to {before}", delete(link, "stays-deleted", before), (start, 0))
        node.kill()
        node.start()
        with Link(node.port) as link:
            checks.same(f"start after {before}", offset_at(link, "stays-deleted", EARLIEST), (0, -1, start))
            checks.same(f"end after {before}", offset_at(link, "stays-deleted", LATEST), (0, -1, 12))


ITEMS = {"deleted records, limits": limits, "deleted records, refusals": refused,
         "deleted records, kill -9": durable}
