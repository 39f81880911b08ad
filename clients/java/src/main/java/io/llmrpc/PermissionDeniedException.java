package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The caller may not use this method, model or provider. */
public class PermissionDeniedException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public PermissionDeniedException(String message) {
    this(Failure.of(Status.Code.PERMISSION_DENIED, message));
  }

  PermissionDeniedException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_PERMISSION_DENIED);
  }
}
