package io.llmrpc;

import static java.util.Map.entry;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import io.llmrpc.v1.ErrorDetails;
import io.llmrpc.v1.ErrorReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** From a status to the exception that the gateway meant. */
public final class Exceptions {
  private static final String DOMAIN = "llmrpc";

  private static final Map<ErrorReason, Function<Failure, LLMClientException>> BY_REASON =
      Map.ofEntries(
          entry(ErrorReason.ERROR_REASON_INVALID_REQUEST, InvalidRequestException::new),
          entry(ErrorReason.ERROR_REASON_FIELD_NOT_SUPPORTED, InvalidRequestException::new),
          entry(ErrorReason.ERROR_REASON_FIELD_NOT_IMPLEMENTED, InvalidRequestException::new),
          entry(
              ErrorReason.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED,
              ContextWindowExceededException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_REJECTED_REQUEST, InvalidRequestException::new),
          entry(ErrorReason.ERROR_REASON_MODEL_NOT_FOUND, ModelNotFoundException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_RATE_LIMITED, RateLimitException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED, RateLimitException::new),
          entry(ErrorReason.ERROR_REASON_RATE_LIMITED, RateLimitException::new),
          entry(ErrorReason.ERROR_REASON_BUDGET_EXCEEDED, BudgetExceededException::new),
          entry(ErrorReason.ERROR_REASON_UNAUTHENTICATED, AuthenticationException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_AUTHENTICATION, AuthenticationException::new),
          entry(ErrorReason.ERROR_REASON_PERMISSION_DENIED, PermissionDeniedException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_UNAVAILABLE, ProviderNotAvailableException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_OVERLOADED, ProviderNotAvailableException::new),
          entry(
              ErrorReason.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
              ProviderNotAvailableException::new),
          entry(ErrorReason.ERROR_REASON_CIRCUIT_OPEN, ProviderNotAvailableException::new),
          entry(ErrorReason.ERROR_REASON_GATEWAY_OVERLOADED, ProviderNotAvailableException::new),
          entry(ErrorReason.ERROR_REASON_STREAM_INTERRUPTED, StreamInterruptedException::new),
          entry(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, GenerationTimeoutException::new),
          entry(ErrorReason.ERROR_REASON_PROVIDER_STALLED, GenerationTimeoutException::new),
          entry(
              ErrorReason.ERROR_REASON_METHOD_NOT_IMPLEMENTED, MethodNotImplementedException::new),
          entry(ErrorReason.ERROR_REASON_INTERNAL, LLMClientException::new));

  /** For a status without the gateway's details: from a proxy, or from gRPC itself. */
  private static final Map<Code, Function<Failure, LLMClientException>> BY_CODE =
      Map.of(
          Code.CANCELLED, ProviderNotAvailableException::new,
          Code.INVALID_ARGUMENT, InvalidRequestException::new,
          Code.DEADLINE_EXCEEDED, GenerationTimeoutException::new,
          Code.NOT_FOUND, ModelNotFoundException::new,
          Code.PERMISSION_DENIED, PermissionDeniedException::new,
          // A limit comes with details: bare, it is gRPC's own bound on a message.
          Code.RESOURCE_EXHAUSTED, InvalidRequestException::new,
          Code.UNIMPLEMENTED, MethodNotImplementedException::new,
          Code.UNAVAILABLE, ProviderNotAvailableException::new,
          Code.UNAUTHENTICATED, AuthenticationException::new);

  private Exceptions() {}

  /**
   * The exception for a status, such as that of a {@code BatchResult}, with all that its details
   * tell. A reason that is newer than this client, and a status without the gateway's details, go
   * by their code.
   */
  public static LLMClientException fromStatus(com.google.rpc.Status status) {
    return fromStatus(status, Map.of(), "");
  }

  /** The same, with what is known beside the status. */
  static LLMClientException fromStatus(
      com.google.rpc.Status status, Map<String, String> where, String requestId) {
    Code code = io.grpc.Status.fromCodeValue(status.getCode()).getCode();
    String message = status.getMessage().isEmpty() ? code.name() : status.getMessage();
    Failure failure = Failure.of(code, message).metadata(where).requestId(requestId);
    ErrorInfo info = detail(status, ErrorInfo.getDefaultInstance());
    Function<Failure, LLMClientException> kind = BY_CODE.get(code);
    if (info.getDomain().equals(DOMAIN)) {
      failure.reason = info.getReason();
      kind = byReason(info.getReason()).orElse(kind);
    }
    if (info.getMetadataCount() > 0) {
      failure.metadata = Map.copyOf(info.getMetadataMap());
    }
    RetryInfo retry = detail(status, RetryInfo.getDefaultInstance());
    if (retry.hasRetryDelay()) {
      com.google.protobuf.Duration delay = retry.getRetryDelay();
      failure.retryDelay = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
    }
    failure.violations =
        detail(status, BadRequest.getDefaultInstance()).getFieldViolationsList().stream()
            .map(v -> new Violation(v.getField(), v.getDescription()))
            .collect(Collectors.toUnmodifiableList());
    failure.quotaViolations =
        detail(status, QuotaFailure.getDefaultInstance()).getViolationsList().stream()
            .map(v -> new Violation(v.getSubject(), v.getDescription()))
            .collect(Collectors.toUnmodifiableList());
    ErrorDetails ours = detail(status, ErrorDetails.getDefaultInstance());
    failure.usage = ours.hasUsage() ? ours.getUsage() : null;
    failure.cost = ours.hasCost() ? ours.getCost() : null;
    failure.attempts = List.copyOf(ours.getAttemptsList());
    if (!ours.getRequestId().isEmpty()) {
      failure.requestId = ours.getRequestId();
    }
    return kind == null ? new LLMClientException(failure) : kind.apply(failure);
  }

  private static Optional<Function<Failure, LLMClientException>> byReason(String name) {
    try {
      return Optional.ofNullable(BY_REASON.get(ErrorReason.valueOf("ERROR_REASON_" + name)));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // newer than this client
    }
  }

  /** The last detail of a kind; the default where there is none, or none that can be read. */
  private static <T extends Message> T detail(com.google.rpc.Status status, T otherwise) {
    T found = otherwise;
    @SuppressWarnings("unchecked")
    Class<T> type = (Class<T>) otherwise.getClass();
    for (Any packed : status.getDetailsList()) {
      try {
        found = packed.is(type) ? packed.unpack(type) : found;
      } catch (InvalidProtocolBufferException e) {
        found = otherwise;
      }
    }
    return found;
  }
}
