package io.llmrpc;

import io.grpc.Metadata;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What one call has of its own: a time limit, a request id, metadata. It is immutable. */
public final class RequestOptions {
  private static final RequestOptions NONE = new RequestOptions(null, "", Map.of());

  private final Duration timeout;
  private final String requestId;
  private final Map<String, String> headers;

  private RequestOptions(Duration timeout, String requestId, Map<String, String> headers) {
    this.timeout = timeout;
    this.requestId = requestId;
    this.headers = headers;
  }

  /** The client's own settings alone. */
  public static RequestOptions none() {
    return NONE;
  }

  /** How long the call may take; it ends with {@link GenerationTimeoutException} then. */
  public RequestOptions withTimeout(Duration limit) {
    return new RequestOptions(checked(limit), requestId, headers);
  }

  /** The identifier that the gateway logs the call under. Without it the client makes one. */
  public RequestOptions withRequestId(String id) {
    return new RequestOptions(timeout, checked("requestId", id), headers);
  }

  /** A header of text to send; it takes the place of the client's own of that name. */
  public RequestOptions withHeader(String name, String value) {
    String key = name.toLowerCase(Locale.ROOT);
    key(key); // refuses a name that no header can have
    if (key.equals(Connection.REQUEST_ID.name())) {
      return withRequestId(value);
    }
    Map<String, String> more = new TreeMap<>(headers);
    more.put(key, checked(name, value));
    return new RequestOptions(timeout, requestId, more);
  }

  /** The W3C trace context that the call belongs to; an empty {@code tracestate} is none. */
  public RequestOptions withTraceContext(String traceparent, String tracestate) {
    RequestOptions traced = withHeader("traceparent", traceparent);
    return tracestate.isEmpty() ? traced : traced.withHeader("tracestate", tracestate);
  }

  Optional<Duration> timeout() {
    return Optional.ofNullable(timeout);
  }

  String requestId() {
    return requestId;
  }

  void addTo(Metadata metadata) {
    headers.forEach(
        (name, value) -> {
          metadata.discardAll(key(name));
          metadata.put(key(name), value);
        });
  }

  static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  static Duration checked(Duration limit) {
    if (limit.isNegative()) {
      throw new IllegalArgumentException("timeout: is negative");
    }
    return limit;
  }

  /** A value that a header can carry; gRPC's own refusal names nothing. */
  static String checked(String name, String value) {
    if (!value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
      throw new IllegalArgumentException(name + ": has characters that no header can carry");
    }
    return value;
  }

  @Override
  public String toString() {
    return "RequestOptions{timeout="
        + timeout
        + ", requestId="
        + requestId
        + ", headers="
        + headers.keySet()
        + "}";
  }
}
