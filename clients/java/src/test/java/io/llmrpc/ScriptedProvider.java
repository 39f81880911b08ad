package io.llmrpc;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Function;

/**
 * OpenAI's two protocols, Anthropic's and Google's on loopback, as the programs of the README use
 * them: a request that is not as expected is refused, which ends the program.
 */
final class ScriptedProvider implements AutoCloseable {
  private static final JsonElement APPROVAL =
      JsonParser.parseString(
          """
          {"type": "mcp_approval_request", "id": "mcpr_1", "name": "order",
           "server_label": "shop", "arguments": "{}"}
          """);

  /** What answers each path. */
  private static final Map<String, Function<JsonObject, String>> METHODS =
      Map.of(
          "/v1/chat/completions", ScriptedProvider::complete,
          "/v1/responses", ScriptedProvider::order,
          "/v1/messages", ScriptedProvider::search,
          "/v1beta/models", ScriptedProvider::draw);

  private final HttpServer server;

  ScriptedProvider() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    METHODS.forEach(
        (path, method) -> server.createContext(path, exchange -> answer(exchange, method)));
    server.start();
  }

  /** For the configuration of a gateway, which has echo beside it. */
  String settings() {
    return """
        default_model: echo
        models: {discovery: false}
        providers:
          echo: {}
          openai: {api_keys: [a-key], base_url: 'HOST/v1'}
          anthropic: {api_keys: [a-key], base_url: 'HOST'}
          google: {api_keys: [a-key], base_url: 'HOST/v1beta'}
        """
        .replace("HOST", "http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** OpenAI's Chat Completions: an allowed tool is called, its result told, a schema followed. */
  private static String complete(JsonObject asked) {
    JsonObject message = new JsonObject();
    message.addProperty("role", "assistant");
    if (last(asked, "messages").get("role").getAsString().equals("tool")) {
      message.addProperty("content", "Yes: rain.");
    } else if (asked.has("response_format")) {
      message.addProperty("content", "{\"animal\": \"cat\"}");
    } else {
      JsonElement choice = asked.get("tool_choice");
      String names = choice.toString();
      expect(names.contains("forecast") && !names.contains("alarm"), choice);
      message.add(
          "tool_calls",
          JsonParser.parseString(
              """
              [{"id": "c1", "type": "function",
                "function": {"name": "weather", "arguments": "{\\"city\\": \\"Lyon\\"}"}}]
              """));
    }
    return """
        {"id": "x", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
         "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}],
         "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        """
        .replace("MESSAGE", message.toString());
  }

  /** OpenAI's Responses: the tool of a server is called once that is approved. */
  private static String order(JsonObject asked) {
    String item = APPROVAL.toString();
    if (last(asked, "input").has("approve")) {
      JsonArray input = asked.getAsJsonArray("input");
      JsonElement back = input.get(input.size() - 2);
      expect(back.equals(APPROVAL), back);
      item =
          """
          {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
           "content": [{"type": "output_text", "text": "Done.", "annotations": []}]}
          """;
    }
    return """
        {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5.6",
         "error": null, "status": "completed", "output": [ITEM],
         "usage": {"input_tokens": 3, "output_tokens": 2}}
        """
        .replace("ITEM", item);
  }

  /** Anthropic's Messages: a search, and a text that cites what it found. */
  private static String search(JsonObject asked) {
    JsonElement tools = asked.get("tools");
    expect(tools.toString().contains("\"max_uses\":3"), tools);
    return """
        {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5",
         "stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 5,
         "server_tool_use": {"web_search_requests": 1}}, "content": [
           {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
            "input": {"query": "java"}},
           {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
           {"type": "text", "text": "It is Java 26.", "citations": [
             {"type": "web_search_result_location", "cited_text": "26", "encrypted_index": "Eo8B",
              "url": "https://jdk.example/", "title": "JDK Releases"}]}]}
        """;
  }

  /** Google's generateContent: a text and an image. */
  private static String draw(JsonObject asked) {
    JsonElement wanted = asked.getAsJsonObject("generationConfig").get("responseModalities");
    expect(wanted.getAsJsonArray().size() == 2, wanted);
    return """
        {"responseId": "1", "modelVersion": "gemini-3.1-flash-image", "candidates": [{
           "index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
             {"text": "An umbrella."},
             {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}}],
         "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9,
           "totalTokenCount": 12}}
        """;
  }

  private static JsonObject last(JsonObject asked, String list) {
    JsonArray items = asked.getAsJsonArray(list);
    return items.get(items.size() - 1).getAsJsonObject();
  }

  private static void expect(boolean holds, JsonElement got) {
    if (!holds) {
      throw new IllegalArgumentException("unexpected: " + got);
    }
  }

  private static void answer(HttpExchange exchange, Function<JsonObject, String> method)
      throws IOException {
    String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    int status = 200;
    String answer;
    try {
      answer = method.apply(JsonParser.parseString(asked).getAsJsonObject());
    } catch (RuntimeException e) {
      status = 400;
      JsonObject error = new JsonObject();
      error.addProperty("message", e.toString());
      JsonObject refusal = new JsonObject();
      refusal.add("error", error);
      answer = refusal.toString();
    }
    byte[] body = answer.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
