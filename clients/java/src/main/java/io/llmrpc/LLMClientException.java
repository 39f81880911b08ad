package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.Attempt;
import io.llmrpc.v1.Cost;
import io.llmrpc.v1.ErrorReason;
import io.llmrpc.v1.Usage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A call failed.
 *
 * <pre>
 * LLMClientException
 * ├── InvalidRequestException               INVALID_ARGUMENT
 * │   └── ContextWindowExceededException    INVALID_ARGUMENT
 * ├── ModelNotFoundException                NOT_FOUND
 * ├── RateLimitException                    RESOURCE_EXHAUSTED, with a retry delay
 * ├── BudgetExceededException               RESOURCE_EXHAUSTED
 * ├── AuthenticationException               UNAUTHENTICATED or FAILED_PRECONDITION
 * ├── PermissionDeniedException             PERMISSION_DENIED
 * ├── ProviderNotAvailableException         UNAVAILABLE
 * ├── StreamInterruptedException            UNAVAILABLE, never to be retried blindly
 * ├── GenerationTimeoutException            DEADLINE_EXCEEDED
 * └── MethodNotImplementedException         UNIMPLEMENTED
 * </pre>
 *
 * <p>The message is written for the caller and holds no secret and no prompt; gRPC's own exception
 * is the cause. What is not known is empty.
 */
public class LLMClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final String PREFIX = "ERROR_REASON_";

  private final Failure failure;
  private final ErrorReason standsFor;

  /** One of the caller's own, for fakes and wrappers. */
  public LLMClientException(String message) {
    this(Failure.of(Status.Code.INTERNAL, message));
  }

  LLMClientException(Failure failure) {
    this(failure, ErrorReason.ERROR_REASON_INTERNAL);
  }

  LLMClientException(Failure failure, ErrorReason standsFor) {
    super(failure.message);
    this.failure = failure;
    this.standsFor = standsFor;
  }

  /** The status's code. */
  public Status.Code code() {
    return failure.code;
  }

  /**
   * The reason as ErrorInfo writes it, such as {@code CONTEXT_WINDOW_EXCEEDED}. Where no gateway
   * gave one, what this exception stands for.
   */
  public String reason() {
    return failure.reason.isEmpty() ? standsFor.name().substring(PREFIX.length()) : failure.reason;
  }

  /** The reason by its value; {@code UNRECOGNIZED} for one that is newer than this client. */
  public ErrorReason errorReason() {
    try {
      return ErrorReason.valueOf(PREFIX + reason());
    } catch (IllegalArgumentException e) {
      return ErrorReason.UNRECOGNIZED;
    }
  }

  /** What the reason is about: {@code provider}, {@code model}, {@code field}, … */
  public Map<String, String> metadata() {
    return failure.metadata;
  }

  /** How long to wait before another try, as the provider or a limit says. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(failure.retryDelay);
  }

  /** The fields of the request that are wrong. */
  public List<Violation> violations() {
    return failure.violations;
  }

  /** The quotas that are used up. */
  public List<Violation> quotaViolations() {
    return failure.quotaViolations;
  }

  /** The identifier of the call, as in the gateway's log; empty where it never got there. */
  public String requestId() {
    return failure.requestId;
  }

  /** What the failed call used all the same. */
  public Optional<Usage> usage() {
    return Optional.ofNullable(failure.usage);
  }

  /** What the failed call cost all the same. */
  public Optional<Cost> cost() {
    return Optional.ofNullable(failure.cost);
  }

  /** The gateway's tries at providers, oldest first. */
  public List<Attempt> attempts() {
    return failure.attempts;
  }

  /**
   * Whether the same request may succeed when it is sent again, before anything of an answer was
   * seen.
   */
  public boolean isRetryable() {
    return false;
  }
}
