package io.llmrpc.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import io.llmrpc.LLMClientException;
import io.llmrpc.Violation;
import java.time.Duration;
import java.util.List;

/** What goes into JSON, and what comes out of it. */
final class Printed {
  private static final String SUFFIX = "Exception";

  private Printed() {}

  /** Canonical JSON of a message. */
  static JsonElement message(MessageOrBuilder message) {
    try {
      return JsonParser.parseString(JsonFormat.printer().print(message));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static <B extends Message.Builder> B read(JsonElement json, B into)
      throws InvalidProtocolBufferException {
    JsonFormat.parser().merge(json.toString(), into);
    return into;
  }

  static JsonObject error(LLMClientException error) {
    JsonObject printed = new JsonObject();
    String name = error.getClass().getSimpleName();
    printed.addProperty("kind", name.substring(0, name.length() - SUFFIX.length()));
    printed.addProperty("code", error.code().name());
    printed.addProperty("reason", error.reason());
    printed.addProperty("message", error.getMessage());
    printed.addProperty("retryable", error.isRetryable());
    if (!error.metadata().isEmpty()) {
      JsonObject metadata = new JsonObject();
      error.metadata().forEach(metadata::addProperty);
      printed.add("metadata", metadata);
    }
    error.retryDelay().ifPresent(delay -> printed.addProperty("retry_delay", duration(delay)));
    violations(printed, "violations", "field", error.violations());
    violations(printed, "quota_violations", "subject", error.quotaViolations());
    if (!error.requestId().isEmpty()) {
      printed.addProperty("request_id", error.requestId());
    }
    error.usage().ifPresent(usage -> printed.add("usage", message(usage)));
    error.cost().ifPresent(cost -> printed.add("cost", message(cost)));
    if (!error.attempts().isEmpty()) {
      JsonArray attempts = new JsonArray();
      error.attempts().forEach(attempt -> attempts.add(message(attempt)));
      printed.add("attempts", attempts);
    }
    return printed;
  }

  private static void violations(
      JsonObject printed, String key, String subject, List<Violation> violations) {
    JsonArray all = new JsonArray();
    for (Violation violation : violations) {
      JsonObject one = new JsonObject();
      one.addProperty(subject, violation.subject());
      one.addProperty("description", violation.description());
      all.add(one);
    }
    if (!all.isEmpty()) {
      printed.add(key, all);
    }
  }

  private static String duration(Duration delay) {
    com.google.protobuf.Duration as =
        com.google.protobuf.Duration.newBuilder()
            .setSeconds(delay.getSeconds())
            .setNanos(delay.getNano())
            .build();
    return message(as).getAsString();
  }
}
