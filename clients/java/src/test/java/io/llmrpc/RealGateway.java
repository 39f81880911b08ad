package io.llmrpc;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code llmrpc-server} of this repository as a process, with echo as its only provider. */
final class RealGateway implements AutoCloseable {
  private static final Path BIN = Path.of("..", "..", ".venv", "bin").toAbsolutePath().normalize();
  private static final Pattern ANNOUNCED = Pattern.compile("gRPC\\s+(\\S+)");

  private final Process process;
  private final String address;

  private RealGateway(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  /** Starts one on a free port; {@code settings} are more lines of its configuration. */
  static RealGateway start(Path folder, String listen, String settings) throws IOException {
    if (!Files.exists(BIN.resolve("llmrpc-server"))) {
      throw new IllegalStateException("there is no gateway to start; run `make .venv/.dev` first");
    }
    Path config = folder.resolve("llmrpc.yaml");
    Files.writeString(config, "listen:\n  address: 127.0.0.1:0\n" + listen + "\n" + settings);
    ProcessBuilder command =
        new ProcessBuilder(BIN.resolve("llmrpc-server").toString(), "--config", config.toString());
    Map<String, String> environment = command.environment();
    environment.clear();
    environment.put("PATH", System.getenv("PATH"));
    environment.put("PYTHONUNBUFFERED", "1");
    Path log = folder.resolve("log");
    Process process = command.redirectError(log.toFile()).start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      Matcher announced = ANNOUNCED.matcher(line);
      if (announced.find()) {
        return new RealGateway(process, announced.group(1));
      }
    }
    throw new IllegalStateException("the gateway did not start: " + Files.readString(log));
  }

  /** Certificates of an authority of their own: client.pem trusts, server.pem and .key prove. */
  static void certificates(Path folder) throws IOException, InterruptedException {
    Process made =
        new ProcessBuilder(
                BIN.resolve("python").toString(),
                "-m",
                "trustme",
                "--quiet",
                "--dir",
                folder.toString(),
                "--identities",
                "localhost",
                "127.0.0.1")
            .inheritIO()
            .start();
    if (made.waitFor() != 0) {
      throw new IllegalStateException("trustme made no certificates");
    }
  }

  String address() {
    return address;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
