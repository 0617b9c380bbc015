"""confluent-kafka (librdkafka) as a client of the acceptance lists: `confluent.py BOOTSTRAP`, jobs on standard input."""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from jobs import read_records, read_to_end, serve

BOOTSTRAP = sys.argv[1]


def produce(job):
    """Sends the records file; waits for every delivery report."""
    producer = Producer({
        "bootstrap.servers": BOOTSTRAP,
        "compression.codec": job["codec"],
        "acks": job["acks"],
        "enable.idempotence": job["idempotent"],
        "message.max.bytes": 11_000_000,
        "batch.size": 1 << 20,
        "linger.ms": 250,
        "message.timeout.ms": 30_000,
    })
    outcome = {"acked": 0, "errors": []}

    def report(error, _message):
        if error is None:
            outcome["acked"] += 1
        else:
            outcome["errors"].append(str(error))

    for key, value, headers in read_records(job["records"]):
        producer.produce(job["topic"], partition=job["partition"], key=key, value=value,
                         headers=headers, on_delivery=report)
    left = producer.flush(40)
    if left or outcome["errors"]:
        raise RuntimeError(f"{left} undelivered, first error {outcome['errors'][:1]}")
    return {"acked": outcome["acked"]}


def consume(job):
    """Reads the partition with assign()."""
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP,
        "group.id": "unused",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "fetch.wait.max.ms": 50,
    })
    partition = TopicPartition(job["topic"], job["partition"], 0)
    low, _ = consumer.get_watermark_offsets(partition, timeout=10)
    partition.offset = low
    consumer.assign([partition])
    state = {"position": low}

    def poll(digest):
        for message in consumer.consume(500, timeout=0.5):
            if message.error():
                raise RuntimeError(str(message.error()))
            digest.add(message.key(), message.value(), message.headers() or [])
            state["position"] = message.offset() + 1
        return state["position"]

    try:
        return read_to_end(job, lambda: consumer.get_watermark_offsets(partition, timeout=10)[1], poll)
    finally:
        consumer.close()


def table(job):
    """Writes "PARTITION OFFSET TIMESTAMP KEY VALUE" of a topic's records into `file`, bytes in hex, null as "-"."""
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP,
        "group.id": "unused",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 50,
    })
    partitions = consumer.list_topics(job["topic"], timeout=10).topics[job["topic"]].partitions
    consumer.assign([TopicPartition(job["topic"], one, OFFSET_BEGINNING) for one in partitions])
    ended, count, deadline = set(), 0, time.monotonic() + job["timeout"]
    with open(job["file"], "w", encoding="ascii") as file:
        while len(ended) < len(partitions):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} records, {len(ended)} of {len(partitions)} partitions read to their end")
            for message in consumer.consume(1000, timeout=0.2):
                if message.error() is None:
                    ended.discard(message.partition())
                    count += 1
                    key, value = ("-" if part is None else part.hex() for part in (message.key(), message.value()))
                    file.write(f"{message.partition()} {message.offset()} {message.timestamp()[1]} {key} {value}\n")
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                else:
                    raise RuntimeError(str(message.error()))
    consumer.close()
    return {"count": count}


serve({"produce": produce, "consume": consume, "table": table})
