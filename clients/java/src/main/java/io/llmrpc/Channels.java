package io.llmrpc;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How a gateway is reached: bounds, keepalive and retries. */
final class Channels {
  /**
   * The largest message that is sent or taken. gRPC's own bound for received ones, 4 MiB, ends a
   * good stream whose answer holds an image.
   */
  static final int MAX_MESSAGE_BYTES = 64 << 20;

  /** Four tries are over within a second, so that a gateway that is not there is told soon. */
  static final Map<String, Object> SERVICE_CONFIG =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name",
                  List.of(Map.of("service", "llmrpc.v1.LLMService")),
                  "retryPolicy",
                  Map.of(
                      "maxAttempts",
                      4.0,
                      "initialBackoff",
                      "0.1s",
                      "maxBackoff",
                      "2s",
                      "backoffMultiplier",
                      2.0,
                      "retryableStatusCodes",
                      List.of("UNAVAILABLE", "CANCELLED")))));

  private Channels() {}

  static ManagedChannelBuilder<?> builder(String target, Tls tls, Map<String, ?> serviceConfig) {
    ChannelCredentials credentials =
        tls == null ? InsecureChannelCredentials.create() : tls.credentials();
    return Grpc.newChannelBuilder(target, credentials)
        .userAgent("llmrpc-java")
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .defaultServiceConfig(serviceConfig)
        .enableRetry()
        // A request above this bound, 1 MiB by default, would never be tried again.
        .perRpcBufferLimit(MAX_MESSAGE_BYTES)
        .retryBufferSize(4L * MAX_MESSAGE_BYTES)
        // A silent gateway is told from a slow model while calls run.
        .keepAliveTime(30, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(false);
  }
}
