package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.await;
import static io.llmrpc.FakeGateway.events;
import static io.llmrpc.FakeGateway.response;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Metadata;
import io.grpc.Status;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.ListModelsRequest;
import io.llmrpc.v1.ListModelsResponse;
import io.llmrpc.v1.Model;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a call is sent with, and how it ends. */
class CallTest {
  private FakeGateway gateway;
  private GatewayClient client;

  @BeforeEach
  void start() throws IOException {
    gateway = new FakeGateway();
    client = gateway.client();
  }

  @AfterEach
  void stop() {
    client.close();
    gateway.close();
  }

  private void answer(String text) {
    gateway.answers.add(
        observer -> {
          observer.onNext(response(text));
          observer.onCompleted();
        });
  }

  private void fail(Status status, String pushback) {
    gateway.answers.add(
        observer -> {
          Metadata trailers = new Metadata();
          if (pushback != null) {
            trailers.put(RequestOptions.key("grpc-retry-pushback-ms"), pushback);
          }
          observer.onError(status.asRuntimeException(trailers));
        });
  }

  private String sent(int call, String header) {
    return gateway.headers.get(call).get(RequestOptions.key(header));
  }

  @Test
  void isSentWithWhatTheOptionsSay() {
    answer("a");
    RequestOptions options =
        RequestOptions.none()
            .withRequestId("mine")
            .withTraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b")
            .withHeader("X-Team", "blue");
    assertEquals("a", client.generate(HELLO, options).getContent());
    assertEquals("mine", sent(0, "x-request-id"));
    assertEquals("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", sent(0, "traceparent"));
    assertEquals("a=b", sent(0, "tracestate"));
    assertEquals("blue", sent(0, "x-team"));
    assertTrue(sent(0, "user-agent").startsWith("llmrpc-java"), sent(0, "user-agent"));
    assertFalse(options.toString().contains("blue"), options.toString());
  }

  @Test
  void aHeaderTakesThePlaceOfTheClientsOwn() {
    answer("a");
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
    answer("a");
    answer("b");
    client.generate(HELLO);
    client.generate(HELLO);
    assertTrue(sent(0, "x-request-id").matches("[0-9a-f]{32}"));
    assertNotEquals(sent(0, "x-request-id"), sent(1, "x-request-id"));
  }

  @Test
  void sendsTheTokenAndNeverShowsIt() {
    answer("a");
    try (GatewayClient known =
        GatewayClient.builder().address(gateway.address()).token("s3cret").build()) {
      known.generate(HELLO);
      assertEquals("Bearer s3cret", sent(0, "authorization"));
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
    gateway.answers.add(observer -> {});
    RequestOptions options = RequestOptions.none().withTimeout(Duration.ofMillis(200));
    LLMClientException error =
        assertThrows(GenerationTimeoutException.class, () -> client.generate(HELLO, options));
    assertEquals("DEADLINE_EXCEEDED", error.reason());
    assertEquals(sent(0, "x-request-id"), error.requestId());
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
  void isCancelledWithItsFuture() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    gateway.answers.add(observer -> begun.countDown());
    CompletableFuture<LLMResponse> future = client.generateAsync(HELLO);
    await(begun);
    future.cancel(true);
    await(gateway.cancelled);
  }

  @Test
  void isCancelledByAnInterrupt() throws Exception {
    gateway.answers.add(observer -> {});
    Thread.currentThread().interrupt();
    assertThrows(CancellationException.class, () -> client.generate(HELLO));
    assertTrue(Thread.interrupted(), "the thread stays interrupted");
  }

  @Test
  void completesItsFutureWithWhatWentWrong() {
    fail(Status.NOT_FOUND.withDescription("no such model"), null);
    CompletableFuture<LLMResponse> future = client.generateAsync(HELLO);
    ExecutionException error = assertThrows(ExecutionException.class, future::get);
    assertTrue(error.getCause() instanceof ModelNotFoundException);
  }

  @Test
  void isTriedAgainWhereTheGatewayIsUnavailable() {
    fail(Status.UNAVAILABLE, null);
    fail(Status.UNAVAILABLE, "1");
    answer("a");
    assertEquals("a", client.generate(HELLO).getContent());
    assertEquals(3, gateway.headers.size());
    assertEquals(sent(0, "x-request-id"), sent(2, "x-request-id"));
  }

  @Test
  void isTriedAgainHoweverLargeItIs() {
    fail(Status.UNAVAILABLE, "0");
    answer("a");
    var large = HELLO.toBuilder().setModel("x".repeat(5 << 20)).build();
    assertEquals("a", client.generate(large).getContent());
    assertEquals(2, gateway.headers.size());
  }

  @Test
  void nothingButUnavailableIsTriedAgain() {
    for (Status.Code code : Status.Code.values()) {
      if (code != Status.Code.OK && code != Status.Code.UNAVAILABLE) {
        fail(code.toStatus(), null);
        int before = gateway.headers.size();
        assertThrows(LLMClientException.class, () -> client.generate(HELLO), code.toString());
        assertEquals(before + 1, gateway.headers.size(), code.toString());
      }
    }
  }

  @Test
  void isTriedAsTheServiceConfigOfTheCallerSays() {
    fail(Status.UNAVAILABLE, "0");
    try (GatewayClient once =
        GatewayClient.builder().address(gateway.address()).serviceConfig(Map.of()).build()) {
      assertThrows(ProviderNotAvailableException.class, () -> once.generate(HELLO));
    }
    assertEquals(1, gateway.headers.size());
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
  void isTriedFourTimesAndNoMore() {
    for (int i = 0; i < 5; i++) {
      fail(Status.UNAVAILABLE.withDescription("closed for today"), "0");
    }
    assertThrows(ProviderNotAvailableException.class, () -> client.generate(HELLO));
    assertEquals(4, gateway.headers.size());
  }

  @Test
  void isNotTriedAgainWhereTheGatewaySaysNo() {
    fail(Status.UNAVAILABLE, "-1");
    assertThrows(ProviderNotAvailableException.class, () -> client.generate(HELLO));
    assertEquals(1, gateway.headers.size());
  }

  @Test
  void aStreamIsTriedAgainUpToItsFirstEvent() {
    gateway.streams.add(observer -> observer.onError(Status.UNAVAILABLE.asRuntimeException()));
    gateway.stream(events("a"));
    try (ResponseStream<String> stream = client.streamText(HELLO)) {
      assertEquals("a", stream.next());
    }
    assertEquals(2, gateway.headers.size());
  }

  @Test
  void takesAnAnswerOverFourMebibytes() {
    String large = "x".repeat(5 << 20);
    answer(large);
    assertEquals(large, client.generate(HELLO).getContent());
  }

  @Test
  void tellsARequestThatIsTooLarge() {
    var large = HELLO.toBuilder().setModel("x".repeat(Channels.MAX_MESSAGE_BYTES)).build();
    LLMClientException error =
        assertThrows(InvalidRequestException.class, () -> client.generate(large));
    assertTrue(error.getMessage().contains("sends at most 67108864"), error.getMessage());
    assertThrows(InvalidRequestException.class, () -> client.stream(large));
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
  void asksForAPageWhenItIsReached() {
    gateway.pages.put("", page("two", "a", "b"));
    gateway.pages.put("two", page("", "c"));
    Iterator<Model> models = client.models("provider = \"x\"").iterator();
    assertEquals("a", models.next().getName());
    assertEquals("b", models.next().getName());
    assertEquals(1, gateway.asked.size());
    assertEquals("c", models.next().getName());
    assertFalse(models.hasNext());
    for (ListModelsRequest asked : gateway.asked) {
      assertEquals("provider = \"x\"", asked.getFilter());
      assertEquals(1000, asked.getPageSize());
    }
    assertNotEquals(sent(0, "x-request-id"), sent(1, "x-request-id"));
  }

  @Test
  void refusesPagesWithoutEnd() {
    gateway.pages.put("", page("two", "a"));
    gateway.pages.put("two", page("two", "b"));
    assertThrows(LLMClientException.class, () -> client.models().count());
    gateway.pages.clear();
    for (int i = 0; i < 1100; i++) {
      gateway.pages.put(i == 0 ? "" : "page" + i, page("page" + (i + 1), "a"));
    }
    LLMClientException error =
        assertThrows(LLMClientException.class, () -> client.models().count());
    assertTrue(error.getMessage().contains("more than 1000 pages"), error.getMessage());
  }

  private static ListModelsResponse page(String next, String... names) {
    ListModelsResponse.Builder page = ListModelsResponse.newBuilder().setNextPageToken(next);
    for (String name : names) {
      page.addModels(Model.newBuilder().setName(name));
    }
    return page.build();
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
      answer("x".repeat(2000));
      LLMClientException error =
          assertThrows(InvalidRequestException.class, () -> small.generate(HELLO));
      assertTrue(error.getMessage().contains("takes at most 1000"), error.getMessage());
    }
  }
}
