package io.llmrpc;

import io.llmrpc.v1.Delta;
import io.llmrpc.v1.StreamEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/** The text of a stream, and nothing else of it. */
final class TextStream extends ResponseStream<String> {
  private final ResponseStream<StreamEvent> events;
  private final Deque<String> texts = new ArrayDeque<>();

  TextStream(ResponseStream<StreamEvent> events) {
    this.events = events;
  }

  static List<String> of(StreamEvent event) {
    return event.getDeltasList().stream()
        .filter(Delta::hasText)
        .map(Delta::getText)
        .collect(Collectors.toUnmodifiableList());
  }

  @Override
  String advance() {
    while (texts.isEmpty() && events.hasNext()) {
      texts.addAll(of(events.next()));
    }
    return texts.poll();
  }

  @Override
  public void close() {
    events.close();
  }
}
