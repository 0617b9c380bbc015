"""aiokafka as a client of the acceptance lists: `aio.py BOOTSTRAP`, jobs on standard input."""

import asyncio
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from jobs import Digest, read_records, serve

BOOTSTRAP = sys.argv[1]


async def send(job):
    """Sends the records file; waits for every future."""
    producer = AIOKafkaProducer(
        bootstrap_servers=BOOTSTRAP,
        compression_type=None if job["codec"] == "none" else job["codec"],
        acks=job["acks"] if job["acks"] == "all" else int(job["acks"]),
        enable_idempotence=job["idempotent"],
        max_batch_size=1 << 20,
        max_request_size=16 << 20,
        linger_ms=250,
    )
    await producer.start()
    try:
        futures = [
            await producer.send(job["topic"], partition=job["partition"], key=key, value=value, headers=headers)
            for key, value, headers in read_records(job["records"])
        ]
        await asyncio.wait_for(asyncio.gather(*futures), 40)
        await producer.flush()
    finally:
        await producer.stop()
    return {"acked": len(futures)}


async def receive(job):
    """Reads the partition with assign()."""
    partition = TopicPartition(job["topic"], job["partition"])
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, auto_offset_reset="none",
                                enable_auto_commit=False, fetch_max_wait_ms=50)
    await consumer.start()
    deadline = time.monotonic() + job.get("timeout", 30)
    digest = Digest()
    try:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        while True:
            end = (await consumer.end_offsets([partition]))[partition]
            while await consumer.position(partition) < end and time.monotonic() < deadline:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        digest.add(record.key, record.value, record.headers)
            if digest.count >= job["count"] and await consumer.position(partition) >= end:
                return digest.answer()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{digest.count} of {job['count']} records, the log ends at {end}")
            await asyncio.sleep(0.02)
    finally:
        await consumer.stop()


serve({"produce": lambda job: asyncio.run(send(job)), "consume": lambda job: asyncio.run(receive(job))})
