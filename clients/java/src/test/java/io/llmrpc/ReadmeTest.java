package io.llmrpc;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every program of the README, and the example, compiles and runs against a real gateway. */
class ReadmeTest {
  private static final Pattern PROGRAM =
      Pattern.compile(
          "^```java\n(.*?public class (\\w+).*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

  private static final String CLASSES =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  /** What each program prints, as a pattern. */
  private static final Map<String, String> SAYS =
      Map.ofEntries(
          entry("First", "What is a stream\\?\necho, \\d+ tokens\n\\$0\\.0000\n"),
          entry("Story", "Tell me a story\\.\nIt begins with Tell\n4 tokens\n0 nano-USD\n"),
          entry("Subscribed", "Tell me a story\\.\n"),
          entry("Conversation", "What is a stream\\?\nShorter, please\\.\n4 messages\n"),
          entry("Umbrella", "calling weather \\{\"city\": \"Lyon\"}\nYes: rain\\.\n"),
          entry(
              "Searched",
              "It is Java 26\\.\nsource: JDK Releases https://jdk\\.example/\n1 searches\n"),
          entry("Drawn", "An umbrella\\.\nimage/png, 8 bytes\n"),
          entry("Approved", "approving \\{.*mcp_approval_request.*}\nDone\\.\n"),
          entry("Picture", "\\{\"animal\": \"cat\"}\n"),
          entry("Cities", "(?s).*Porto A sentence about Porto, please\\.\n.*"),
          entry(
              "Counted",
              "(?s)4 tokens, by METHOD_.*/gpt-4o-mini \\d+ tokens\nit reads \\[MODALITY_.*SERVING\n"),
          entry("Options", "order-17\n"),
          entry("Failing", "(?s).* NOT_FOUND MODEL_NOT_FOUND [0-9a-f]{32}\n"));

  @TempDir static Path folder;
  private static ScriptedProvider provider;
  private static RealGateway gateway;

  @BeforeAll
  static void start() throws Exception {
    provider = new ScriptedProvider();
    gateway = RealGateway.start(folder, "", provider.settings());
  }

  @AfterAll
  static void stop() {
    gateway.close();
    provider.close();
  }

  @Test
  void everyProgramRuns() throws Exception {
    Map<String, String> programs = new TreeMap<>();
    Matcher found = PROGRAM.matcher(Files.readString(Path.of("README.md")));
    while (found.find()) {
      programs.put(found.group(2), found.group(1));
    }
    assertEquals(new TreeMap<>(SAYS).keySet(), programs.keySet());
    List<String> compiler = new ArrayList<>(List.of("-Xlint:all", "-Werror", "--release", "11"));
    compiler.addAll(List.of("-cp", CLASSES, "-d", folder.toString()));
    for (Map.Entry<String, String> program : programs.entrySet()) {
      Path source = folder.resolve(program.getKey() + ".java");
      Files.writeString(source, program.getValue().replace("localhost:50051", gateway.address()));
      compiler.add(source.toString());
    }
    assertEquals(
        0,
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, compiler.toArray(new String[0])));
    List<String> inTurn = new ArrayList<>(List.of(InTurn.class.getName()));
    inTurn.addAll(programs.keySet());
    String all = run("", inTurn.toArray(new String[0]));
    List<String> said = new ArrayList<>(List.of(all.split(InTurn.END, -1)));
    assertEquals("", said.remove(said.size() - 1), "what comes behind the last program");
    assertEquals(programs.size(), said.size(), all);
    for (String name : programs.keySet()) {
      String its = said.remove(0);
      assertTrue(its.matches(SAYS.get(name)), name + " printed " + its);
    }
  }

  @Test
  void theExampleRuns() throws Exception {
    String said = run("Good morning\nAnd good night\n", "chat.Chat", gateway.address(), "echo");
    assertEquals("Good morning\nAnd good night\n", said);
  }

  @Test
  void theExampleGoesOnBehindAQuestionThatFails() throws Exception {
    String said = run("Hello\n", "chat.Chat", gateway.address(), "nobody/has-this");
    assertTrue(said.contains("(MODEL_NOT_FOUND, "), said);
  }

  private static String run(String input, String... program)
      throws IOException, InterruptedException {
    String all = folder + System.getProperty("path.separator") + CLASSES;
    List<String> command = new ArrayList<>(List.of("java", "-XX:TieredStopAtLevel=1", "-cp", all));
    command.addAll(List.of(program));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }
}
