import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own client in the acceptance lists: `Client BOOTSTRAP`, jobs on standard input (clients/python/jobs.py
 * says what a job is). Beside produce and consume it is the lists' administrator: create, delete, alter, describe.
 */
public final class Client {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final String bootstrap;
    private final Admin admin;

    private Client(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] arguments) throws Exception {
        Client client = new Client(arguments[0]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            ObjectNode answer = JSON.createObjectNode().put("ok", true);
            try {
                client.run(JSON.readTree(line), answer);
            } catch (Exception error) {
                error.printStackTrace();
                answer.put("ok", false).put("error", error.toString());
            }
            System.out.println(answer);
        }
        System.exit(0);
    }

    private void run(JsonNode job, ObjectNode answer) throws Exception {
        switch (job.get("op").asText()) {
            case "produce" -> produce(job, answer);
            case "consume" -> consume(job, answer);
            case "drain" -> drain(job, answer);
            case "create" -> create(job);
            case "delete" -> admin.deleteTopics(texts(job.get("topics"))).all().get(30, TimeUnit.SECONDS);
            case "alter" -> alter(job);
            case "trim" -> trim(job);
            case "surround" -> surround(job);
            case "describe" -> describe(job, answer);
            default -> throw new IllegalArgumentException(job.toString());
        }
    }

    private void produce(JsonNode job, ObjectNode answer) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap,
            "key.serializer", ByteArraySerializer.class,
            "value.serializer", ByteArraySerializer.class,
            "compression.type", job.get("codec").asText(),
            "acks", job.get("acks").asText(),
            "enable.idempotence", job.get("idempotent").asBoolean(),
            "batch.size", job.path("batch").asInt(1 << 20),
            "linger.ms", 250,
            "max.request.size", 16 << 20));
        settings.put("delivery.timeout.ms", job.path("delivery").asInt(40) * 1000);
        settings.put("max.block.ms", job.path("delivery").asInt(60) * 1000);
        Long timestamp = job.has("timestamp") ? job.get("timestamp").asLong() : null;
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = new KafkaProducer<byte[], byte[]>(settings)) {
            ByteBuffer data = ByteBuffer.wrap(Files.readAllBytes(Path.of(job.get("records").asText())));
            while (data.hasRemaining()) {
                byte[] key = take(data);
                byte[] value = take(data);
                List<Header> headers = new ArrayList<>();
                for (int left = data.getInt(); left > 0; left--) {
                    headers.add(new RecordHeader(new String(take(data), StandardCharsets.UTF_8), take(data)));
                }
                sent.add(producer.send(new ProducerRecord<>(
                    job.get("topic").asText(), job.get("partition").asInt(), timestamp, key, value, headers)));
            }
            producer.flush();
            for (Future<RecordMetadata> one : sent) {
                one.get(30, TimeUnit.SECONDS);
            }
        }
        answer.put("acked", sent.size());
    }

    private void consume(JsonNode job, ObjectNode answer) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long count = readToEnd(job, record -> add(digest, record));
        answer.put("count", count).put("sha256", HexFormat.of().formatHex(digest.digest()));
    }

    /** Writes "OFFSET NAME" of each record into the job's file; a name is the first word of the value. */
    private void drain(JsonNode job, ObjectNode answer) throws Exception {
        try (PrintWriter file = new PrintWriter(job.get("file").asText())) {
            answer.put("count", readToEnd(job, record -> file.println(
                record.offset() + " " + new String(record.value(), StandardCharsets.UTF_8).split(" ", 2)[0])));
        }
    }

    private long readToEnd(JsonNode job, Consumer<ConsumerRecord<byte[], byte[]>> each) throws Exception {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", bootstrap,
            "key.deserializer", ByteArrayDeserializer.class,
            "value.deserializer", ByteArrayDeserializer.class,
            "auto.offset.reset", "none",
            "fetch.max.wait.ms", 50);
        TopicPartition partition = new TopicPartition(job.get("topic").asText(), job.get("partition").asInt());
        long deadline = System.nanoTime() + job.path("timeout").asLong(30) * 1_000_000_000L;
        long count = 0;
        try (var consumer = new KafkaConsumer<byte[], byte[]>(settings)) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (true) {
                long end = consumer.endOffsets(List.of(partition)).get(partition);
                while (consumer.position(partition) < end && System.nanoTime() < deadline) {
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                        each.accept(record);
                        count += 1;
                    }
                }
                if (count >= job.get("count").asLong() && consumer.position(partition) >= end) {
                    return count;
                }
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                        count + " of " + job.get("count") + " records, the log ends at " + end);
                }
                Thread.sleep(20);
            }
        }
    }

    private void create(JsonNode job) throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        for (JsonNode topic : job.get("topics")) {
            Map<String, String> configs = new HashMap<>();
            topic.path("configs").properties().forEach(one -> configs.put(one.getKey(), one.getValue().asText()));
            topics.add(new NewTopic(topic.get("name").asText(), Optional.of(topic.path("partitions").asInt(1)),
                Optional.empty()).configs(configs));
        }
        admin.createTopics(topics).all().get(60, TimeUnit.SECONDS);
        // A producer with acks=0 hears of no error: it may start only when every leader serves.
        Map<TopicPartition, OffsetSpec> questions = new HashMap<>();
        for (NewTopic topic : topics) {
            for (int partition = 0; partition < topic.numPartitions(); partition++) {
                questions.put(new TopicPartition(topic.name(), partition), OffsetSpec.latest());
            }
        }
        admin.listOffsets(questions).all().get(60, TimeUnit.SECONDS);
    }

    /** Sets the keys of `set` and deletes those of `unset` on one topic. */
    private void alter(JsonNode job) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        job.path("set").properties().forEach(one -> changes.add(new AlterConfigOp(
            new ConfigEntry(one.getKey(), one.getValue().asText()), AlterConfigOp.OpType.SET)));
        for (String key : texts(job.path("unset"))) {
            changes.add(new AlterConfigOp(new ConfigEntry(key, ""), AlterConfigOp.OpType.DELETE));
        }
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, job.get("topic").asText());
        admin.incrementalAlterConfigs(Map.of(topic, changes)).all().get(30, TimeUnit.SECONDS);
    }

    /** Moves the first offset of a partition to `before`. */
    private void trim(JsonNode job) throws Exception {
        var partition = new TopicPartition(job.get("topic").asText(), job.get("partition").asInt());
        var before = RecordsToDelete.beforeOffset(job.get("before").asLong());
        admin.deleteRecords(Map.of(partition, before)).all().get(30, TimeUnit.SECONDS);
    }

    /** What a cluster holds beside topics: a client quota, a SCRAM user, a group with an offset on `topic`. */
    private void surround(JsonNode job) throws Exception {
        var quota = new ClientQuotaAlteration(new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "alice")),
            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1e6)));
        admin.alterClientQuotas(List.of(quota)).all().get(30, TimeUnit.SECONDS);
        var user = new UserScramCredentialUpsertion("bob",
            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret");
        admin.alterUserScramCredentials(List.of(user)).all().get(30, TimeUnit.SECONDS);
        var partition = new TopicPartition(job.get("topic").asText(), 0);
        admin.alterConsumerGroupOffsets("readers", Map.of(partition, new OffsetAndMetadata(1))).all()
            .get(30, TimeUnit.SECONDS);
    }

    /** Every topic with its id, number of partitions and the configs that were set on it. */
    private void describe(JsonNode job, ObjectNode answer) throws Exception {
        ObjectNode topics = answer.putObject("topics");
        List<ConfigResource> resources = new ArrayList<>();
        for (var one : admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values()) {
            topics.putObject(one.name()).put("id", one.topicId().toString()).put("partitions", one.partitions().size());
            resources.add(new ConfigResource(ConfigResource.Type.TOPIC, one.name()));
        }
        admin.describeConfigs(resources).all().get(30, TimeUnit.SECONDS).forEach((resource, config) -> {
            ObjectNode set = ((ObjectNode) topics.get(resource.name())).putObject("configs");
            config.entries().stream()
                .filter(entry -> entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                .forEach(entry -> set.put(entry.name(), entry.value()));
        });
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(one -> texts.add(one.asText()));
        return texts;
    }

    private static byte[] take(ByteBuffer data) {
        int length = data.getInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        data.get(bytes);
        return bytes;
    }

    private static void add(MessageDigest digest, ConsumerRecord<byte[], byte[]> record) {
        frame(digest, record.key());
        frame(digest, record.value());
        Header[] headers = record.headers().toArray();
        digest.update(ByteBuffer.allocate(4).putInt(0, headers.length));
        for (Header header : headers) {
            frame(digest, header.key().getBytes(StandardCharsets.UTF_8));
            frame(digest, header.value());
        }
    }

    private static void frame(MessageDigest digest, byte[] part) {
        digest.update(ByteBuffer.allocate(4).putInt(0, part == null ? -1 : part.length));
        if (part != null) {
            digest.update(part);
        }
    }
}
