"""The broker is killed at each step of a group's life: join, sync, commit, leave, delete, in both protocols.

A walk is one group with one member that goes up to its step. Then the broker is killed, either once the step was
answered or right after it was sent, and starts again. What was answered must hold, what was only sent may hold; a
generation never goes back; and the member, or whoever comes after it, can go on.
"""

import time
import uuid
from dataclasses import dataclass

from rig.group_requests import asked, beat, commit, delete, fetch, heartbeat, join, leave, sync
from rig.raw import Closed, Link

TOPIC = "steps"
OK, LOADING, UNAVAILABLE, NOT_COORDINATOR = 0, 14, 15, 16
ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCE, GROUP_ID_NOT_FOUND = 22, 25, 27, 69
MEMBER_ID_REQUIRED, FENCED_EPOCH = 79, 110
AWAY = {LOADING, UNAVAILABLE, NOT_COORDINATOR}
AWAY_SECONDS_MAX = 20
NO_MEMBER = {UNKNOWN_MEMBER, GROUP_ID_NOT_FOUND}
NEW_OR_NOT = NO_MEMBER | {OK, ILLEGAL_GENERATION, REBALANCE, FENCED_EPOCH}
# What a heartbeat of a member may be answered when this step was on its way; all others leave a member what it was.
IN_FLIGHT = {
    "ask for a member id": NEW_OR_NOT, "join": NEW_OR_NOT, "sync": NEW_OR_NOT, "leave": NO_MEMBER | {OK},
    "join again": {OK, REBALANCE}, "sync again": {OK, REBALANCE, ILLEGAL_GENERATION},
}
STEPS = {
    "classic": ("ask for a member id", "join", "sync", "commit", "commit again", "join again", "sync again", "leave",
                "delete"),
    "consumer": ("join", "take", "commit", "commit again", "leave", "delete"),
}


@dataclass
class Known:
    """What was answered, and what was sent without an answer, about one group."""

    member: str = ""
    generation: int = 0  # of the last answer that gave an assignment, or the member's epoch
    joined: bool = False  # an answered sync or heartbeat made it a member, and no answer ended that
    committed: int = -1
    deleted: bool = False
    in_flight: str = ""


class Walk:
    """One group, up to `stop`. `answered` says whether its answer is waited for."""

    def __init__(self, protocol, stop, answered, number, topic_id):
        self.protocol, self.stop, self.answered = protocol, stop, answered
        self.group = f"{protocol}-{stop.replace(' ', '-')}-{number}"
        self.known = Known()
        self.fault = ""  # what went wrong before the kill
        self._topic_id, self._joined, self._link = topic_id, None, None
        if protocol == "consumer":
            self.known.member = str(uuid.uuid4())

    def go(self, port):
        """All steps before the last."""
        self._link = Link(port)
        for step in STEPS[self.protocol]:
            if step == self.stop or self.fault:
                return
            self._ask(step)

    def end(self):
        """The last step, with or without its answer."""
        if self.fault:
            return
        if self.answered:
            self._ask(self.stop)
        else:
            self.known.in_flight = self.stop
            self._call(self.stop).send(self._link)

    def _ask(self, step):
        try:
            self._take(step, patiently(self._link, self._call(step)))
        except (Closed, OSError, ValueError) as error:
            self.fault = f"before the kill: {type(error).__name__} {error}"

    def close(self):
        """Ends the connection."""
        self._link.socket.close()

    def _call(self, step):
        known = self.known
        if step.startswith("commit"):
            return commit(self.group, TOPIC, {0: known.committed + 10}, known.generation, known.member)
        if step == "delete":
            return delete(self.group)
        if self.protocol == "consumer":
            epoch = {"join": 0, "take": known.generation, "leave": -1}[step]
            owned = (self._topic_id, [0]) if step == "take" else None
            return beat(self.group, known.member, epoch, TOPIC if step == "join" else None, owned)
        if step.startswith("sync"):
            return sync(self.group, self._joined.generation, known.member, [(known.member, b"all")])
        if step == "leave":
            return leave(self.group, known.member)
        return join(self.group, known.member)

    def _take(self, step, answer):
        """What an answer says; an answer with an error is a fault of its own."""
        known = self.known
        if step == "ask for a member id":
            expect(step, answer.error, MEMBER_ID_REQUIRED)
            known.member = answer.member
        elif step.startswith("commit"):
            expect(step, answer[0], OK)
            known.committed += 10
        elif step == "delete":
            expect(step, answer, OK)
            known.committed, known.deleted = -1, True
        elif step == "leave":
            expect(step, answer.error if self.protocol == "consumer" else answer, OK)
            known.joined = False
        elif self.protocol == "consumer":
            expect(step, answer.error, OK)
            known.generation, known.joined = answer.epoch, True
        elif step.startswith("sync"):
            expect(step, answer[0], OK)
            known.generation, known.joined = self._joined.generation, True
        else:
            expect(step, answer.error, OK)
            self._joined = answer


def expect(step, error, wanted):
    """An answer of a broker that nobody has killed."""
    if error != wanted:
        raise ValueError(f"{step}: error {error} instead of {wanted}")


def error_of(answer):
    """The error in an answer of any call."""
    if isinstance(answer, dict):
        return max(answer.values(), default=0)
    if hasattr(answer, "error"):
        return answer.error
    return answer[0] if isinstance(answer, tuple) else answer


def patiently(link, call):
    """Asks until the coordinator is there."""
    deadline = time.monotonic() + AWAY_SECONDS_MAX
    while True:
        answer = asked(link, call)
        if error_of(answer) not in AWAY or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def judge(walk, port):
    """What is wrong with a group after the restart: texts."""
    if walk.fault:
        return [walk.fault]
    with Link(port) as link:
        try:
            return [*judge_offset(walk, link), *judge_member(walk, link), *judge_next(walk, link)]
        except (Closed, TimeoutError, ValueError) as error:
            return [f"{type(error).__name__}: {error}"]


def judge_offset(walk, link):
    """The committed offset is the answered one, or the one in flight."""
    known = walk.known
    allowed = {known.committed}
    if known.in_flight.startswith("commit"):
        allowed.add(known.committed + 10)
    if known.in_flight == "delete":
        allowed.add(-1)
    error, found = patiently(link, fetch(walk.group, TOPIC, [0]))
    offset = found.get(0, (0, None))[1]
    if error or offset not in allowed:
        return [f"OffsetFetch: error {error}, offset {offset}, answered was {known.committed}"]
    return []


def judge_member(walk, link):
    """A member that was one still is, in its generation; one that was not may be unknown."""
    known = walk.known
    if walk.protocol == "classic":
        error = error_of(patiently(link, heartbeat(walk.group, known.generation, known.member)))
        epoch = known.generation
    else:
        answer = patiently(link, beat(walk.group, known.member, max(known.generation, 1)))
        error, epoch = answer.error, answer.epoch if answer.error == OK else known.generation
    settled = {OK} if known.joined else NO_MEMBER if known.generation else NEW_OR_NOT
    allowed = IN_FLIGHT.get(known.in_flight, settled)
    found = [] if error in allowed else [f"Heartbeat: error {error}, allowed {sorted(allowed)}"]
    return found + ([f"epoch {epoch} after {known.generation}"] if epoch < known.generation else [])


def judge_next(walk, link):
    """A new member joins and commits, and the generation has not gone back."""
    known = walk.known
    offset = 1000
    if walk.protocol == "classic":
        member, generation = go_on_classic(walk, link)
    else:
        asked(link, beat(walk.group, known.member, -1))
        member = str(uuid.uuid4())
        answer = patiently(link, beat(walk.group, member, 0, TOPIC, None))
        expect("a new member", answer.error, OK)
        generation = answer.epoch
    found = []
    if generation < known.generation and not known.deleted and known.in_flight != "delete":
        found.append(f"generation {generation} after {known.generation}")
    error = error_of(patiently(link, commit(walk.group, TOPIC, {0: offset}, generation, member)))
    _, fetched = asked(link, fetch(walk.group, TOPIC, [0]))
    if error or fetched[0][1] != offset:
        found.append(f"a commit of a new member: error {error}, then {fetched}")
    return found


def go_on_classic(walk, link):
    """The member goes on if it still is one, else somebody new comes."""
    member = walk.known.member if walk.known.joined else ""
    for _ in range(20):
        answer = patiently(link, join(walk.group, member))
        if answer.error == OK:
            members = [(one, b"all") for one in answer.members]
            error, _ = patiently(link, sync(walk.group, answer.generation, answer.member, members))
            if error == OK:
                return answer.member, answer.generation
        elif answer.error == MEMBER_ID_REQUIRED:
            member = answer.member
        elif answer.error == UNKNOWN_MEMBER:
            member = ""
        else:
            raise ValueError(f"JoinGroup after the restart: error {answer.error}")
    raise ValueError("no way into the group after 20 tries")
