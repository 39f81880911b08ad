package io.llmrpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every program of the README compiles and runs against a real gateway. */
class ReadmeTest {
  private static final Pattern PROGRAM =
      Pattern.compile(
          "^```java\n(.*?public class (\\w+).*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

  @Test
  void everyProgramRuns(@TempDir Path folder) throws Exception {
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    int ran = 0;
    try (RealGateway gateway = RealGateway.start(folder, "", "")) {
      Matcher programs = PROGRAM.matcher(Files.readString(Path.of("README.md")));
      for (; programs.find(); ran++) {
        Path source = folder.resolve(programs.group(2) + ".java");
        Files.writeString(source, programs.group(1).replace("localhost:50051", gateway.address()));
        int compiled =
            ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", classes, "-d", folder.toString(), source.toString());
        assertEquals(0, compiled, source.toString());
        Process run =
            new ProcessBuilder("java", "-cp", folder + ":" + classes, programs.group(2))
                .redirectErrorStream(true)
                .start();
        String said =
            new String(
                run.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertEquals(0, run.waitFor(), said);
        assertFalse(said.isBlank());
      }
    }
    assertEquals(2, ran);
  }
}
