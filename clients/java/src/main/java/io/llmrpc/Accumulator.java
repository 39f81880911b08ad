package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.StreamEvent;
import io.llmrpc.v1.ToolCall;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds the answer from the events of a stream: what {@code generate} would have returned.
 *
 * <p>Add every event in its order, then ask for the {@link #response}. In between {@link #parts}
 * and {@link #text} give the answer as it stands. One thread at a time.
 */
public final class Accumulator {
  private final EventOrder order = new EventOrder();
  private final List<PartBuilder> parts = new ArrayList<>();
  private LLMResponse completed;

  /**
   * The response of a whole stream.
   *
   * @throws StreamInterruptedException where it is not whole: a gap in the sequence, no {@code
   *     completed} at the end or an event behind it, or deltas that do not add up to the completed
   *     message
   */
  public static LLMResponse accumulate(Iterable<StreamEvent> events) {
    Accumulator accumulator = new Accumulator();
    events.forEach(accumulator::add);
    return accumulator.response();
  }

  /**
   * Adds the next event.
   *
   * @throws StreamInterruptedException where something was lost before it
   */
  public void add(StreamEvent event) {
    check(order.fault(event));
    event.getDeltasList().forEach(this::add);
    if (event.hasCompleted()) {
      completed = event.getCompleted();
    }
  }

  /** The parts as they stand. */
  public List<Part> parts() {
    List<Part> built = new ArrayList<>();
    parts.forEach(part -> built.add(part.build()));
    return List.copyOf(built);
  }

  /** The text as it stands. */
  public String text() {
    StringBuilder text = new StringBuilder();
    for (PartBuilder part : parts) {
      if (part.kind == Delta.KindCase.TEXT) {
        text.append(part.text);
      }
    }
    return text.toString();
  }

  /**
   * The whole answer.
   *
   * @throws StreamInterruptedException as {@link #accumulate} says
   */
  public LLMResponse response() {
    check(order.faultAtEnd());
    if (!parts().equals(completed.getMessage().getPartsList())) {
      throw broken("the deltas do not add up to the completed message");
    }
    return completed;
  }

  private void add(Delta delta) {
    Delta.KindCase kind = delta.getKindCase();
    int place = delta.getPartIndex();
    boolean signature = kind == Delta.KindCase.SIGNATURE;
    if (place < 0 || place > parts.size() || (signature && place == parts.size())) {
      throw broken("part " + place + " came while " + parts.size() + " parts were known");
    }
    if (signature) {
      parts.get(place).signature = delta.getSignature();
      return;
    }
    if (kind == Delta.KindCase.KIND_NOT_SET) {
      return; // newer than this client
    }
    if (place == parts.size()) {
      parts.add(new PartBuilder(kind));
    } else if (parts.get(place).kind != kind) {
      throw broken("part " + place + " changed from " + parts.get(place).kind + " to " + kind);
    }
    parts.get(place).add(delta);
  }

  private static void check(String fault) {
    if (fault != null) {
      throw broken(fault);
    }
  }

  private static StreamInterruptedException broken(String what) {
    return new StreamInterruptedException(
        Failure.of(Status.Code.UNAVAILABLE, "the stream is not whole: " + what));
  }

  /** A part under construction; texts are joined once, at the end. */
  private static final class PartBuilder {
    final Delta.KindCase kind;
    final StringBuilder text = new StringBuilder();
    private ToolCall call = ToolCall.getDefaultInstance();
    private io.llmrpc.v1.Signature signature;

    PartBuilder(Delta.KindCase kind) {
      this.kind = kind;
    }

    void add(Delta delta) {
      switch (kind) {
        case TEXT:
          text.append(delta.getText());
          break;
        case REASONING:
          text.append(delta.getReasoning());
          break;
        case REDACTED_REASONING:
          text.append(delta.getRedactedReasoning());
          break;
        case REFUSAL:
          text.append(delta.getRefusal());
          break;
        case TOOL_CALL:
          if (text.length() == 0 && call.getId().isEmpty() && call.getName().isEmpty()) {
            call = delta.getToolCall();
          }
          text.append(delta.getToolCall().getArguments());
          break;
        default:
          throw new AssertionError(kind);
      }
    }

    Part build() {
      Part.Builder part = Part.newBuilder();
      if (signature != null) {
        part.setSignature(signature);
      }
      String whole = text.toString();
      switch (kind) {
        case TEXT:
          return part.setText(whole).build();
        case REASONING:
          return part.setReasoning(whole).build();
        case REDACTED_REASONING:
          return part.setRedactedReasoning(whole).build();
        case REFUSAL:
          return part.setRefusal(whole).build();
        default:
          return part.setToolCall(call.toBuilder().setArguments(whole)).build();
      }
    }
  }
}
