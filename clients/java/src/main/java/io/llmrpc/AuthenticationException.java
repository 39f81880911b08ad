package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The caller is unknown at the gateway, or a provider refuses the gateway's key. */
public class AuthenticationException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public AuthenticationException(String message) {
    this(Failure.of(Status.Code.UNAUTHENTICATED, message));
  }

  AuthenticationException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_UNAUTHENTICATED);
  }
}
