package io.llmrpc;

import io.llmrpc.v1.LLMMessage;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.Role;
import io.llmrpc.v1.ToolCall;
import io.llmrpc.v1.ToolResult;
import java.util.List;
import java.util.stream.Collectors;

/** The messages that most conversations are made of. */
public final class Messages {
  private Messages() {}

  /** Instructions to the model. */
  public static LLMMessage system(String text) {
    return message(Role.ROLE_SYSTEM, text);
  }

  /** What the person says. */
  public static LLMMessage user(String text) {
    return message(Role.ROLE_USER, text);
  }

  /** What the person says and shows, in {@link Parts}. */
  public static LLMMessage user(Part... parts) {
    return LLMMessage.newBuilder().setRole(Role.ROLE_USER).addAllParts(List.of(parts)).build();
  }

  /** An answer that no model of the conversation gave; else send {@code response.getMessage()}. */
  public static LLMMessage assistant(String text) {
    return message(Role.ROLE_ASSISTANT, text);
  }

  /** The calls of tools that the model wants made, in order. */
  public static List<ToolCall> toolCalls(LLMResponse response) {
    return response.getMessage().getPartsList().stream()
        .filter(Part::hasToolCall)
        .map(Part::getToolCall)
        .collect(Collectors.toUnmodifiableList());
  }

  /** What a tool gave for a call of it; several calls have a message each. */
  public static LLMMessage toolResult(ToolCall call, String content) {
    ToolResult result =
        ToolResult.newBuilder()
            .setToolCallId(call.getId())
            .setName(call.getName())
            .setContent(content)
            .build();
    return LLMMessage.newBuilder()
        .setRole(Role.ROLE_TOOL)
        .addParts(Part.newBuilder().setToolResult(result))
        .build();
  }

  private static LLMMessage message(Role role, String text) {
    return LLMMessage.newBuilder().setRole(role).setContent(text).build();
  }
}
