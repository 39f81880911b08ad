package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The deadline passed, or the provider was silent for too long. */
public class GenerationTimeoutException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public GenerationTimeoutException(String message) {
    this(Failure.of(Status.Code.DEADLINE_EXCEEDED, message));
  }

  GenerationTimeoutException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED);
  }

  @Override
  public boolean isRetryable() {
    return errorReason() == ErrorReason.ERROR_REASON_PROVIDER_STALLED;
  }
}
