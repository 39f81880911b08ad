package io.llmrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.llmrpc.v1.Annotation;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.Image;
import io.llmrpc.v1.LLMMessage;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.ProviderBlock;
import io.llmrpc.v1.Role;
import io.llmrpc.v1.Signature;
import io.llmrpc.v1.StreamEvent;
import io.llmrpc.v1.ToolCall;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What streams are made of, also those of a gateway that is newer than this client: on the wire, a
 * kind or a field that v1 lacks is only a number.
 */
final class Deltas {
  /** A field that v1 has nowhere. */
  private static final ByteString NEWS =
      UnknownFieldSet.newBuilder()
          .addField(
              100,
              UnknownFieldSet.Field.newBuilder()
                  .addLengthDelimited(ByteString.copyFromUtf8("news"))
                  .build())
          .build()
          .toByteString();

  static final ToolCall CALL =
      ToolCall.newBuilder().setId("c").setName("f").setArguments("{}").build();
  static final ProviderBlock BLOCK =
      ProviderBlock.newBuilder().setProvider("p").setType("t").setData("{}").build();
  static final Image IMAGE =
      Image.newBuilder().setData(ByteString.copyFromUtf8("x")).setMediaType("image/png").build();
  static final Signature SIGNATURE = Signature.newBuilder().setProvider("p").setData("s").build();
  static final Annotation SOURCE =
      Annotation.newBuilder().setProvider("p").setUrl("https://example.com/").build();

  private Deltas() {}

  /** The message with a field that this client does not know. */
  @SuppressWarnings("unchecked")
  static <M extends Message> M withNews(M message) {
    try {
      return (M) message.toBuilder().mergeFrom(NEWS).build();
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Delta.Builder at(int index) {
    return Delta.newBuilder().setPartIndex(index);
  }

  static Delta text(int index, String text) {
    return at(index).setText(text).build();
  }

  /** A delta of a kind that this client does not know. */
  static Delta unknown(int index) {
    return withNews(at(index).build());
  }

  /** A part of a kind that this client does not know. */
  static Part unknownPart() {
    return withNews(Part.getDefaultInstance());
  }

  /** A stream with an event for each delta, which is completed with these parts. */
  static List<StreamEvent> stream(List<Delta> deltas, List<Part> parts) {
    List<StreamEvent> events = new ArrayList<>();
    for (Delta delta : deltas) {
      events.add(event(events.size() + 1).addDeltas(delta).build());
    }
    events.add(completed(events.size() + 1, parts));
    return events;
  }

  static StreamEvent completed(int sequence, List<Part> parts) {
    LLMMessage.Builder message = LLMMessage.newBuilder().setRole(Role.ROLE_ASSISTANT);
    LLMResponse.Builder response = LLMResponse.newBuilder().setMessage(message.addAllParts(parts));
    return event(sequence).setCompleted(response).build();
  }

  static StreamEvent.Builder event(int sequence) {
    return StreamEvent.newBuilder().setSequence(sequence);
  }
}
