"""kafka-python, 2.0.2 or 3.x, as a member of a group: `member_kafka_python.py BOOTSTRAP SETTINGS` (events.py)."""

import kafka
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from events import Member

member = Member()
settings = member.settings
NEW = not kafka.__version__.startswith("2.")


def generation(consumer):
    """No public call tells it."""
    return consumer._coordinator._generation.generation_id


def member_id(consumer):
    """No public call tells it."""
    return consumer._coordinator._generation.member_id


def commit(consumer, kept):
    """Commits what was read of the partitions in `kept` and waits for the answer."""
    offsets = {partition: offset for partition, offset in member.offsets_to_commit().items() if partition in kept}
    if not offsets:
        return
    try:
        consumer.commit({TopicPartition(settings["topic"], partition): metadata(offset)
                         for partition, offset in offsets.items()})
        member.say("committed", offsets=offsets)
    except KafkaError as error:
        member.say("refused", error=repr(error))


def metadata(offset):
    """The leader epoch came with 2.1."""
    return OffsetAndMetadata(offset, "", -1) if NEW else OffsetAndMetadata(offset, "")


class Listener(ConsumerRebalanceListener):
    """Says what is given and taken."""

    def __init__(self, consumer):
        self._consumer = consumer
        self.owned = set()

    def on_partitions_assigned(self, assigned):
        self.owned |= {one.partition for one in assigned}
        self._say("assigned")

    def on_partitions_revoked(self, revoked):
        if not NEW:  # 3.x runs this where it cannot wait for an answer: the next owner reads again
            commit(self._consumer, self.owned)
        self.on_partitions_lost(revoked)

    def on_partitions_lost(self, lost):
        self.owned -= {one.partition for one in lost}
        self._say("revoked")

    def _say(self, event):
        member.say(event, generation=generation(self._consumer), member=member_id(self._consumer),
                   owned=sorted(self.owned))


def configuration():
    """2.0.2 knows no static members."""
    common = {
        "bootstrap_servers": member.bootstrap, "group_id": settings["group"], "auto_offset_reset": "earliest",
        "enable_auto_commit": False, "session_timeout_ms": settings["session_ms"], "fetch_max_wait_ms": 100,
        "heartbeat_interval_ms": settings["heartbeat_ms"], "max_poll_interval_ms": settings["rebalance_ms"],
        "reconnect_backoff_max_ms": 500,
    }
    if NEW and settings["instance"]:
        common["group_instance_id"] = settings["instance"]
    if settings["assignor"] == "cooperative-sticky":
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        common["partition_assignment_strategy"] = [CooperativeStickyAssignor]
    return common


def main():
    """Polls until standard input ends."""
    consumer = KafkaConsumer(**configuration())
    listener = Listener(consumer)
    member.wait_for_start()
    consumer.subscribe([settings["topic"]], listener=listener)
    while not member.stopped.is_set():
        try:
            found = consumer.poll(timeout_ms=100)
        except KafkaError as error:
            member.say("refused", error=f"{error!r}, {error.__cause__!r}")
            continue
        member.took(generation(consumer), [(one.partition, record.offset)
                                           for one, records in found.items() for record in records])
        if member.commit_is_due:
            commit(consumer, listener.owned)
    commit(consumer, listener.owned)
    member.say("leaving")
    consumer.close(autocommit=False)
    member.say("left")


main()
