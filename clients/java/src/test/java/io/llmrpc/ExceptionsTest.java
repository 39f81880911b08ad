package io.llmrpc;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import io.llmrpc.v1.Attempt;
import io.llmrpc.v1.Cost;
import io.llmrpc.v1.ErrorDetails;
import io.llmrpc.v1.ErrorReason;
import io.llmrpc.v1.Usage;
import java.io.ByteArrayOutputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** From a status to the exception. */
class ExceptionsTest {
  private static final Map<String, Class<?>> WANTED =
      Map.ofEntries(
          entry("INVALID_REQUEST", InvalidRequestException.class),
          entry("FIELD_NOT_SUPPORTED", InvalidRequestException.class),
          entry("FIELD_NOT_IMPLEMENTED", InvalidRequestException.class),
          entry("PROVIDER_REJECTED_REQUEST", InvalidRequestException.class),
          entry("CONTEXT_WINDOW_EXCEEDED", ContextWindowExceededException.class),
          entry("MODEL_NOT_FOUND", ModelNotFoundException.class),
          entry("PROVIDER_RATE_LIMITED", RateLimitException.class),
          entry("PROVIDER_QUOTA_EXHAUSTED", RateLimitException.class),
          entry("RATE_LIMITED", RateLimitException.class),
          entry("BUDGET_EXCEEDED", BudgetExceededException.class),
          entry("UNAUTHENTICATED", AuthenticationException.class),
          entry("PROVIDER_AUTHENTICATION", AuthenticationException.class),
          entry("PERMISSION_DENIED", PermissionDeniedException.class),
          entry("PROVIDER_UNAVAILABLE", ProviderNotAvailableException.class),
          entry("PROVIDER_OVERLOADED", ProviderNotAvailableException.class),
          entry("PROVIDER_RESPONSE_INVALID", ProviderNotAvailableException.class),
          entry("CIRCUIT_OPEN", ProviderNotAvailableException.class),
          entry("GATEWAY_OVERLOADED", ProviderNotAvailableException.class),
          entry("STREAM_INTERRUPTED", StreamInterruptedException.class),
          entry("DEADLINE_EXCEEDED", GenerationTimeoutException.class),
          entry("PROVIDER_STALLED", GenerationTimeoutException.class),
          entry("METHOD_NOT_IMPLEMENTED", MethodNotImplementedException.class),
          entry("INTERNAL", LLMClientException.class));

  private static Status status(Code code, Message... details) {
    Status.Builder status = Status.newBuilder().setCode(code.value()).setMessage("why");
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return status.build();
  }

  private static ErrorInfo info(String reason) {
    return ErrorInfo.newBuilder().setDomain("llmrpc").setReason(reason).build();
  }

  @ParameterizedTest
  @EnumSource(
      value = ErrorReason.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"UNRECOGNIZED", "ERROR_REASON_UNSPECIFIED"})
  void aReasonGoesBeforeTheCode(ErrorReason reason) {
    String name = reason.name().substring("ERROR_REASON_".length());
    LLMClientException error = Exceptions.fromStatus(status(Code.DATA_LOSS, info(name)));
    assertEquals(WANTED.get(name), error.getClass());
    assertSame(reason, error.errorReason());
  }

  @ParameterizedTest
  @CsvSource({
    "PROVIDER_RATE_LIMITED, true",
    "PROVIDER_QUOTA_EXHAUSTED, false",
    "PROVIDER_STALLED, true",
    "DEADLINE_EXCEEDED, false",
  })
  void anEmptyAccountIsNotWorthAnotherTryASilentProviderIs(String reason, boolean again) {
    assertEquals(again, Exceptions.fromStatus(status(Code.UNKNOWN, info(reason))).isRetryable());
  }

  @ParameterizedTest
  @CsvSource({
    "CANCELLED, ProviderNotAvailableException",
    "INVALID_ARGUMENT, InvalidRequestException",
    "DEADLINE_EXCEEDED, GenerationTimeoutException",
    "NOT_FOUND, ModelNotFoundException",
    "PERMISSION_DENIED, PermissionDeniedException",
    "RESOURCE_EXHAUSTED, InvalidRequestException",
    "UNIMPLEMENTED, MethodNotImplementedException",
    "UNAVAILABLE, ProviderNotAvailableException",
    "UNAUTHENTICATED, AuthenticationException",
    "INTERNAL, LLMClientException",
  })
  void withoutAReasonTheCodeDecides(Code code, String exception) {
    assertEquals(exception, Exceptions.fromStatus(status(code)).getClass().getSimpleName());
    LLMClientException newer = Exceptions.fromStatus(status(code, info("OF_LATER")));
    assertEquals(exception, newer.getClass().getSimpleName());
    assertEquals("OF_LATER", newer.reason());
    assertSame(ErrorReason.UNRECOGNIZED, newer.errorReason());
  }

  @Test
  void everyDetailIsThere() {
    Usage usage = Usage.newBuilder().setInputTokens(3).build();
    Cost cost = Cost.newBuilder().setTotalNanoUsd(9_007_199_254_740_993L).build();
    Attempt attempt = Attempt.newBuilder().setProvider("openai").build();
    LLMClientException error =
        Exceptions.fromStatus(
            status(
                Code.RESOURCE_EXHAUSTED,
                info("RATE_LIMITED").toBuilder().putMetadata("limit", "rpm").build(),
                RetryInfo.newBuilder()
                    .setRetryDelay(
                        com.google.protobuf.Duration.newBuilder().setSeconds(1).setNanos(500))
                    .build(),
                BadRequest.newBuilder()
                    .addFieldViolations(
                        BadRequest.FieldViolation.newBuilder().setField("a").setDescription("b"))
                    .build(),
                QuotaFailure.newBuilder()
                    .addViolations(
                        QuotaFailure.Violation.newBuilder().setSubject("c").setDescription("d"))
                    .build(),
                ErrorDetails.newBuilder()
                    .setRequestId("id")
                    .setUsage(usage)
                    .setCost(cost)
                    .addAttempts(attempt)
                    .build()));
    assertTrue(error instanceof RateLimitException);
    assertEquals("why", error.getMessage());
    assertSame(Code.RESOURCE_EXHAUSTED, error.code());
    assertEquals(Map.of("limit", "rpm"), error.metadata());
    assertEquals(Optional.of(Duration.ofSeconds(1, 500)), error.retryDelay());
    assertEquals(List.of(new Violation("a", "b")), error.violations());
    assertEquals(List.of(new Violation("c", "d")), error.quotaViolations());
    assertEquals("id", error.requestId());
    assertEquals(Optional.of(usage), error.usage());
    assertEquals(Optional.of(cost), error.cost());
    assertEquals(List.of(attempt), error.attempts());
    assertTrue(error.isRetryable());
  }

  @Test
  void whatNoDetailTellsIsAbsent() {
    com.google.rpc.Status told =
        com.google.rpc.Status.newBuilder()
            .setCode(Code.UNAVAILABLE.value())
            .addDetails(Any.pack(info("PROVIDER_OVERLOADED")))
            .addDetails(Any.pack(ErrorDetails.getDefaultInstance()))
            .build();
    LLMClientException error = Exceptions.fromStatus(told, Map.of("target", "here"), "sent");
    assertEquals("UNAVAILABLE", error.getMessage());
    assertEquals(Map.of("target", "here"), error.metadata());
    assertEquals("sent", error.requestId());
    assertEquals(Optional.empty(), error.retryDelay());
    assertEquals(Optional.empty(), error.usage());
    assertEquals(Optional.empty(), error.cost());
    assertEquals(List.of(), error.attempts());
  }

  @Test
  void detailsThatCannotBeReadAreNone() {
    Any broken =
        Any.pack(RetryInfo.getDefaultInstance()).toBuilder()
            .setValue(ByteString.copyFrom(new byte[] {10, 127}))
            .build();
    Any foreign = Any.newBuilder().setTypeUrl("type.googleapis.com/of.Later").build();
    LLMClientException error =
        Exceptions.fromStatus(
            status(Code.NOT_FOUND).toBuilder().addDetails(broken).addDetails(foreign).build());
    assertTrue(error instanceof ModelNotFoundException);
    assertEquals(Optional.empty(), error.retryDelay());
  }

  @Test
  void anotherDomainsReasonIsNotOurs() {
    ErrorInfo foreign = info("RATE_LIMITED").toBuilder().setDomain("proxy.example").build();
    assertTrue(
        Exceptions.fromStatus(status(Code.UNAVAILABLE, foreign))
            instanceof ProviderNotAvailableException);
  }

  @Test
  void anExceptionCanBeSerialized() throws Exception {
    LLMClientException error =
        Exceptions.fromStatus(status(Code.NOT_FOUND, info("MODEL_NOT_FOUND")));
    new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(error);
  }
}
