import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Kafka's own client as a member of a group: `Member BOOTSTRAP SETTINGS` (clients/python/events.py says what it reads
 * and prints). An assignor is the class name of a client-side one, or a server-side one's name (consumer protocol).
 */
public final class Member implements ConsumerRebalanceListener {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long COMMIT_NANOS = 200_000_000;
    private static volatile boolean stopped;
    private final String topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TreeSet<Integer> owned = new TreeSet<>();
    private final Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>(); // read and not committed
    private long committedAt;

    private Member(String bootstrap, JsonNode settings) {
        topic = settings.get("topic").asText();
        consumer = new KafkaConsumer<>(configuration(bootstrap, settings));
    }

    private static Map<String, Object> configuration(String bootstrap, JsonNode settings) {
        Map<String, Object> common = new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap,
            "key.deserializer", ByteArrayDeserializer.class,
            "value.deserializer", ByteArrayDeserializer.class,
            "group.id", settings.get("group").asText(),
            "group.protocol", settings.get("protocol").asText(),
            "max.poll.interval.ms", settings.get("rebalance_ms").asInt(),
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false,
            "default.api.timeout.ms", 5000,
            "fetch.max.wait.ms", 100));
        boolean classic = settings.get("protocol").asText().equals("classic");
        if (classic) {
            common.put("session.timeout.ms", settings.get("session_ms").asInt());
            common.put("heartbeat.interval.ms", settings.get("heartbeat_ms").asInt());
        }
        if (settings.hasNonNull("assignor")) {
            common.put(classic ? "partition.assignment.strategy" : "group.remote.assignor",
                settings.get("assignor").asText());
        }
        if (settings.hasNonNull("instance")) {
            common.put("group.instance.id", settings.get("instance").asText());
        }
        return common;
    }

    public static void main(String[] arguments) throws Exception {
        Member member = new Member(arguments[0], JSON.readTree(arguments[1]));
        say("ready", JSON.createObjectNode());
        while (System.in.read() != '\n') {
            Thread.onSpinWait();
        }
        Thread listener = new Thread(Member::listen);
        listener.setDaemon(true);
        listener.start();
        member.run();
        say("left", JSON.createObjectNode());
        System.exit(0);
    }

    private static void listen() {
        try {
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException error) {
            error.printStackTrace();
        }
        stopped = true;
    }

    private static synchronized void say(String event, ObjectNode fields) {
        System.out.println(fields.put("at", System.currentTimeMillis()).put("event", event));
        System.out.flush();
    }

    private void run() {
        consumer.subscribe(List.of(topic), this);
        while (!stopped) {
            try {
                took(consumer.poll(Duration.ofMillis(100)));
            } catch (KafkaException error) {
                refused(error);
            }
            if (System.nanoTime() - committedAt >= COMMIT_NANOS) {
                commit();
            }
        }
        say("leaving", JSON.createObjectNode());
        consumer.close();
    }

    private void took(Iterable<ConsumerRecord<byte[], byte[]>> records) {
        Map<Integer, long[]> spans = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            long[] span = spans.get(record.partition());
            if (span != null && span[1] != record.offset()) {
                tell(Map.of(record.partition(), span));
                span = null;
            }
            spans.put(record.partition(), new long[] {span == null ? record.offset() : span[0], record.offset() + 1});
            positions.put(new TopicPartition(topic, record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        if (!spans.isEmpty()) {
            tell(spans);
        }
    }

    private void tell(Map<Integer, long[]> spans) {
        ObjectNode line = JSON.createObjectNode().put("generation", consumer.groupMetadata().generationId());
        ObjectNode all = line.putObject("spans");
        spans.forEach((partition, span) -> all.putArray(partition.toString()).add(span[0]).add(span[1]));
        say("records", line);
    }

    private void commit() {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>(positions);
        offsets.keySet().removeIf(partition -> !owned.contains(partition.partition()));
        positions.clear();
        committedAt = System.nanoTime();
        if (offsets.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(offsets);
            ObjectNode line = JSON.createObjectNode();
            ObjectNode all = line.putObject("offsets");
            offsets.forEach((partition, offset) -> all.put("" + partition.partition(), offset.offset()));
            say("committed", line);
        } catch (KafkaException error) {
            refused(error);
        }
    }

    private static void refused(KafkaException error) {
        say("refused", JSON.createObjectNode().put("error", error.toString()));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        partitions.forEach(one -> owned.add(one.partition()));
        tell("assigned");
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commit();
        onPartitionsLost(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        partitions.forEach(one -> owned.remove(one.partition()));
        tell("revoked");
    }

    private void tell(String event) {
        ObjectNode line = JSON.createObjectNode().put("generation", consumer.groupMetadata().generationId())
            .put("member", consumer.groupMetadata().memberId());
        ArrayNode all = line.putArray("owned");
        owned.forEach(all::add);
        say(event, line);
    }
}
