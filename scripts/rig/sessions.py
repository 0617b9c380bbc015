"""Fetch sessions (KIP-227) on the wire: what each side leaves out, who is read first, and every way to disagree."""

import threading
import time

from rig.batches import batch
from rig.raw import FETCH, Body, Link
from rig.requests import create_served, produce

NAMES, IDS = 12, 13
UNKNOWN_TOPIC, NO_SESSION, WRONG_EPOCH, OTHER_NAMES = 3, 70, 71, 106


def body(version, session, read=(), forget=(), wait_ms=0, max_bytes=1 << 20):
    """Partition 0 of every topic in `read`, a mapping from name to offset."""
    sent = Body(FETCH, version).put("iiiib", -1, wait_ms, 1 if wait_ms else 0, max_bytes, 0).put("ii", *session)
    read = dict(read)
    sent.array(len(read))
    for topic, offset in read.items():
        sent.text(topic).array(1).put("iiqiqi", 0, -1, offset, -1, -1, 1 << 20).end().end()
    sent.array(len(forget))
    for topic in forget:
        sent.text(topic).array(1).put("i", 0).end()
    return sent.text("").end().bytes()


def answer(reply):
    """Error, session id, and (topic, error, bytes of records) of what is answered, in its order."""
    reply.get("i")
    error, session = reply.get("hi")
    told = []
    for _ in range(reply.array()):
        topic = reply.text()
        for _ in range(reply.array()):
            _, code, _, _, _ = reply.get("ihqqq")
            for _ in range(reply.array()):
                reply.get("qq"), reply.end()
            reply.get("i")
            told.append((topic, code, len(reply.bytes() or b"")))
            reply.end()
        reply.end()
    reply.end()
    reply.done()
    return error, session, told


def ask(link, *session, **wanted):
    return answer(link.ask(FETCH, NAMES, body(NAMES, session, **wanted)))


def opened(link, checks, read):
    """A session over these topics; its id."""
    error, session, told = ask(link, 0, 0, read=read)
    checks.same("a session is made", (error, session != 0, len(told)), (0, True, len(read)))
    return session


def changes(node, checks):
    """Only what has changed is answered; a fetch without news waits."""
    with Link(node.port) as link:
        for topic in ("changes-a", "changes-b"):
            create_served(link, topic)
        sent = batch([b"value"])
        session = opened(link, checks, {"changes-a": 0, "changes-b": 0})
        checks.same("nothing", ask(link, session, 1), (0, session, []))
        produce(link, "changes-b", sent)
        news = [("changes-b", 0, len(sent))]
        checks.same("records", ask(link, session, 2), (0, session, news))
        checks.same("until they are read", ask(link, session, 3), (0, session, news))
        checks.same("then nothing", ask(link, session, 4, read={"changes-b": 1}), (0, session, []))
        beyond = ask(link, session, 5, read={"changes-b": 7})
        checks.same("an error", beyond, (0, session, [("changes-b", 1, 0)]))
        checks.same("its end", ask(link, session, 6, read={"changes-b": 1}), (0, session, [("changes-b", 0, 0)]))
        began = time.monotonic()
        checks.same("a wait in vain", ask(link, session, 7, wait_ms=400), (0, session, []))
        checks.true("it was waited", time.monotonic() - began > 0.39)
        with Link(node.port) as other:
            threading.Timer(0.3, produce, (other, "changes-a", sent)).start()
            woken = ask(link, session, 8, wait_ms=15_000)
        checks.same("a wait that is woken", woken, (0, session, [("changes-a", 0, len(sent))]))


def errors(node, checks):
    """Unknown sessions, wrong epochs, names after ids; none of them harms the session."""
    with Link(node.port) as link:
        topic_id = create_served(link, "session-errors")
        session = opened(link, checks, {"session-errors": 0})
        for at, error in {(session ^ 1, 1): NO_SESSION, (0, 1): NO_SESSION, (session, 2): WRONG_EPOCH,
                          (session, -2): WRONG_EPOCH, (session, 2**31 - 1): WRONG_EPOCH}.items():
            checks.same(f"session and epoch {at}", ask(link, *at), (error, 0, []))
        by_id = link.ask(FETCH, IDS, body(IDS, (session, 1)))
        checks.same("ids in a session of names", answer(by_id), (OTHER_NAMES, 0, []))
        checks.same("it goes on", ask(link, session, 1), (0, session, []))
        full = Body(FETCH, IDS).put("iiiib", -1, 0, 0, 1 << 20, 0).put("ii", 0, 0).array(1).raw(topic_id.bytes)
        full.array(1).put("iiqiqi", 0, -1, 0, -1, -1, 1 << 20).end().end().array(0).text("").end()
        reply = link.ask(FETCH, IDS, full.bytes())
        reply.get("i")
        error, of_ids = reply.get("hi")
        checks.same("a session of ids", (error, of_ids != 0), (0, True))
        checks.same("names in it", ask(link, of_ids, 1), (OTHER_NAMES, 0, []))
        unknown = ask(link, 0, 0, read={"session-errors": 0, "later": 0})
        checks.same("an unknown topic", unknown[2], [("session-errors", 0, 0), ("later", UNKNOWN_TOPIC, 0)])
        told = (0, unknown[1], [("later", UNKNOWN_TOPIC, 0)])
        checks.same("is told every time", [ask(link, unknown[1], 1), ask(link, unknown[1], 2)], [told, told])
        create_served(link, "later")
        checks.same("until it is there", ask(link, unknown[1], 3), (0, unknown[1], [("later", 0, 0)]))


def ends(node, checks):
    """By the last epoch, by the first one, by the last partition; and a request that is overtaken."""
    with Link(node.port) as link:
        for topic in ("ends-a", "ends-b"):
            create_served(link, topic)
        read = {"ends-a": 0}
        first = opened(link, checks, read)
        checks.same("the last epoch", ask(link, first, -1, read=read), (0, 0, [("ends-a", 0, 0)]))
        checks.same("it is over", ask(link, first, 1)[0], NO_SESSION)
        second = opened(link, checks, read)
        _, third, _ = ask(link, second, 0, read=read)
        checks.true("the first epoch makes another one", third not in (0, second))
        checks.same("and ends the old one", ask(link, second, 1)[0], NO_SESSION)
        changed = ask(link, third, 1, read={"ends-b": 0}, forget=["ends-a"])
        checks.same("another topic", changed, (0, third, [("ends-b", 0, 0)]))
        checks.same("no topic", ask(link, third, 2, forget=["ends-b"]), (0, 0, []))
        checks.same("no session", ask(link, third, 3)[0], NO_SESSION)
        session = opened(link, checks, read)
        waiting = link.send(FETCH, NAMES, body(NAMES, (session, 1), wait_ms=1500))
        time.sleep(0.3)
        with Link(node.port) as other:
            # On another core the session is unknown, which ends nothing.
            overtaking = ask(other, session, 2)[0]
        wanted = WRONG_EPOCH if overtaking == 0 else 0
        found = answer(link.answer(FETCH, NAMES, waiting))
        checks.same(f"overtaken with {overtaking}", found, (wanted, session, []))


def turns(node, checks):
    """What returned records is read last next time, so that none starves behind the limit."""
    with Link(node.port) as link:
        sent = batch([bytes(300)])
        topics = ("turns-a", "turns-b", "turns-c")
        for topic in topics:
            create_served(link, topic)
            produce(link, topic, sent)
        limit = len(sent)
        _, session, told = ask(link, 0, 0, read=dict.fromkeys(topics, 0), max_bytes=limit)
        checks.same("all are answered, one has records", [size for _, _, size in told], [limit, 0, 0])
        for epoch in range(1, 8):
            told = (0, session, [(topics[(epoch - 1) % 3], 0, limit)])
            checks.same(f"turn {epoch}", ask(link, session, epoch, max_bytes=limit), told)


ITEMS = {"fetch sessions, changes": changes, "fetch sessions, errors": errors, "fetch sessions, ends": ends,
         "fetch sessions, turns": turns}
