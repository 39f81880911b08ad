package io.llmrpc;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A call with one answer, as a future: leaving the future cancels the call. */
final class UnaryCall<R> extends ClientCall.Listener<R> {
  private final Outgoing<?, R> outgoing;
  private final CompletableFuture<R> future = new CompletableFuture<>();
  private R answer;
  private int answers;
  private volatile boolean ended;

  private UnaryCall(Outgoing<?, R> outgoing) {
    this.outgoing = outgoing;
  }

  static <Q, R> CompletableFuture<R> start(Outgoing<Q, R> outgoing, Q request) {
    UnaryCall<R> listener = new UnaryCall<>(outgoing);
    // Whoever completes it, by cancel or orTimeout. Not the call's own end: it can come while
    // the request is still being sent, and gRPC throws at a message of a cancelled call.
    var unused = listener.future.whenComplete((answer, error) -> listener.left());
    try {
      outgoing.start(listener, request);
    } catch (InvalidRequestException e) {
      return CompletableFuture.failedFuture(e);
    }
    outgoing.call.request(2); // more than one answer would be a fault
    return listener.future;
  }

  private void left() {
    if (!ended) {
      outgoing.cancel();
    }
  }

  /** Waits for the answer; an interrupt cancels the call and stays set. */
  static <R> R join(CompletableFuture<R> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      future.cancel(true);
      Thread.currentThread().interrupt();
      throw interrupted(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof LLMClientException) {
        LLMClientException error = (LLMClientException) e.getCause();
        error.fillInStackTrace(); // of the caller, not of gRPC's thread
        throw error;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  static CancellationException interrupted(InterruptedException why) {
    CancellationException cancelled =
        new CancellationException("the thread was interrupted; the call is cancelled");
    cancelled.initCause(why);
    return cancelled;
  }

  @Override
  public void onMessage(R message) {
    answer = message;
    answers++;
    outgoing.call.request(1);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    ended = true;
    if (!status.isOk()) {
      future.completeExceptionally(outgoing.failed(status, trailers, false));
    } else if (answers != 1) {
      future.completeExceptionally(outgoing.notWhole("it ended with " + answers + " messages"));
    } else {
      future.complete(answer);
    }
  }
}
