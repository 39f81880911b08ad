package io.llmrpc;

import io.llmrpc.v1.LLMMessage;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.ProviderBlock;
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

  /**
   * The blocks of the response that only its provider understands, in order, such as a request for
   * approval.
   */
  public static List<ProviderBlock> providerBlocks(LLMResponse response) {
    return response.getMessage().getPartsList().stream()
        .filter(Part::hasProviderBlock)
        .map(Part::getProviderBlock)
        .collect(Collectors.toUnmodifiableList());
  }

  /** The message that answers a provider's blocks with blocks, such as approvals. */
  public static LLMMessage toolBlocks(ProviderBlock... blocks) {
    return toolBlocks(List.of(blocks));
  }

  /** The message that answers a provider's blocks with blocks, such as approvals. */
  public static LLMMessage toolBlocks(List<ProviderBlock> blocks) {
    LLMMessage.Builder message = LLMMessage.newBuilder().setRole(Role.ROLE_TOOL);
    blocks.forEach(block -> message.addPartsBuilder().setProviderBlock(block));
    return message.build();
  }

  private static LLMMessage message(Role role, String text) {
    return LLMMessage.newBuilder().setRole(role).setContent(text).build();
  }
}
