package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.events;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Status;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Which calls are tried again, and how often. */
class RetryTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();

  @Test
  void isTriedAgainWhereTheGatewayIsUnavailable() {
    gateway.fail(Status.UNAVAILABLE, null);
    gateway.fail(Status.UNAVAILABLE, "1");
    gateway.answer("a");
    assertEquals("a", client.generate(HELLO).getContent());
    assertEquals(3, gateway.headers.size());
    assertEquals(gateway.sent(0, "x-request-id"), gateway.sent(2, "x-request-id"));
  }

  @Test
  void isTriedAgainHoweverLargeItIs() {
    gateway.fail(Status.UNAVAILABLE, "0");
    gateway.answer("a");
    var large = HELLO.toBuilder().setModel("x".repeat(5 << 20)).build();
    assertEquals("a", client.generate(large).getContent());
    assertEquals(2, gateway.headers.size());
  }

  @Test
  void onlyUnavailableAndCancelledAreTriedAgain() {
    for (Status.Code code : Status.Code.values()) {
      if (code != Status.Code.OK) {
        gateway.fail(code.toStatus(), null);
        int before = gateway.headers.size();
        assertThrows(LLMClientException.class, () -> client.generate(HELLO), code.toString());
        boolean again = code == Status.Code.UNAVAILABLE || code == Status.Code.CANCELLED;
        assertEquals(again, gateway.headers.size() > before + 1, code.toString());
      }
    }
  }

  @Test
  void isTriedAsTheServiceConfigOfTheCallerSays() {
    gateway.fail(Status.UNAVAILABLE, "0");
    try (GatewayClient once =
        GatewayClient.builder().address(gateway.address()).serviceConfig(Map.of()).build()) {
      assertThrows(ProviderNotAvailableException.class, () -> once.generate(HELLO));
    }
    assertEquals(1, gateway.headers.size());
  }

  @Test
  void isTriedFourTimesAndNoMore() {
    for (int i = 0; i < 5; i++) {
      gateway.fail(Status.UNAVAILABLE.withDescription("closed for today"), "0");
    }
    assertThrows(ProviderNotAvailableException.class, () -> client.generate(HELLO));
    assertEquals(4, gateway.headers.size());
  }

  @Test
  void isNotTriedAgainWhereTheGatewaySaysNo() {
    gateway.fail(Status.UNAVAILABLE, "-1");
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
}
