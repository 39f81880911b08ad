package io.llmrpc;

import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.StreamEvent;

/** The events of one StreamText call, checked on the way. */
final class EventStream extends ResponseStream<StreamEvent> {
  private final Outgoing<GenerateRequest, StreamEvent> outgoing;
  private final Receiver<StreamEvent> receiver;
  private final EventOrder order = new EventOrder();

  EventStream(Outgoing<GenerateRequest, StreamEvent> outgoing, GenerateRequest request) {
    this.outgoing = outgoing;
    receiver = new Receiver<>(outgoing);
    outgoing.start(receiver, request);
    outgoing.call.request(Receiver.AHEAD);
    whenForgotten(outgoing::cancel);
  }

  @Override
  StreamEvent advance() {
    StreamEvent event = receiver.take();
    String fault = event == null ? order.faultAtEnd() : order.fault(event);
    if (fault != null) {
      close();
      throw outgoing.notWhole(fault);
    }
    return event;
  }

  @Override
  public void close() {
    outgoing.cancel();
  }
}
