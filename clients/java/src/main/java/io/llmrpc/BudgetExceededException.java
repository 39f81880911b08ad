package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.ErrorReason;

/** The money is spent. */
public class BudgetExceededException extends LLMClientException {
  private static final long serialVersionUID = 1L;

  /** One of the caller's own, for fakes and wrappers. */
  public BudgetExceededException(String message) {
    this(Failure.of(Status.Code.RESOURCE_EXHAUSTED, message));
  }

  BudgetExceededException(Failure failure) {
    super(failure, ErrorReason.ERROR_REASON_BUDGET_EXCEEDED);
  }
}
