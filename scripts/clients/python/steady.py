"""A steady load by confluent-kafka, until standard input ends: `steady.py BOOTSTRAP TOPIC PARTITIONS RECORDS_PER_SECOND`.

Records go to all partitions in turn. An idempotent producer with acks=all, so a broker that is killed costs none.
"""

import select
import sys
import time

from confluent_kafka import Producer

BOOTSTRAP, TOPIC, PARTITIONS, RATE = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
TICK_SECONDS = 0.02


def main():
    """Sends what is due at each tick; there is no burst after the broker was away."""
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "linger.ms": 2,
                         "reconnect.backoff.max.ms": 500, "message.timeout.ms": 60_000, "log_level": 0})
    number, due = 0, 0.0
    while not select.select([sys.stdin], [], [], TICK_SECONDS)[0]:
        due = 0.0 if len(producer) > RATE else due + RATE * TICK_SECONDS
        for _ in range(int(due)):
            producer.produce(TOPIC, partition=number % PARTITIONS, value=b"%d" % number)
            number += 1
        due -= int(due)
        producer.poll(0)
    sys.exit(1 if producer.flush(60) else 0)


main()
