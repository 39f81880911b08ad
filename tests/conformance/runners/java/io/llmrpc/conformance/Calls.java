package io.llmrpc.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import io.llmrpc.Accumulator;
import io.llmrpc.Exceptions;
import io.llmrpc.GatewayClient;
import io.llmrpc.LLMClientException;
import io.llmrpc.RequestOptions;
import io.llmrpc.ResponseStream;
import io.llmrpc.v1.BatchItem;
import io.llmrpc.v1.BatchResult;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMMessage;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.StreamEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

/** The calls of one scenario, in their order; a call may go on from the one before. */
final class Calls {
  private final GatewayClient client;
  private GenerateRequest lastRequest = GenerateRequest.getDefaultInstance();
  private LLMMessage lastAnswer = LLMMessage.getDefaultInstance();

  Calls(GatewayClient client) {
    this.client = client;
  }

  /** What the call gave, as the runner prints it. */
  JsonObject run(JsonObject call) throws Exception {
    JsonObject printed = new JsonObject();
    Exception[] broken = new Exception[1];
    Thread caller =
        new Thread(
            () -> {
              try {
                ask(call, printed);
              } catch (LLMClientException e) {
                printed.add("error", Printed.error(e));
              } catch (CancellationException e) {
                printed.addProperty("cancelled", true);
              } catch (InvalidProtocolBufferException | RuntimeException e) {
                broken[0] = e;
              }
            });
    caller.start();
    if (call.has("cancel_when")) {
      Path signal = Path.of(call.get("cancel_when").getAsString());
      while (caller.isAlive() && !Files.exists(signal)) {
        caller.join(5);
      }
      caller.interrupt(); // the client cancels what an interrupted thread waits for
    }
    caller.join();
    if (broken[0] != null) {
      throw broken[0];
    }
    return printed;
  }

  private void ask(JsonObject call, JsonObject printed) throws InvalidProtocolBufferException {
    RequestOptions options = options(call);
    String method = call.get("method").getAsString();
    switch (method) {
      case "Generate" -> {
        LLMResponse response = client.generate(request(call), options);
        lastAnswer = response.getMessage();
        printed.add("response", Printed.message(response));
      }
      case "StreamText" -> stream(call, options, printed);
      case "Text" -> {
        JsonArray texts = new JsonArray();
        printed.add("texts", texts);
        try (ResponseStream<String> pieces = client.streamText(request(call), options)) {
          pieces.forEachRemaining(texts::add);
        }
      }
      case "BatchGenerate" -> batch(call, options, printed);
      case "CountTokens" ->
          printed.add("response", Printed.message(client.countTokens(request(call), options)));
      case "ListModels" -> {
        JsonArray models = new JsonArray();
        client.models(text(call, "filter"), options).forEach(m -> models.add(Printed.message(m)));
        printed.add("models", models);
      }
      case "Health" ->
          printed.addProperty("health", client.health(text(call, "service"), options).name());
      default -> throw new IllegalArgumentException("no such method: " + method);
    }
  }

  private void stream(JsonObject call, RequestOptions options, JsonObject printed)
      throws InvalidProtocolBufferException {
    int most = call.has("cancel_after") ? call.get("cancel_after").getAsInt() : 0;
    List<StreamEvent> events = new ArrayList<>();
    JsonArray seen = new JsonArray();
    printed.add("events", seen);
    try (ResponseStream<StreamEvent> stream = client.stream(request(call), options)) {
      while (stream.hasNext()) {
        StreamEvent event = stream.next();
        events.add(event);
        seen.add(Printed.message(event));
        if (events.size() == most) {
          printed.addProperty("cancelled", true);
          return;
        }
      }
    }
    LLMResponse whole = Accumulator.accumulate(events);
    lastAnswer = whole.getMessage();
    printed.add("accumulated", Printed.message(whole));
    if (call.has("bytes")) {
      printed.addProperty("bytes", Base64.getEncoder().encodeToString(whole.toByteArray()));
    }
  }

  private void batch(JsonObject call, RequestOptions options, JsonObject printed)
      throws InvalidProtocolBufferException {
    List<BatchItem> items = new ArrayList<>();
    for (JsonElement item : call.getAsJsonArray("request")) {
      items.add(Printed.read(item, BatchItem.newBuilder()).build());
    }
    JsonArray results = new JsonArray();
    printed.add("results", results);
    try (ResponseStream<BatchResult> stream = client.batch(items, options)) {
      stream.forEachRemaining(result -> results.add(result(result)));
    }
  }

  private static JsonObject result(BatchResult result) {
    JsonObject printed = new JsonObject();
    printed.addProperty("id", result.getId());
    if (result.hasResponse()) {
      printed.add("response", Printed.message(result.getResponse()));
    } else {
      printed.add("error", Printed.error(Exceptions.fromStatus(result.getStatus())));
    }
    return printed;
  }

  private GenerateRequest request(JsonObject call) throws InvalidProtocolBufferException {
    GenerateRequest.Builder request;
    if (call.has("continue")) {
      request = lastRequest.toBuilder().addMessages(lastAnswer);
      for (JsonElement message : call.getAsJsonArray("continue")) {
        request.addMessages(Printed.read(message, LLMMessage.newBuilder()));
      }
    } else {
      request = Printed.read(call.get("request"), GenerateRequest.newBuilder());
    }
    lastRequest = request.build();
    return lastRequest;
  }

  private static RequestOptions options(JsonObject call) {
    RequestOptions options = RequestOptions.none();
    if (call.has("timeout_ms")) {
      options = options.withTimeout(Duration.ofMillis(call.get("timeout_ms").getAsLong()));
    }
    if (call.has("request_id")) {
      options = options.withRequestId(call.get("request_id").getAsString());
    }
    if (call.has("metadata")) {
      for (Map.Entry<String, JsonElement> header :
          call.getAsJsonObject("metadata").entrySet()) {
        options = options.withHeader(header.getKey(), header.getValue().getAsString());
      }
    }
    return options;
  }

  private static String text(JsonObject call, String field) {
    JsonElement request = call.get("request");
    boolean said = request != null && request.getAsJsonObject().has(field);
    return said ? request.getAsJsonObject().get(field).getAsString() : "";
  }
}
