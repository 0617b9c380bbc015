"""Reads a topic from its start to its end, again and again (confluent-kafka): `scan.py BOOTSTRAP TOPIC FILE`.

A line of FILE is "pass" where a pass begins; "at PARTITION OFFSET KEY DIGEST" of a record, in hex, DIGEST the BLAKE2b
of the value in 8 bytes, "-" for null; "end PARTITION KNOWN POSITION" where a pass reached the end of a partition:
POSITION is the offset it would read next, KNOWN an end offset as late as that; "lost PARTITION REASON" when the broker
said that an offset is not there. Runs until standard input ends.
"""

import hashlib
import select
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

BOOTSTRAP, TOPIC, PATH = sys.argv[1:]
PAUSE_SECONDS = 2


def main():
    """Pass after pass."""
    with open(PATH, "w", encoding="ascii") as file:
        while not over():
            one_pass(file)
            file.flush()
            select.select([sys.stdin], [], [], PAUSE_SECONDS)


def over():
    """Whether standard input ended."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def one_pass(file):
    """One read of all partitions."""
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False, "auto.offset.reset": "error",
        "enable.partition.eof": True, "reconnect.backoff.max.ms": 200, "fetch.wait.max.ms": 50, "log_level": 0,
        "fetch.message.max.bytes": 65536, "queued.max.messages.kbytes": 1024,
    })
    file.write("pass\n")
    try:
        left = set(consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions)
        consumer.assign([TopicPartition(TOPIC, one, OFFSET_BEGINNING) for one in left])
        while left and not over():
            for message in consumer.consume(500, timeout=0.2):
                take(message, consumer, left, file)
    except KafkaException:  # the broker is down; the pass is not ended
        pass
    finally:
        consumer.close()


def take(message, consumer, left, file):
    """Notes a record, an end, or a fault."""
    partition, error = message.partition(), message.error()
    if error is None:
        if partition in left:
            value = message.value()
            digest = "-" if value is None else hashlib.blake2b(value, digest_size=8).hexdigest()
            file.write(f"at {partition} {message.offset()} {message.key().hex()} {digest}\n")
    elif error.code() == KafkaError._PARTITION_EOF:
        if partition in left:
            _, known = consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=10)
            file.write(f"end {partition} {known} {message.offset()}\n")
            consumer.pause([TopicPartition(TOPIC, partition)])
            left.discard(partition)
    elif error.code() in (KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET):
        file.write(f"lost {partition} {error.name()}\n")


main()
