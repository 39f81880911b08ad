package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The gateway's release does not have the method. */
public class MethodNotImplementedException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public MethodNotImplementedException(String message) {
    this(Failure.of(Status.Code.UNIMPLEMENTED, message));
  }

  MethodNotImplementedException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_METHOD_NOT_IMPLEMENTED);
  }
}
