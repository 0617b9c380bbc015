"""The requests of groups that the raw lists send, and their answers as plain values.

Each is a body and a reader, so that a list can send without waiting for the answer; `asked` is both in turn.
"""

import time
from collections import namedtuple
from dataclasses import dataclass

from rig.raw import (CONSUMER_GROUP_HEARTBEAT, DELETE_GROUPS, HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, OFFSET_COMMIT,
                     OFFSET_FETCH, SYNC_GROUP, Body)
from rig.requests import find_coordinator

SESSION_MS, REBALANCE_MS = 6000, 10_000
COORDINATED, COORDINATOR_SECONDS_MAX = 500, 60  # so many groups cover all partitions of the coordinator's topic
Joined = namedtuple("Joined", "error generation leader member members")
Beat = namedtuple("Beat", "error member epoch partitions")


@dataclass(frozen=True)
class Call:
    """One request: where it goes, its bytes, how its answer is read."""

    key: int
    version: int
    body: bytes
    read: object

    def send(self, link):
        """Sends it; returns what `receive` needs."""
        return link.send(self.key, self.version, self.body)

    def receive(self, link, correlation):
        """The answer."""
        reply = link.answer(self.key, self.version, correlation)
        found = self.read(reply)
        reply.end()
        reply.done()
        return found


def asked(link, call):
    """Sends a call and reads its answer."""
    return call.receive(link, call.send(link))


def coordinate(link):
    """The first question for a coordinator makes the coordinator's topic; waits until all of it serves."""
    deadline = time.monotonic() + COORDINATOR_SECONDS_MAX
    for group in range(COORDINATED):
        while asked(link, fetch(f"group-{group}", "any", [0]))[0] and time.monotonic() < deadline:
            find_coordinator(link, 0, 4, f"group-{group}")
            time.sleep(0.02)


def join(group, member="", instance=None, version=9):
    """JoinGroup of a consumer with one protocol that carries nothing: `Joined`."""
    body = Body(JOIN_GROUP, version).text(group).put("ii", SESSION_MS, REBALANCE_MS).text(member).text(instance)
    body.text("consumer").array(1).text("range").data(b"").end().text(None).end()

    def read(reply):
        reply.get("i")
        error, generation = reply.get("hi")
        reply.text(), reply.text()
        leader = reply.text()
        reply.get("b")
        found, members = reply.text(), []
        for _ in range(reply.array()):
            members.append(reply.text())
            reply.text(), reply.bytes(), reply.end()
        return Joined(error, generation, leader, found, members)

    return Call(JOIN_GROUP, version, body.bytes(), read)


def sync(group, generation, member, assignments=(), version=5):
    """SyncGroup with (member, bytes) for each member, by the leader: error and the own assignment."""
    body = Body(SYNC_GROUP, version).text(group).put("i", generation).text(member).text(None)
    body.text("consumer").text("range").array(len(assignments))
    for one, assignment in assignments:
        body.text(one).data(assignment).end()

    def read(reply):
        reply.get("i")
        error = reply.get("h")
        reply.text(), reply.text()
        return error, reply.bytes()

    return Call(SYNC_GROUP, version, body.end().bytes(), read)


def heartbeat(group, generation, member, version=4):
    """Heartbeat: error."""
    body = Body(HEARTBEAT, version).text(group).put("i", generation).text(member).text(None).end()
    return Call(HEARTBEAT, version, body.bytes(), lambda reply: reply.get("ih")[1])


def leave(group, member, version=5):
    """LeaveGroup of one member: error of the group, else of the member."""
    body = Body(LEAVE_GROUP, version).text(group).array(1).text(member).text(None).text("rig").end().end()

    def read(reply):
        _, error = reply.get("ih")
        for _ in range(reply.array()):
            reply.text(), reply.text()
            error = error or reply.get("h")
            reply.end()
        return error

    return Call(LEAVE_GROUP, version, body.bytes(), read)


def delete(group, version=2):
    """DeleteGroups of one group: error."""
    body = Body(DELETE_GROUPS, version).array(1).text(group).end()

    def read(reply):
        reply.get("i"), reply.array(), reply.text()
        error = reply.get("h")
        reply.end()
        return error

    return Call(DELETE_GROUPS, version, body.bytes(), read)


def commit(group, topic, offsets, generation=-1, member="", version=9, retention_ms=-1):
    """OffsetCommit of offsets by partition of one topic: error by partition. Versions 2 to 4 say how long they live."""
    body = Body(OFFSET_COMMIT, version).text(group).put("i", generation).text(member)
    if version >= 7:
        body.text(None)
    if version <= 4:
        body.put("q", retention_ms)
    body.array(1).text(topic).array(len(offsets))
    for partition, offset in offsets.items():
        body.put("iq", partition, offset)
        if version >= 6:
            body.put("i", -1)
        body.text("").end()

    def read(reply):
        if version >= 3:
            reply.get("i")
        found = {}
        for _ in range(reply.array()):
            reply.text()
            for _ in range(reply.array()):
                partition, error = reply.get("ih")
                found[partition] = error
                reply.end()
            reply.end()
        return found

    return Call(OFFSET_COMMIT, version, body.end().end().bytes(), read)


def fetch(group, topic, partitions, version=8):
    """OffsetFetch: error of the group, and (error, offset) by partition; offset -1: nothing is committed."""
    body = Body(OFFSET_FETCH, version).array(1).text(group).array(1).text(topic).array(len(partitions))
    for partition in partitions:
        body.put("i", partition)

    def read(reply):
        reply.get("i")
        found, error = {}, 0
        for _ in range(reply.array()):
            reply.text()
            for _ in range(reply.array()):
                reply.text()
                for _ in range(reply.array()):
                    partition, offset, _ = reply.get("iqi")
                    reply.text()
                    found[partition] = (reply.get("h"), offset)
                    reply.end()
                reply.end()
            error = error or reply.get("h")
            reply.end()
        return error, found

    return Call(OFFSET_FETCH, version, body.end().end().put("b", 0).end().bytes(), read)


def beat(group, member, epoch, topic=None, owned=None, version=1):
    """ConsumerGroupHeartbeat: `Beat`. A joining member names its topic; `owned` is (topic id, partitions) or None."""
    body = Body(CONSUMER_GROUP_HEARTBEAT, version).text(group).text(member).put("i", epoch).text(None).text(None)
    body.put("i", REBALANCE_MS if epoch == 0 else -1)
    if topic:
        body.array(1).text(topic)
    else:
        body.array(-1)
    body.text(None).text(None)
    if owned is None:
        body.array(0 if epoch == 0 else -1)
    else:
        body.array(1).raw(owned[0].bytes).array(len(owned[1]))
        for partition in owned[1]:
            body.put("i", partition)
        body.end()

    def read(reply):
        _, error = reply.get("ih")
        reply.text()
        found, reached, _ = reply.text(), *reply.get("ii")
        if reply.get("b") < 0:
            return Beat(error, found, reached, None)
        partitions = []
        for _ in range(reply.array()):
            reply.uuid()
            partitions += [reply.get("i") for _ in range(reply.array())]
            reply.end()
        reply.end()
        return Beat(error, found, reached, partitions)

    return Call(CONSUMER_GROUP_HEARTBEAT, version, body.end().bytes(), read)
