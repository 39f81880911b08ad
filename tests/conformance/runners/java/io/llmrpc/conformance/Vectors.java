package io.llmrpc.conformance;

import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.util.Base64;

/** Serialized messages, parsed and serialized again. */
final class Vectors {
  private Vectors() {}

  static JsonObject again(JsonObject vector) throws ReflectiveOperationException {
    JsonObject printed = new JsonObject();
    printed.add("name", vector.get("name"));
    byte[] bytes = Base64.getDecoder().decode(vector.get("bytes").getAsString());
    try {
      Message message = parser(vector.get("message").getAsString()).parseFrom(bytes);
      printed.addProperty("bytes", Base64.getEncoder().encodeToString(message.toByteArray()));
      if (vector.has("json")) {
        printed.add("json", Printed.message(message));
      }
    } catch (InvalidProtocolBufferException e) {
      printed.addProperty("error", e.getMessage());
    }
    return printed;
  }

  private static Parser<? extends Message> parser(String name)
      throws ReflectiveOperationException {
    Class<?> type = Class.forName("io." + name);
    Message any = (Message) type.getMethod("getDefaultInstance").invoke(null);
    return any.getParserForType();
  }
}
