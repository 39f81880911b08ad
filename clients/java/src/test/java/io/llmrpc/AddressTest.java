package io.llmrpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses as people write them. */
class AddressTest {
  @ParameterizedTest
  @CsvSource({
    "'', localhost:50051",
    "gateway.example, gateway.example:50051",
    "gateway.example:7, gateway.example:7",
    "::1, [::1]:50051",
    "[::1], [::1]:50051",
    "[::1]:7, [::1]:7",
    "dns:///gateway.example:7, dns:///gateway.example:7",
    "unix:/run/llmrpc.sock, unix:/run/llmrpc.sock",
  })
  void hasOurPortWhereItHasNone(String given, String target) {
    assertEquals(target, Address.withPort(given));
  }

  @Test
  void isNoUrl() {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> Address.withPort("https://user:secret@gateway.example/v1"));
    assertEquals(
        "the address is a URL; give host:port alone, such as gateway.example:50051; TLS has its"
            + " own option",
        error.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:1",
        "127.0.0.1:1",
        "127.8.9.1:1",
        "[::1]:1",
        "unix:/run/a.sock",
        "dns:///localhost:1",
        "dns:///127.0.0.1:1",
        "dns://8.8.8.8/[::1]:1",
        "ipv4:127.0.0.1:1",
      })
  void isThisMachine(String target) {
    assertTrue(Address.isLoopback(target));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.1:1",
        "localhost.example:1",
        "127.0.0.1.example:1",
        "[2001:db8::1]:1",
        "xds:///localhost:1",
        "dns://127.0.0.1/gateway.example:1",
        "cafe:1",
        "unix.example:1",
        "unixhost:1",
      })
  void isNotThisMachineForSure(String target) {
    assertTrue(!Address.isLoopback(target));
  }
}
