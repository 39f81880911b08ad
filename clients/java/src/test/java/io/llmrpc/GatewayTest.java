package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.llmrpc.v1.BatchItem;
import io.llmrpc.v1.BatchResult;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.StreamEvent;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client against a real gateway. */
class GatewayTest {
  @TempDir static Path folder;
  private static RealGateway gateway;
  private static GatewayClient client;

  @BeforeAll
  static void start() throws Exception {
    gateway = RealGateway.start(folder, "", "");
    client = GatewayClient.connect(gateway.address());
  }

  @AfterAll
  static void stop() {
    client.close();
    gateway.close();
  }

  @Test
  void answers() {
    LLMResponse response = client.generate(HELLO);
    assertEquals("Hello", response.getContent());
    assertEquals("echo", response.getProvider());
  }

  @Test
  void aStreamAddsUpToItsAnswer() {
    GenerateRequest request =
        GenerateRequest.newBuilder().addMessages(Messages.user("one two 😀 four")).build();
    try (ResponseStream<StreamEvent> stream = client.stream(request)) {
      List<StreamEvent> events = stream.stream().collect(Collectors.toList());
      assertTrue(events.size() > 1);
      assertEquals("one two 😀 four", Accumulator.accumulate(events).getContent());
    }
  }

  @Test
  void anAnswerGoesBackAsItIs() {
    LLMResponse first = client.generate(HELLO);
    GenerateRequest second =
        HELLO.toBuilder().addMessages(first.getMessage()).addMessages(Messages.user("b")).build();
    assertEquals("b", client.generate(second).getContent());
  }

  @Test
  void answersManyAtOnce() {
    List<BatchItem> items =
        IntStream.range(0, 500)
            .mapToObj(i -> BatchItem.newBuilder().setId("i" + i).setGenerate(HELLO).build())
            .collect(Collectors.toList());
    try (ResponseStream<BatchResult> results = client.batch(items)) {
      assertEquals(500, results.stream().filter(BatchResult::hasResponse).count());
    }
  }

  @Test
  void anItemThatFailsHasAnExceptionOfItsOwn() {
    BatchItem bad = BatchItem.newBuilder().setId("bad").build();
    try (ResponseStream<BatchResult> results = client.batch(List.of(bad))) {
      LLMClientException error = Exceptions.fromStatus(results.next().getStatus());
      assertTrue(error instanceof InvalidRequestException);
    }
  }

  @Test
  void countsListsAndIsWell() {
    assertTrue(client.countTokens(HELLO).getPromptTokens() > 0);
    assertEquals(1, client.models("provider = \"echo\"").count());
    assertEquals(ServingStatus.SERVING, client.health());
    assertEquals(ServingStatus.SERVING, client.health("llmrpc.v1.LLMService"));
    assertEquals(ServingStatus.SERVICE_UNKNOWN, client.health("nobody"));
  }

  @Test
  void namesEveryFieldThatIsWrong() {
    GenerateRequest request = HELLO.toBuilder().setTemperature(9).setTopP(-1).build();
    LLMClientException error =
        assertThrows(
            InvalidRequestException.class,
            () -> client.generate(request, RequestOptions.none().withRequestId("java-1")));
    assertEquals("INVALID_REQUEST", error.reason());
    assertEquals(
        List.of("temperature", "top_p"),
        error.violations().stream().map(Violation::subject).collect(Collectors.toList()));
    assertEquals("java-1", error.requestId());
  }

  @Test
  void suggestsModelsOfSimilarNames() {
    GenerateRequest request = HELLO.toBuilder().setModel("eco").build();
    LLMClientException error =
        assertThrows(ModelNotFoundException.class, () -> client.generate(request));
    assertEquals("echo/echo", error.metadata().get("suggestions"));
  }

  @Test
  void tellsARequestThatIsTooLargeForTheGateway() {
    GenerateRequest request =
        GenerateRequest.newBuilder().addMessages(Messages.user("x".repeat(33 << 20))).build();
    LLMClientException error =
        assertThrows(InvalidRequestException.class, () -> client.generate(request));
    assertTrue(error.getMessage().contains("max_message_bytes"), error.getMessage());
  }

  @Test
  void knowsItsCallersByKeyAndCertificate(@TempDir Path secured) throws Exception {
    RealGateway.certificates(secured);
    Path authority = secured.resolve("client.pem");
    Path certificate = secured.resolve("server.pem");
    Path key = secured.resolve("server.key");
    String listen =
        String.format(
            "  tls: {certificate: %s, key: %s, client_ca: %s}", certificate, key, authority);
    try (RealGateway guarded =
        RealGateway.start(secured, listen, "auth: [{name: tutor, key: a-key-of-the-tests}]")) {
      GatewayClient.Builder builder = GatewayClient.builder().address(guarded.address());
      Tls trusting = Tls.trusting(authority);
      try (GatewayClient stranger = builder.tls(trusting).build()) {
        assertThrows(ProviderNotAvailableException.class, () -> stranger.generate(HELLO));
      }
      try (GatewayClient nameless =
          builder.tls(trusting.withCertificate(certificate, key)).build()) {
        LLMClientException error =
            assertThrows(AuthenticationException.class, () -> nameless.generate(HELLO));
        assertEquals("UNAUTHENTICATED", error.reason());
      }
      try (GatewayClient known = builder.token("a-key-of-the-tests").build()) {
        assertEquals("Hello", known.generate(HELLO).getContent());
      }
      try (GatewayClient careful =
          GatewayClient.builder().address(guarded.address()).tls(Tls.systemRoots()).build()) {
        LLMClientException error =
            assertThrows(ProviderNotAvailableException.class, () -> careful.generate(HELLO));
        assertEquals("tls", error.metadata().get("cause"), error.getMessage());
      }
    }
  }
}
