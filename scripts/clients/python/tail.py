"""Waits until every partition answers a correct fetch of its last acknowledged record: `tail.py BOOTSTRAP TOPIC ACKED`.

A line of the file ACKED is "PARTITION OFFSET NAME", NAME the first word of the value. Prints the wall-clock time at
which it was done, and how many partitions were right; gives up after 300 seconds.
"""

import json
import sys
import time

from confluent_kafka import Consumer, KafkaError, TopicPartition

BOOTSTRAP, TOPIC, ACKED = sys.argv[1:]
GIVE_UP_SECONDS = 300
QUIET = {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._RESOLVE,
         KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}


def main():
    """Assigns each partition at the offset wanted and compares the first record that comes."""
    started = time.monotonic()
    with open(ACKED, encoding="ascii") as lines:
        wanted = {int(partition): (int(offset), name) for partition, offset, name in map(str.split, lines)}
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False, "log_level": 0,
        "auto.offset.reset": "error", "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100,
        "fetch.error.backoff.ms": 50, "topic.metadata.refresh.fast.interval.ms": 50, "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": 4096,
    })
    consumer.assign([TopicPartition(TOPIC, partition, offset) for partition, (offset, _) in wanted.items()])
    found, errors = {}, []
    while len(found) < len(wanted) and not errors and time.monotonic() - started < GIVE_UP_SECONDS:
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error():
            if message.error().code() not in QUIET:
                errors.append(str(message.error()))
            continue
        found.setdefault(message.partition(), (message.offset(), message.value().split(b" ", 1)[0].decode()))
    done = time.time()
    right = sum(found.get(partition) == record for partition, record in wanted.items())
    print(json.dumps({"done": done, "right": right, "partitions": len(wanted), "errors": errors[:3]}))


main()
