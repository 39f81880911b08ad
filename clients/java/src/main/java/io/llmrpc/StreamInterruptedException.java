package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The stream broke after its first event; {@link #usage()} is what it used. */
public class StreamInterruptedException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public StreamInterruptedException(String message) {
    this(Failure.of(Status.Code.UNAVAILABLE, message));
  }

  StreamInterruptedException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_STREAM_INTERRUPTED);
  }
}
