import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs the main class of one of Kafka's tools after the other in one JVM, because the start of a JVM costs more than
 * most commands. A job {"op": "run", "class": name, "arguments": [...]} on standard input is answered with what the
 * tool printed and its exit code. A tool that leaves keeps its thread for ever, so that nothing behind its exit runs.
 */
public final class Tools {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LIMIT_SECONDS = 60;

    private Tools() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            ObjectNode answer = JSON.createObjectNode().put("ok", true);
            try {
                run(JSON.readTree(line), answer);
            } catch (Exception error) {
                answer.put("ok", false).put("error", error.toString());
            }
            answers.println(answer);
        }
        Runtime.getRuntime().halt(0);
    }

    private static void run(JsonNode job, ObjectNode answer) throws Exception {
        List<String> arguments = new ArrayList<>();
        job.get("arguments").forEach(one -> arguments.add(one.asText()));
        var main = Class.forName(job.get("class").asText()).getMethod("main", String[].class);
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        var code = new CompletableFuture<Integer>();
        Exit.setExitProcedure((status, message) -> leave(code, status));
        Exit.setHaltProcedure((status, message) -> leave(code, status));
        Thread thread = new Thread(() -> {
            try {
                main.invoke(null, (Object) arguments.toArray(new String[0]));
                code.complete(0);
            } catch (Throwable error) {
                error.printStackTrace();
                code.complete(1);
            }
        });
        thread.setDaemon(true);
        thread.start();
        answer.put("code", code.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        answer.put("out", out.toString(StandardCharsets.UTF_8)).put("err", err.toString(StandardCharsets.UTF_8));
    }

    private static void leave(CompletableFuture<Integer> code, int status) {
        code.complete(status);
        while (true) {
            LockSupport.park();
        }
    }
}
