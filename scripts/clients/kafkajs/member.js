// kafkajs as a member of a group: `node member.js BOOTSTRAP SETTINGS` (clients/python/events.py says what it prints).
// It knows no static members, and tells of a rebalance when it is to join again, not before.
const readline = require("readline");
const { Kafka, logLevel } = require("kafkajs");
const ConsumerGroup = require("kafkajs/src/consumer/consumerGroup");

const settings = JSON.parse(process.argv[3]);
const COMMIT_MS = 200;
const say = (event, fields = {}) => console.log(JSON.stringify({ at: Date.now(), event, ...fields }));

let generation = -1;
let positions = new Map(); // read and not committed
let committedAt = 0;

// No public call tells the generation, and no event comes before the first fetch of what was assigned.
const joinAndSync = ConsumerGroup.prototype.joinAndSync;
ConsumerGroup.prototype.joinAndSync = async function () {
  say("revoked", { generation, member: this.memberId || "", owned: [] });
  positions.clear();
  await joinAndSync.call(this);
  generation = this.generationId;
  const owned = this.assigned().flatMap((one) => one.partitions.map(Number));
  say("assigned", { generation, member: this.memberId, owned });
};

async function commit(consumer) {
  const offsets = Object.fromEntries(positions);
  positions.clear();
  committedAt = Date.now();
  const list = Object.entries(offsets).map(([partition, offset]) => ({
    topic: settings.topic,
    partition: Number(partition),
    offset: String(offset),
  }));
  if (list.length === 0) return;
  try {
    await consumer.commitOffsets(list);
    say("committed", { offsets });
  } catch (error) {
    say("refused", { error: String(error) });
    throw error; // the library's own loop decides what follows
  }
}

async function main() {
  const kafka = new Kafka({
    brokers: [process.argv[2]],
    logLevel: logLevel.ERROR,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 100 },
  });
  const consumer = kafka.consumer({
    groupId: settings.group,
    sessionTimeout: settings.session_ms,
    heartbeatInterval: settings.heartbeat_ms,
    rebalanceTimeout: settings.rebalance_ms,
    maxWaitTimeInMs: 100,
  });
  say("ready");
  const input = readline.createInterface({ input: process.stdin });
  await new Promise((go) => input.once("line", go));
  input.on("close", async () => {
    say("leaving");
    await consumer.disconnect();
    say("left");
    process.exit(0);
  });
  await consumer.connect();
  await consumer.subscribe({ topic: settings.topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const [first, last] = [Number(batch.messages[0].offset), Number(batch.messages.at(-1).offset)];
      const contiguous = last - first + 1 === batch.messages.length;
      if (!contiguous) say("refused", { error: `${batch.messages.length} records from ${first} to ${last}` });
      say("records", { generation, spans: { [batch.partition]: [first, last + 1] } });
      positions.set(batch.partition, last + 1);
      if (Date.now() - committedAt >= COMMIT_MS) await commit(consumer);
    },
  });
}

main();
