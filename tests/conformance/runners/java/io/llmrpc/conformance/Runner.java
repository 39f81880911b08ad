package io.llmrpc.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.llmrpc.GatewayClient;
import io.llmrpc.Tls;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs scenarios with the Java client and prints what it saw: see tests/conformance/README.md. */
public final class Runner {
  private Runner() {}

  /** Takes files of scenarios, or {@code --vectors} and files of serialized messages. */
  public static void main(String[] arguments) throws Exception {
    List<String> files = List.of(arguments);
    boolean vectors = !files.isEmpty() && files.get(0).equals("--vectors");
    try (PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8)) {
      for (String file : vectors ? files.subList(1, files.size()) : files) {
        JsonObject given = read(Path.of(file));
        out.println(vectors ? Vectors.again(given) : scenario(given));
      }
    }
  }

  private static JsonObject read(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  private static JsonObject scenario(JsonObject scenario) throws Exception {
    JsonArray seen = new JsonArray();
    try (GatewayClient client = client(scenario.getAsJsonObject("target"))) {
      Calls calls = new Calls(client);
      for (JsonElement call : scenario.getAsJsonArray("calls")) {
        seen.add(calls.run(call.getAsJsonObject()));
      }
    }
    JsonObject printed = new JsonObject();
    printed.add("name", scenario.get("name"));
    printed.add("calls", seen);
    return printed;
  }

  private static GatewayClient client(JsonObject target) {
    GatewayClient.Builder builder =
        GatewayClient.builder().address(target.get("address").getAsString());
    if (target.has("token")) {
      builder.token(target.get("token").getAsString());
    }
    if (target.has("ca")) {
      Tls tls = Tls.trusting(path(target, "ca"));
      boolean mutual = target.has("cert");
      builder.tls(mutual ? tls.withCertificate(path(target, "cert"), path(target, "key")) : tls);
    }
    return builder.build();
  }

  private static Path path(JsonObject target, String field) {
    return Path.of(target.get(field).getAsString());
  }
}
