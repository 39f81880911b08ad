package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** Prompt and answer do not fit in the model's context. */
public class ContextWindowExceededException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public ContextWindowExceededException(String message) {
    this(Failure.of(Status.Code.INVALID_ARGUMENT, message));
  }

  ContextWindowExceededException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED);
  }
}
