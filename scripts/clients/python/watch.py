"""Assigned consumers (confluent-kafka) that note what they see: `watch.py BOOTSTRAP TOPIC PARTITION,PARTITION FILE`.

A line of FILE is "PARTITION OFFSET NAME", NAME the first word of the value; "reset PARTITION REASON" when the consumer
lost its place. Runs until standard input ends.
"""

import select
import sys

from confluent_kafka import Consumer, KafkaError, TopicPartition

BOOTSTRAP, TOPIC, PARTITIONS, PATH = sys.argv[1:]
QUIET = {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT}


def main():
    """Polls until standard input ends."""
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False,
        "auto.offset.reset": "error", "reconnect.backoff.max.ms": 200, "fetch.wait.max.ms": 100,
        "log_level": 0,
    })
    consumer.assign([TopicPartition(TOPIC, int(one), 0) for one in PARTITIONS.split(",")])
    with open(PATH, "w", encoding="utf-8") as seen:
        while not select.select([sys.stdin], [], [], 0)[0]:
            for message in consumer.consume(1000, timeout=0.2):
                error = message.error()
                if error is None:
                    name = message.value().split(b" ", 1)[0].decode()
                    seen.write(f"{message.partition()} {message.offset()} {name}\n")
                elif error.code() not in QUIET:
                    seen.write(f"reset {message.partition()} {error.name()}\n")
    consumer.close()


main()
