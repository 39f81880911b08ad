package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.StreamEvent;
import java.util.List;

/**
 * Builds the response from the events of a stream: what {@code generate} would have returned.
 *
 * <p>Add every event in its order, then ask for the {@link #response}. In between {@link #parts}
 * and {@link #text} give the response as it stands. One thread at a time.
 *
 * <p>The gateway may be newer than this client. Parts of unknown kinds are counted and passed over;
 * the response has them and all unknown fields, and a later request sends them back.
 */
public final class Accumulator {
  private final EventOrder order = new EventOrder();
  private BuiltParts parts = new BuiltParts();
  private LLMResponse completed;

  /**
   * The response of a complete stream.
   *
   * @throws StreamInterruptedException if the stream is not complete: a gap in the sequence, no
   *     {@code completed} at the end or an event after it, or deltas that do not add up to the
   *     completed message
   */
  public static LLMResponse accumulate(Iterable<StreamEvent> events) {
    Accumulator accumulator = new Accumulator();
    events.forEach(accumulator::add);
    return accumulator.response();
  }

  /**
   * Adds the next event. One with {@code restarted} discards all parts before it.
   *
   * @throws StreamInterruptedException if something was lost before it
   */
  public void add(StreamEvent event) {
    check(order.fault(event));
    if (event.hasRestarted()) {
      parts = new BuiltParts();
    }
    event.getDeltasList().forEach(delta -> check(parts.add(delta)));
    if (event.hasCompleted()) {
      completed = event.getCompleted();
    }
  }

  /** The parts as they stand; one of an unknown kind is empty. */
  public List<Part> parts() {
    return parts.build();
  }

  /** The text as it stands. */
  public String text() {
    return parts.text();
  }

  /**
   * The completed response, as it arrived.
   *
   * @throws StreamInterruptedException as {@link #accumulate} says
   */
  public LLMResponse response() {
    check(order.faultAtEnd());
    check(parts.fault(completed.getMessage().getPartsList()));
    return completed;
  }

  private static void check(String fault) {
    if (fault != null) {
      throw new StreamInterruptedException(
          Failure.of(Status.Code.UNAVAILABLE, "the stream is not whole: " + fault));
    }
  }
}
