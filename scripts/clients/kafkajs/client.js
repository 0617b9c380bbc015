// kafkajs as a client of the acceptance lists: `node client.js BOOTSTRAP`, jobs on standard input
// (clients/python/jobs.py says what a job is). It only produces: its consumers need groups.
// The library itself brings gzip only.
const fs = require("fs");
const readline = require("readline");
const { Kafka, CompressionTypes, Partitioners, logLevel } = require("kafkajs");

const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.ERROR });
const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP };
const SEND_BYTES_MAX = 8 << 20; // one send is one batch

function* readRecords(path) {
  const data = fs.readFileSync(path);
  let at = 0;
  const int = () => data.readInt32BE((at += 4) - 4);
  const take = () => {
    const length = int();
    return length < 0 ? null : data.subarray(at, (at += length));
  };
  while (at < data.length) {
    const record = { key: take(), value: take(), headers: {} };
    for (let left = int(); left > 0; left--) record.headers[take().toString()] = take();
    yield record;
  }
}

async function produce(job) {
  const producer = kafka.producer({
    idempotent: job.idempotent,
    createPartitioner: Partitioners.DefaultPartitioner,
    ...(job.idempotent ? { maxInFlightRequests: 1 } : {}),
  });
  await producer.connect();
  const acks = job.acks === "all" ? -1 : Number(job.acks);
  const send = (messages) =>
    producer.send({ topic: job.topic, acks, compression: CODECS[job.codec], timeout: 30000, messages });
  let [messages, bytes, acked] = [[], 0, 0];
  try {
    for (const record of readRecords(job.records)) {
      const size = record.value ? record.value.length : 0;
      if (bytes > 0 && bytes + size > SEND_BYTES_MAX) {
        await send(messages);
        [messages, bytes] = [[], 0];
      }
      messages.push({ ...record, partition: job.partition });
      bytes += size;
      acked += 1;
    }
    await send(messages);
  } finally {
    await producer.disconnect();
  }
  return { acked };
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { ok: true, ...(await produce(JSON.parse(line))) };
    } catch (error) {
      console.error(error.stack);
      answer = { ok: false, error: String(error) };
    }
    console.log(JSON.stringify(answer));
  }
}

main();
