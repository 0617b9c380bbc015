"""confluent-kafka (librdkafka) as a member of a group: `member_confluent.py BOOTSTRAP SETTINGS` (events.py)."""

import struct

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events import Member

member = Member()
settings = member.settings
owned = set()


def configuration():
    """The consumer protocol takes its times and its assignor from the broker."""
    common = {
        "bootstrap.servers": member.bootstrap, "group.id": settings["group"], "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "group.protocol": settings["protocol"], "fetch.wait.max.ms": 100,
        "reconnect.backoff.max.ms": 500, "max.poll.interval.ms": settings["rebalance_ms"],
        "session.timeout.ms": settings["session_ms"], "heartbeat.interval.ms": settings["heartbeat_ms"],
    }
    if settings["protocol"] == "consumer":
        del common["session.timeout.ms"], common["heartbeat.interval.ms"]
    elif settings["assignor"]:
        common["partition.assignment.strategy"] = settings["assignor"]
    if settings["instance"]:
        common["group.instance.id"] = settings["instance"]
    return common


def generation(consumer):
    """Group metadata in librdkafka's own form: "CGMDv2:", generation (int32), group, member, instance."""
    data = consumer.consumer_group_metadata()
    return struct.unpack_from("<i", data, len("CGMDv2:"))[0]


def commit(consumer):
    """Commits what was read and waits for the answer."""
    offsets = {partition: offset for partition, offset in member.offsets_to_commit().items() if partition in owned}
    if not offsets:
        return
    try:
        answered = consumer.commit(offsets=[TopicPartition(settings["topic"], *one) for one in offsets.items()],
                                   asynchronous=False)
        for one in answered:
            if one.error:
                member.say("refused", error=str(one.error))
        member.say("committed", offsets={one.partition: one.offset for one in answered if not one.error})
    except KafkaException as error:
        member.say("refused", error=str(error))


def on_assign(consumer, partitions):
    """All partitions, or with a cooperative assignor and the consumer protocol those that are new."""
    owned.update(one.partition for one in partitions)
    member.say("assigned", generation=generation(consumer), member=consumer.memberid(), owned=sorted(owned))


def on_revoke(consumer, partitions):
    """Commits first."""
    commit(consumer)
    gone(consumer, partitions)


def gone(consumer, partitions):
    """They belong to somebody else now."""
    owned.difference_update(one.partition for one in partitions)
    member.say("revoked", generation=generation(consumer), member=consumer.memberid(), owned=sorted(owned))


def live():
    """One life of a consumer, until standard input ends or an error that librdkafka calls fatal."""
    consumer = Consumer(configuration())
    consumer.subscribe([settings["topic"]], on_assign=on_assign, on_revoke=on_revoke, on_lost=gone)
    fatal = False
    while not fatal and not member.stopped.is_set():
        records = []
        for message in consumer.consume(500, timeout=0.1):
            if message.error():
                member.say("refused", error=str(message.error()))
                fatal = fatal or message.error().fatal()
            else:
                records.append((message.partition(), message.offset()))
        member.took(generation(consumer), records)
        if member.commit_is_due:
            commit(consumer)
    member.say("leaving")
    consumer.close()
    owned.clear()


def main():
    """A consumer that met a fatal error is made anew, as librdkafka wants it."""
    member.wait_for_start()
    while not member.stopped.is_set():
        live()
    member.say("left")


main()
