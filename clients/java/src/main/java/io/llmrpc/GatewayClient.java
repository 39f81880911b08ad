package io.llmrpc;

import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.llmrpc.v1.BatchItem;
import io.llmrpc.v1.BatchResult;
import io.llmrpc.v1.CountTokensRequest;
import io.llmrpc.v1.CountTokensResponse;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.LLMServiceGrpc;
import io.llmrpc.v1.Model;
import io.llmrpc.v1.StreamEvent;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A gateway seen from Java. One client serves any number of threads; close it when the application
 * ends.
 *
 * <p>Methods that wait throw {@link LLMClientException} for a call that failed. An interrupt
 * cancels the call: they throw {@link java.util.concurrent.CancellationException} and the thread
 * stays interrupted. Calls that find no gateway, or one that says UNAVAILABLE, are tried up to four
 * times in all, and never once an event has come.
 */
public final class GatewayClient implements AutoCloseable {
  private final Connection connection;
  private final Duration timeout;
  private final Tls tls;

  private GatewayClient(Connection connection, Duration timeout, Tls tls) {
    this.connection = connection;
    this.timeout = timeout;
    this.tls = tls;
  }

  /** A client of the gateway at {@code host:port}, over plaintext; without a port 50051. */
  public static GatewayClient connect(String address) {
    return builder().address(address).build();
  }

  /** A client with more settings. */
  public static Builder builder() {
    return new Builder();
  }

  /** One whole answer. */
  public LLMResponse generate(GenerateRequest request) {
    return generate(request, RequestOptions.none());
  }

  /** One whole answer. */
  public LLMResponse generate(GenerateRequest request, RequestOptions options) {
    return UnaryCall.join(generateAsync(request, options));
  }

  /** One whole answer, later. */
  public CompletableFuture<LLMResponse> generateAsync(GenerateRequest request) {
    return generateAsync(request, RequestOptions.none());
  }

  /**
   * One whole answer, later. Cancelling the future itself, or completing it in another way, cancels
   * the call; a failed call completes it with an {@link LLMClientException}.
   */
  public CompletableFuture<LLMResponse> generateAsync(
      GenerateRequest request, RequestOptions options) {
    return start(LLMServiceGrpc.getGenerateMethod(), request, options);
  }

  /** The events of an answer as it is written. */
  public ResponseStream<StreamEvent> stream(GenerateRequest request) {
    return stream(request, RequestOptions.none());
  }

  /** The events of an answer as it is written; the last one carries the whole response. */
  public ResponseStream<StreamEvent> stream(GenerateRequest request, RequestOptions options) {
    return new EventStream(streamCall(options), request);
  }

  /** The text of an answer as it is written. */
  public ResponseStream<String> streamText(GenerateRequest request) {
    return streamText(request, RequestOptions.none());
  }

  /** The text of an answer as it is written. */
  public ResponseStream<String> streamText(GenerateRequest request, RequestOptions options) {
    return new TextStream(stream(request, options));
  }

  /** The events of an answer, to be subscribed to. */
  public Flow.Publisher<StreamEvent> publisher(GenerateRequest request) {
    return publisher(request, RequestOptions.none());
  }

  /**
   * The events of an answer, to be subscribed to. Each subscriber starts a call of its own, which
   * is read only as far as it requests; cancelling the subscription cancels the call. Signals come
   * on gRPC's threads.
   */
  public Flow.Publisher<StreamEvent> publisher(GenerateRequest request, RequestOptions options) {
    return new EventPublisher<>(() -> streamCall(options), request, List::of);
  }

  /** The text of an answer, to be subscribed to. */
  public Flow.Publisher<String> textPublisher(GenerateRequest request) {
    return textPublisher(request, RequestOptions.none());
  }

  /** The text of an answer, to be subscribed to, as {@link #publisher} has its events. */
  public Flow.Publisher<String> textPublisher(GenerateRequest request, RequestOptions options) {
    return new EventPublisher<>(() -> streamCall(options), request, TextStream::of);
  }

  /** Many requests over one call. */
  public ResponseStream<BatchResult> batch(Iterable<? extends BatchItem> items) {
    return batch(items, RequestOptions.none());
  }

  /**
   * Many requests over one call: results come as they finish.
   *
   * <p>Items are pulled one at a time as the gateway takes them, in a thread of the client's. One
   * that fails has a status, which {@link Exceptions#fromStatus} turns into the exception; what
   * ends the whole batch is thrown, and so is what the iterable throws. It takes what time it
   * needs: the client's timeout is not for it, that of the options is.
   */
  public ResponseStream<BatchResult> batch(
      Iterable<? extends BatchItem> items, RequestOptions options) {
    Iterator<? extends BatchItem> iterator = items.iterator();
    return new BatchResults(
        connection.call(LLMServiceGrpc.getBatchGenerateMethod(), options, null), iterator);
  }

  /** What a request would send, counted without sending it. */
  public CountTokensResponse countTokens(GenerateRequest request) {
    return countTokens(request, RequestOptions.none());
  }

  /** What a request would send, counted without sending it. */
  public CountTokensResponse countTokens(GenerateRequest request, RequestOptions options) {
    CountTokensRequest counted = CountTokensRequest.newBuilder().setRequest(request).build();
    return UnaryCall.join(start(LLMServiceGrpc.getCountTokensMethod(), counted, options));
  }

  /** All models that the gateway can call, ordered by name. */
  public Stream<Model> models() {
    return models("", RequestOptions.none());
  }

  /** The models that a filter holds for. */
  public Stream<Model> models(String filter) {
    return models(filter, RequestOptions.none());
  }

  /**
   * The models that a filter holds for, ordered by name: an AIP-160 expression over {@code Model}'s
   * fields, such as {@code provider = "openai" AND capabilities.tools = true}. Pages are asked for
   * as the stream reaches them: a call each, with the timeout and the request id that the options
   * have.
   */
  public Stream<Model> models(String filter, RequestOptions options) {
    ModelPages pages =
        new ModelPages(
            page -> UnaryCall.join(start(LLMServiceGrpc.getListModelsMethod(), page, options)),
            filter);
    int kind = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(pages, kind), false);
  }

  /** Whether the gateway serves. */
  public ServingStatus health() {
    return health("");
  }

  /** How one service is. */
  public ServingStatus health(String service) {
    return health(service, RequestOptions.none());
  }

  /**
   * How a service is: {@code ""} for all of the gateway, {@code llmrpc.v1.LLMService}, or {@code
   * provider/NAME}. SERVICE_UNKNOWN where the gateway has no such service.
   */
  public ServingStatus health(String service, RequestOptions options) {
    HealthCheckRequest request = HealthCheckRequest.newBuilder().setService(service).build();
    try {
      HealthCheckResponse answer =
          UnaryCall.join(start(HealthGrpc.getCheckMethod(), request, options));
      return answer.getStatus();
    } catch (LLMClientException e) {
      if (e.getCause() instanceof StatusRuntimeException && e.code() == Status.Code.NOT_FOUND) {
        return ServingStatus.SERVICE_UNKNOWN;
      }
      throw e;
    }
  }

  /** Ends all calls that still run; may be repeated. */
  @Override
  public void close() {
    connection.close();
  }

  /** The address; never the token. */
  @Override
  public String toString() {
    return "GatewayClient[" + connection.target + ", " + (tls == null ? "plaintext" : tls) + "]";
  }

  private <Q, R> CompletableFuture<R> start(
      MethodDescriptor<Q, R> method, Q request, RequestOptions options) {
    return UnaryCall.start(connection.call(method, options, timeout), request);
  }

  private Outgoing<GenerateRequest, StreamEvent> streamCall(RequestOptions options) {
    return connection.call(LLMServiceGrpc.getStreamTextMethod(), options, timeout);
  }

  /** The settings of a client. */
  public static final class Builder {
    private String address = Address.DEFAULT;
    private String token;
    private boolean insecureTokenAllowed;
    private Tls tls;
    private Duration timeout;
    private Map<String, ?> serviceConfig = Channels.SERVICE_CONFIG;
    private Consumer<ManagedChannelBuilder<?>> more = channel -> {};

    private Builder() {}

    /** {@code host:port}, without a port 50051, or a target of gRPC's such as {@code dns:///…}. */
    public Builder address(String hostAndPort) {
      address = Address.withPort(hostAndPort);
      return this;
    }

    /** The bearer key to call with; it travels over TLS or to this machine alone. */
    public Builder token(String key) {
      token = RequestOptions.checked("token", key);
      return this;
    }

    /** Sends the token over plaintext to another machine, where the way there is safe. */
    public Builder allowInsecureToken() {
      insecureTokenAllowed = true;
      return this;
    }

    /** TLS in place of plaintext. */
    public Builder tls(Tls settings) {
      tls = Objects.requireNonNull(settings);
      return this;
    }

    /** For each call that brings no timeout of its own. Without: the gateway's own limit. */
    public Builder timeout(Duration limit) {
      timeout = RequestOptions.checked(limit);
      return this;
    }

    /** gRPC's service config (retries, load balancing), in place of the client's own. */
    public Builder serviceConfig(Map<String, ?> config) {
      serviceConfig = config;
      return this;
    }

    /** More settings of the gRPC channel, which win over the client's own: interceptors, say. */
    public Builder configureChannel(Consumer<ManagedChannelBuilder<?>> settings) {
      more = more.andThen(settings);
      return this;
    }

    /**
     * The client. It connects with its first call.
     *
     * @throws IllegalArgumentException where the token would travel unencrypted
     */
    public GatewayClient build() {
      boolean safe = tls != null || insecureTokenAllowed || Address.isLoopback(address);
      if (token != null && !safe) {
        throw new IllegalArgumentException(
            "the token would travel to "
                + address
                + " unencrypted: give tls, or allowInsecureToken where the way there is safe");
      }
      ManagedChannelBuilder<?> channel = Channels.builder(address, tls, serviceConfig);
      more.accept(channel);
      String authorization = token == null ? null : "Bearer " + token;
      Connection connection = new Connection(address, channel.build(), authorization);
      return new GatewayClient(connection, timeout, tls);
    }
  }
}
