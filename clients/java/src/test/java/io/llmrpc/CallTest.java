package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Metadata;
import io.grpc.Status;
import io.llmrpc.v1.LLMResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** What a call is sent with, and how it ends. */
class CallTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();

  @Test
  void isSentWithWhatTheOptionsSay() {
    gateway.answer("a");
    RequestOptions options =
        RequestOptions.none()
            .withRequestId("mine")
            .withTraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b")
            .withHeader("X-Team", "blue");
    assertEquals("a", client.generate(HELLO, options).getContent());
    assertEquals("mine", gateway.sent(0, "x-request-id"));
    assertEquals(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", gateway.sent(0, "traceparent"));
    assertEquals("a=b", gateway.sent(0, "tracestate"));
    assertEquals("blue", gateway.sent(0, "x-team"));
    assertTrue(
        gateway.sent(0, "user-agent").startsWith("llmrpc-java"), gateway.sent(0, "user-agent"));
    assertFalse(options.toString().contains("blue"), options.toString());
  }

  @Test
  void aHeaderTakesThePlaceOfTheClientsOwn() {
    gateway.answer("a");
    RequestOptions options =
        RequestOptions.none().withHeader("Authorization", "other").withHeader("X-Request-Id", "it");
    try (GatewayClient known =
        GatewayClient.builder().address(gateway.address()).token("s3cret").build()) {
      known.generate(HELLO, options);
    }
    for (String header : List.of("authorization", "x-request-id")) {
      List<String> values = new ArrayList<>();
      gateway.headers.get(0).getAll(RequestOptions.key(header)).forEach(values::add);
      assertEquals(List.of(header.equals("authorization") ? "other" : "it"), values);
    }
  }

  @Test
  void hasARequestIdOfItsOwn() {
    gateway.answer("a");
    gateway.answer("b");
    client.generate(HELLO);
    client.generate(HELLO);
    assertTrue(gateway.sent(0, "x-request-id").matches("[0-9a-f]{32}"));
    assertNotEquals(gateway.sent(0, "x-request-id"), gateway.sent(1, "x-request-id"));
  }

  @Test
  void sendsTheTokenAndNeverShowsIt() {
    gateway.answer("a");
    try (GatewayClient known =
        GatewayClient.builder().address(gateway.address()).token("s3cret").build()) {
      known.generate(HELLO);
      assertEquals("Bearer s3cret", gateway.sent(0, "authorization"));
      assertFalse(known.toString().contains("s3cret"));
    }
  }

  @Test
  void sendsNoTokenInClearToAnotherMachine() {
    GatewayClient.Builder builder =
        GatewayClient.builder().address("gateway.example").token("s3cret");
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, builder::build);
    assertFalse(error.getMessage().contains("s3cret"));
    builder.allowInsecureToken().build().close();
    GatewayClient.builder()
        .address("gateway.example")
        .token("s3cret")
        .tls(Tls.systemRoots())
        .build()
        .close();
  }

  @Test
  void refusesWhatNoHeaderCanCarry() {
    assertThrows(IllegalArgumentException.class, () -> RequestOptions.none().withRequestId("a\nb"));
    assertThrows(
        IllegalArgumentException.class, () -> RequestOptions.none().withHeader("a b", "c"));
    assertThrows(IllegalArgumentException.class, () -> GatewayClient.builder().token("ключ"));
    Duration negative = Duration.ofSeconds(-1);
    assertThrows(IllegalArgumentException.class, () -> RequestOptions.none().withTimeout(negative));
    assertThrows(IllegalArgumentException.class, () -> GatewayClient.builder().timeout(negative));
  }

  @Test
  void endsAtItsTimeout() throws Exception {
    gateway.answer("connected");
    client.generate(HELLO);
    gateway.answers.add(observer -> {});
    RequestOptions options = RequestOptions.none().withTimeout(Duration.ofSeconds(1));
    LLMClientException error =
        assertThrows(GenerationTimeoutException.class, () -> client.generate(HELLO, options));
    assertEquals("DEADLINE_EXCEEDED", error.reason());
    assertTrue(error.getMessage().contains("passed before the answer"), error.getMessage());
    assertEquals(gateway.sent(1, "x-request-id"), error.requestId());
    await(gateway.cancelled);
  }

  @Test
  void itsOwnTimeoutGoesBeforeTheClients() {
    gateway.answers.add(observer -> {});
    RequestOptions options = RequestOptions.none().withTimeout(Duration.ofMillis(200));
    try (GatewayClient patient =
        GatewayClient.builder().address(gateway.address()).timeout(Duration.ofHours(1)).build()) {
      assertThrows(GenerationTimeoutException.class, () -> patient.generate(HELLO, options));
    }
  }

  @Test
  void endsAtTheClientsTimeout() {
    gateway.answers.add(observer -> {});
    try (GatewayClient hasty =
        GatewayClient.builder()
            .address(gateway.address())
            .timeout(Duration.ofMillis(200))
            .build()) {
      assertThrows(GenerationTimeoutException.class, () -> hasty.generate(HELLO));
    }
  }

  @Test
  void hasTheRequestIdOfTheTrailersWhereNoDetailsCame() {
    gateway.answers.add(
        observer -> {
          Metadata trailers = new Metadata();
          trailers.put(Connection.REQUEST_ID, "theirs");
          observer.onError(Status.NOT_FOUND.asRuntimeException(trailers));
        });
    LLMClientException error =
        assertThrows(ModelNotFoundException.class, () -> client.generate(HELLO));
    assertEquals("theirs", error.requestId());
  }

  @Test
  void takesAnAnswerOverFourMebibytes() {
    String large = "x".repeat(5 << 20);
    gateway.answer(large);
    assertEquals(large, client.generate(HELLO).getContent());
  }

  @Test
  void tellsThatNobodyIsThere() {
    try (GatewayClient lost = GatewayClient.connect("127.0.0.1:1")) {
      LLMClientException error =
          assertThrows(ProviderNotAvailableException.class, () -> lost.generate(HELLO));
      assertEquals("nobody", error.metadata().get("cause"), error.getMessage());
      assertEquals("", error.requestId(), "no log knows it");
      assertTrue(error.isRetryable());
    }
  }

  @Test
  void saysThatAMethodIsNotThere() {
    assertThrows(MethodNotImplementedException.class, client::health);
  }

  @Test
  void isRefusedByAClientThatIsClosed() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    gateway.answers.add(observer -> begun.countDown());
    CompletableFuture<LLMResponse> running = client.generateAsync(HELLO);
    await(begun);
    client.close();
    client.close();
    ExecutionException error = assertThrows(ExecutionException.class, running::get);
    assertEquals("the client was closed during the call", error.getCause().getMessage());
    assertThrows(IllegalStateException.class, () -> client.generate(HELLO));
  }

  @Test
  void takesMoreSettingsOfTheChannel() {
    try (GatewayClient small =
        GatewayClient.builder()
            .address(gateway.address())
            .configureChannel(channel -> channel.maxInboundMessageSize(1000))
            .build()) {
      gateway.answer("x".repeat(2000));
      LLMClientException error =
          assertThrows(InvalidRequestException.class, () -> small.generate(HELLO));
      assertTrue(error.getMessage().contains("takes at most 1000"), error.getMessage());
    }
  }
}
