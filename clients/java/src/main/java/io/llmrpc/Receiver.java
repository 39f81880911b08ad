package io.llmrpc;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.Deque;

/** The messages of one call for a thread that reads: few are held, the rest waits at the sender. */
class Receiver<R> extends ClientCall.Listener<R> {
  /** How many messages may wait here. */
  static final int AHEAD = 8;

  private final Outgoing<?, R> outgoing;
  private final Deque<R> waiting = new ArrayDeque<>();
  private boolean started;
  private Status status;
  private Metadata trailers;

  Receiver(Outgoing<?, R> outgoing) {
    this.outgoing = outgoing;
  }

  /**
   * The next message, or null once the call has ended well.
   *
   * @throws LLMClientException for any other end
   */
  R take() {
    R message;
    synchronized (this) {
      try {
        while (waiting.isEmpty() && status == null) {
          wait();
        }
      } catch (InterruptedException e) {
        outgoing.cancel();
        Thread.currentThread().interrupt();
        throw UnaryCall.interrupted(e);
      }
      message = waiting.poll();
      if (message == null) {
        if (status.isOk()) {
          return null;
        }
        throw outgoing.failed(status, trailers, started);
      }
      started = true;
    }
    outgoing.call.request(1);
    return message;
  }

  @Override
  public synchronized void onMessage(R message) {
    waiting.add(message);
    notifyAll();
  }

  @Override
  public synchronized void onClose(Status end, Metadata metadata) {
    status = end;
    trailers = metadata;
    notifyAll();
  }
}
