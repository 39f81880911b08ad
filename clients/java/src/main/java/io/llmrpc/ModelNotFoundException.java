package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** No configured provider has the model. */
public class ModelNotFoundException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public ModelNotFoundException(String message) {
    this(Failure.of(Status.Code.NOT_FOUND, message));
  }

  ModelNotFoundException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_MODEL_NOT_FOUND);
  }
}
