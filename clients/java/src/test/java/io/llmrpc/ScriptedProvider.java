package io.llmrpc;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** OpenAI's Chat Completions on loopback: a tool is called, its result told, a schema followed. */
final class ScriptedProvider implements AutoCloseable {
  private static final String TEXT = "{\"role\": \"assistant\", \"content\": \"%s\"}";
  private static final String CALL =
      "{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"c1\", \"type\":"
          + " \"function\", \"function\": {\"name\": \"weather\", \"arguments\": \"{\\\"city\\\":"
          + " \\\"Lyon\\\"}\"}}]}";
  private static final String BEFORE =
      "{\"id\": \"x\", \"object\": \"chat.completion\", \"created\": 1, \"model\": \"gpt-4o-mini\","
          + " \"choices\": [{\"index\": 0, \"finish_reason\": \"stop\", \"message\": ";
  private static final String BEHIND =
      "}], \"usage\": {\"prompt_tokens\": 1, \"completion_tokens\": 1, \"total_tokens\": 2}}";

  private final HttpServer server;

  ScriptedProvider() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/chat/completions", ScriptedProvider::answer);
    server.start();
  }

  /** For the configuration of a gateway, which has echo beside it. */
  String settings() {
    return "default_model: echo\nmodels: {discovery: false}\nproviders:\n  echo: {}\n"
        + "  openai: {api_keys: [a-key], base_url: 'http://127.0.0.1:"
        + server.getAddress().getPort()
        + "/v1'}\n";
  }

  private static void answer(HttpExchange exchange) throws IOException {
    String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    String message = CALL;
    if (asked.contains("tool_call_id")) {
      message = String.format(TEXT, "Yes: rain.");
    } else if (asked.contains("json_schema")) {
      message = String.format(TEXT, "{\\\"animal\\\": \\\"cat\\\"}");
    }
    byte[] body = (BEFORE + message + BEHIND).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
