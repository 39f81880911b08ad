package io.llmrpc;

import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A channel, and what every call over it is sent with. */
final class Connection implements AutoCloseable {
  static final Metadata.Key<String> REQUEST_ID = RequestOptions.key("x-request-id");
  private static final Metadata.Key<String> AUTHORIZATION = RequestOptions.key("authorization");

  /** How long a gateway that is back may go unseen while calls are made. */
  private static final long RECONNECT_NANOS = TimeUnit.SECONDS.toNanos(1);

  final String target;
  private final ManagedChannel channel;
  private final String authorization;
  private final AtomicLong hurried = new AtomicLong(System.nanoTime() - RECONNECT_NANOS);
  private volatile boolean closed;

  /** {@code authorization} is null for calls without a key. */
  Connection(String target, ManagedChannel channel, String authorization) {
    this.target = target;
    this.channel = channel;
    this.authorization = authorization;
  }

  /** A call that is ready to be started; {@code limit} is null for none. */
  <Q, R> Outgoing<Q, R> call(
      MethodDescriptor<Q, R> method, RequestOptions options, Duration limit) {
    if (closed) {
      throw new IllegalStateException("this client is closed");
    }
    hurry();
    CallOptions with = CallOptions.DEFAULT.withMaxOutboundMessageSize(Channels.MAX_MESSAGE_BYTES);
    Duration time = options.timeout().orElse(limit);
    if (time != null) {
      with = with.withDeadlineAfter(nanos(time), TimeUnit.NANOSECONDS);
    }
    String id = options.requestId();
    if (id.isEmpty()) {
      id = UUID.randomUUID().toString().replace("-", "");
    }
    Metadata headers = new Metadata();
    if (authorization != null) {
      headers.put(AUTHORIZATION, authorization);
    }
    headers.put(REQUEST_ID, id);
    options.addTo(headers); // which may have keys of its own
    return new Outgoing<>(channel.newCall(method, with), headers, id, this);
  }

  /**
   * Connects now where a try has failed. By itself gRPC for Java lets up to two minutes pass in
   * between, and has no setting for it.
   */
  private void hurry() {
    if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      long now = System.nanoTime();
      long last = hurried.get();
      if (now - last >= RECONNECT_NANOS && hurried.compareAndSet(last, now)) {
        channel.resetConnectBackoff();
      }
    }
  }

  boolean isClosed() {
    return closed;
  }

  /** Ends all calls; may be repeated. */
  @Override
  public void close() {
    closed = true;
    channel.shutdownNow();
  }

  private static long nanos(Duration time) {
    try {
      return time.toNanos();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE / 2; // longer than a call can take
    }
  }
}
