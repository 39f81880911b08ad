package io.llmrpc;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.llmrpc.v1.BatchItem;
import io.llmrpc.v1.BatchResult;
import io.llmrpc.v1.CountTokensRequest;
import io.llmrpc.v1.CountTokensResponse;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMMessage;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.LLMServiceGrpc;
import io.llmrpc.v1.ListModelsRequest;
import io.llmrpc.v1.ListModelsResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.Role;
import io.llmrpc.v1.StreamEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A server that does what a test says, also what a real gateway never does. */
final class FakeGateway extends LLMServiceGrpc.LLMServiceImplBase implements AutoCloseable {
  static final GenerateRequest HELLO =
      GenerateRequest.newBuilder().addMessages(Messages.user("Hello")).build();

  /** What any wait may take; what is waited for comes far sooner. */
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** What the calls of a test meet, one after another. */
  final BlockingQueue<Consumer<ServerCallStreamObserver<LLMResponse>>> answers =
      new LinkedBlockingQueue<>();

  final BlockingQueue<Consumer<ServerCallStreamObserver<StreamEvent>>> streams =
      new LinkedBlockingQueue<>();

  /** The pages of models by their tokens. */
  final Map<String, ListModelsResponse> pages = new java.util.concurrent.ConcurrentHashMap<>();

  final List<GenerateRequest> generated = new CopyOnWriteArrayList<>();
  final List<ListModelsRequest> asked = new CopyOnWriteArrayList<>();
  final List<Metadata> headers = new CopyOnWriteArrayList<>();
  final CountDownLatch cancelled = new CountDownLatch(1);

  /** What the batch does, given where its results go. */
  java.util.function.Function<ServerCallStreamObserver<BatchResult>, StreamObserver<BatchItem>>
      batch;

  private final Server server;

  FakeGateway() {
    ServerInterceptor listening =
        new ServerInterceptor() {
          @Override
          public <Q, R> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
            headers.add(metadata);
            return next.startCall(call, metadata);
          }
        };
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(this)
            .intercept(listening)
            .maxInboundMessageSize(8 << 20)
            .build();
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  GatewayClient client() {
    return GatewayClient.connect(address());
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<LLMResponse> observer) {
    generated.add(request);
    run(answers, (ServerCallStreamObserver<LLMResponse>) observer);
  }

  @Override
  public void streamText(GenerateRequest request, StreamObserver<StreamEvent> observer) {
    run(streams, (ServerCallStreamObserver<StreamEvent>) observer);
  }

  @Override
  public StreamObserver<BatchItem> batchGenerate(StreamObserver<BatchResult> observer) {
    ServerCallStreamObserver<BatchResult> results =
        (ServerCallStreamObserver<BatchResult>) observer;
    results.setOnCancelHandler(cancelled::countDown);
    return batch.apply(results);
  }

  @Override
  public void countTokens(
      CountTokensRequest request, StreamObserver<CountTokensResponse> observer) {
    observer.onNext(CountTokensResponse.newBuilder().setPromptTokens(1234).build());
    observer.onCompleted();
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    asked.add(request);
    observer.onNext(pages.get(request.getPageToken()));
    observer.onCompleted();
  }

  private <R> void run(
      BlockingQueue<Consumer<ServerCallStreamObserver<R>>> script,
      ServerCallStreamObserver<R> observer) {
    observer.setOnCancelHandler(cancelled::countDown);
    script.remove().accept(observer);
  }

  /** Answers one call. */
  void answer(String text) {
    answers.add(
        observer -> {
          observer.onNext(response(text));
          observer.onCompleted();
        });
  }

  /** Fails one call; {@code pushback} is null where the gateway says nothing of another try. */
  void fail(Status status, String pushback) {
    answers.add(
        observer -> {
          Metadata trailers = new Metadata();
          if (pushback != null) {
            trailers.put(RequestOptions.key("grpc-retry-pushback-ms"), pushback);
          }
          observer.onError(status.asRuntimeException(trailers));
        });
  }

  /** A header that came with a call. */
  String sent(int call, String header) {
    return headers.get(call).get(RequestOptions.key(header));
  }

  /** Plays one stream: these events, then a good end. */
  FakeGateway stream(StreamEvent... events) {
    streams.add(
        observer -> {
          List.of(events).forEach(observer::onNext);
          observer.onCompleted();
        });
    return this;
  }

  /** A whole stream of texts. */
  static StreamEvent[] events(String... texts) {
    List<StreamEvent> events = new ArrayList<>();
    for (String text : texts) {
      StreamEvent.Builder event = StreamEvent.newBuilder().setSequence(events.size() + 1);
      event.addDeltas(Delta.newBuilder().setText(text));
      if (events.size() == texts.length - 1) {
        event.setCompleted(response(String.join("", texts)));
      }
      events.add(event.build());
    }
    return events.toArray(new StreamEvent[0]);
  }

  static StreamEvent event(int sequence, String text) {
    return StreamEvent.newBuilder()
        .setSequence(sequence)
        .addDeltas(Delta.newBuilder().setText(text))
        .build();
  }

  static LLMResponse response(String text) {
    LLMMessage.Builder message =
        LLMMessage.newBuilder()
            .setRole(Role.ROLE_ASSISTANT)
            .addParts(Part.newBuilder().setText(text));
    return LLMResponse.newBuilder().setContent(text).setMessage(message).build();
  }

  /** Waits for a condition that no event tells of. */
  static void until(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not come");
      }
      Thread.sleep(5);
    }
  }

  static void await(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("it did not come");
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
