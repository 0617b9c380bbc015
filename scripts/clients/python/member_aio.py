"""aiokafka as a member of a group: `member_aio.py BOOTSTRAP SETTINGS` (events.py)."""

import asyncio

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from events import Member

member = Member()
settings = member.settings


async def commit(consumer, kept):
    """Commits what was read of the partitions in `kept` and waits for the answer."""
    offsets = {partition: offset for partition, offset in member.offsets_to_commit().items() if partition in kept}
    if not offsets:
        return
    try:
        await consumer.commit({TopicPartition(settings["topic"], partition): offset
                               for partition, offset in offsets.items()})
        member.say("committed", offsets=offsets)
    except KafkaError as error:
        member.say("refused", error=repr(error))


class Listener(ConsumerRebalanceListener):
    """Says what is given and taken; this library's rebalances are eager."""

    def __init__(self, consumer):
        self._consumer = consumer
        self.owned = set()

    @property
    def generation(self):
        """No public call tells it."""
        return self._consumer._coordinator.generation

    async def on_partitions_assigned(self, assigned):
        self.owned = {one.partition for one in assigned}
        self._say("assigned")

    async def on_partitions_revoked(self, revoked):
        await commit(self._consumer, self.owned)
        self.owned = set()
        self._say("revoked")

    def _say(self, event):
        member.say(event, generation=self.generation, member=self._consumer._coordinator.member_id,
                   owned=sorted(self.owned))


async def main():
    """Polls until standard input ends."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=member.bootstrap, group_id=settings["group"], auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=settings["session_ms"], fetch_max_wait_ms=100,
        heartbeat_interval_ms=settings["heartbeat_ms"], max_poll_interval_ms=settings["rebalance_ms"],
        group_instance_id=settings["instance"],
    )
    member.wait_for_start()
    await consumer.start()
    listener = Listener(consumer)
    consumer.subscribe([settings["topic"]], listener=listener)
    while not member.stopped.is_set():
        try:
            found = await consumer.getmany(timeout_ms=100)
        except KafkaError as error:
            member.say("refused", error=repr(error))
            continue
        member.took(listener.generation, [(one.partition, record.offset)
                                          for one, records in found.items() for record in records])
        if member.commit_is_due:
            await commit(consumer, listener.owned)
    await commit(consumer, listener.owned)
    member.say("leaving")
    await consumer.stop()
    member.say("left")


asyncio.run(main())
