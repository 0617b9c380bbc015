"""kafka-python, 2.0.2 or 3.x, as a client of the acceptance lists: `kafka_python.py BOOTSTRAP`, jobs on standard input."""

import sys

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from jobs import read_records, read_to_end, serve

BOOTSTRAP = sys.argv[1]
NEW = not kafka.__version__.startswith("2.")
lingering = []  # producers with acks=0, closed at the next job


def finish_writes():
    """Mends a fault of 2.0.2: a request queued behind one that was written in part stays in the client until another
    one is sent. It shows with big requests to any broker, Apache Kafka too."""
    from kafka.conn import BrokerConnection

    write_once = BrokerConnection.send_pending_requests_v2

    def write_all(link):
        done = write_once(link)
        while done and link._protocol.bytes_to_send:
            done = write_once(link)
        return done

    BrokerConnection.send_pending_requests_v2 = write_all


def produce(job):
    """Sends the records file; waits for every future."""
    while lingering:
        lingering.pop().close(timeout=5)
    settings = {"enable_idempotence": job["idempotent"]} if NEW else {"buffer_memory": 64 << 20}
    producer = KafkaProducer(
        bootstrap_servers=BOOTSTRAP,
        compression_type=None if job["codec"] == "none" else job["codec"],
        acks=job["acks"] if job["acks"] == "all" else int(job["acks"]),
        batch_size=1 << 20,
        linger_ms=250,
        max_request_size=16 << 20,
        **settings,
    )
    try:
        futures = [
            producer.send(job["topic"], partition=job["partition"], key=key, value=value, headers=headers)
            for key, value, headers in read_records(job["records"])
        ]
        producer.flush(timeout=40)
        for future in futures:
            future.get(timeout=10)
    finally:
        # With acks=0 the futures are done before the bytes have left, and close() would drop them.
        if job["acks"] == "0":
            lingering.append(producer)
        else:
            producer.close(timeout=5)
    return {"acked": len(futures)}


def consume(job):
    """Reads the partition with assign()."""
    partition = TopicPartition(job["topic"], job["partition"])
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=None, auto_offset_reset="none",
                             enable_auto_commit=False, fetch_max_wait_ms=50)
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)

        def poll(digest):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    digest.add(record.key, record.value, record.headers)
            return consumer.position(partition)

        return read_to_end(job, lambda: consumer.end_offsets([partition])[partition], poll)
    finally:
        consumer.close()


if not NEW:
    finish_writes()
serve({"produce": produce, "consume": consume})
