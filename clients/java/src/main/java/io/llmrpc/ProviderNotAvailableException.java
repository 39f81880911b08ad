package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** Down, unreachable, overloaded, or answering nonsense: a provider, or the gateway itself. */
public class ProviderNotAvailableException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public ProviderNotAvailableException(String message) {
    this(Failure.of(Status.Code.UNAVAILABLE, message));
  }

  ProviderNotAvailableException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_PROVIDER_UNAVAILABLE);
  }

  @Override
  public boolean isRetryable() {
    return true;
  }
}
