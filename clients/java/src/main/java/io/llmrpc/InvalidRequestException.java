package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The request cannot be served as it stands; {@link #violations()} says why. */
public class InvalidRequestException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public InvalidRequestException(String message) {
    this(Failure.of(Status.Code.INVALID_ARGUMENT, message));
  }

  InvalidRequestException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_INVALID_REQUEST);
  }

  InvalidRequestException(Failure failure, ErrorReason reason) {
    super(failure, reason);
  }
}
