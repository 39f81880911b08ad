package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** A rate or a quota is used up; {@link #retryDelay()} says for how long, if known. */
public class RateLimitException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public RateLimitException(String message) {
    this(Failure.of(Status.Code.RESOURCE_EXHAUSTED, message));
  }

  RateLimitException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_PROVIDER_RATE_LIMITED);
  }

  @Override
  public boolean isRetryable() {
    return errorReason() != ErrorReason.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED;
  }
}
