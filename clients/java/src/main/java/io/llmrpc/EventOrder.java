package io.llmrpc;

import io.llmrpc.v1.StreamEvent;

/** Holds the events of one stream to the contract: no gap, and one completed, which is the last. */
final class EventOrder {
  private int expected = 1;
  private boolean whole;

  /** What is wrong with the event in its place; null: nothing. */
  String fault(StreamEvent event) {
    if (whole) {
      return "event " + event.getSequence() + " came behind the completed response";
    }
    if (event.getSequence() != expected) {
      return "event " + event.getSequence() + " came for " + expected;
    }
    expected++;
    whole = event.hasCompleted();
    return null;
  }

  /** What is wrong with an end here; null: nothing. */
  String faultAtEnd() {
    return whole ? null : "it ended without its completed response";
  }
}
