"""A consumer that indexes log lines: `index.py BOOTSTRAP GROUP DATABASE TOPIC...`, until standard input ends.

The database is sqlite with full-text search: the table `lines` (line, topic, place), `place` being PARTITION/OFFSET.
Offsets are committed after the lines are, so a line may be there twice, but none may be missing.
"""

import select
import sqlite3
import sys

from confluent_kafka import Consumer, KafkaException

BOOTSTRAP, GROUP, DATABASE, *TOPICS = sys.argv[1:]


def main():
    """Reads, indexes, commits."""
    database = sqlite3.connect(DATABASE)
    database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS lines USING fts5(line, topic UNINDEXED, place UNINDEXED)")
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000, "reconnect.backoff.max.ms": 500, "log_level": 3,
    })
    consumer.subscribe(TOPICS, on_assign=lambda _, parts: print("assigned", len(parts), flush=True))
    while not select.select([sys.stdin], [], [], 0)[0]:
        messages = [one for one in consumer.consume(500, timeout=0.5) if one.error() is None]
        if not messages:
            continue
        with database:
            database.executemany("INSERT INTO lines VALUES (?, ?, ?)", (
                (one.value().decode(), one.topic(), f"{one.partition()}/{one.offset()}") for one in messages))
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as error:  # the next commit covers it, or another member reads these lines again
            print("not committed:", error, flush=True)
    consumer.close()
    database.close()


main()
