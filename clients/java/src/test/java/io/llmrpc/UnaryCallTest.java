package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.await;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMResponse;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The one answer of a call: how it is waited for, and left. */
class UnaryCallTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();

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
    CountDownLatch begun = new CountDownLatch(1);
    gateway.answers.add(observer -> begun.countDown());
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicBoolean flag = new AtomicBoolean();
    Thread waiting =
        new Thread(
            () -> {
              thrown.set(assertThrows(CancellationException.class, () -> client.generate(HELLO)));
              flag.set(Thread.currentThread().isInterrupted());
            });
    waiting.start();
    await(begun);
    waiting.interrupt();
    waiting.join();
    assertInstanceOf(InterruptedException.class, thrown.get().getCause());
    assertTrue(flag.get(), "the thread stays interrupted");
    await(gateway.cancelled);
  }

  @Test
  void completesItsFutureWithWhatWentWrong() {
    gateway.fail(Status.NOT_FOUND.withDescription("no such model"), null);
    CompletableFuture<LLMResponse> future = client.generateAsync(HELLO);
    ExecutionException error = assertThrows(ExecutionException.class, future::get);
    assertTrue(error.getCause() instanceof ModelNotFoundException);
  }

  @Test
  void tellsWhereItWasAskedForWhatWentWrong() {
    gateway.fail(Status.NOT_FOUND, null);
    LLMClientException error =
        assertThrows(ModelNotFoundException.class, () -> client.generate(HELLO));
    assertTrue(
        Arrays.stream(error.getStackTrace())
            .anyMatch(frame -> frame.getClassName().equals(UnaryCallTest.class.getName())),
        "the caller stands in its trace");
    assertInstanceOf(StatusRuntimeException.class, error.getCause());
  }

  @Test
  void tellsARequestThatIsTooLarge() throws Exception {
    GenerateRequest large =
        HELLO.toBuilder().setModel("x".repeat(Channels.MAX_MESSAGE_BYTES)).build();
    LLMClientException error =
        assertThrows(InvalidRequestException.class, () -> client.generate(large));
    assertTrue(error.getMessage().contains("sends at most 67108864"), error.getMessage());
    CompletableFuture<LLMResponse> future = client.generateAsync(large);
    ExecutionException later = assertThrows(ExecutionException.class, future::get);
    assertInstanceOf(InvalidRequestException.class, later.getCause());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3})
  void isOne(int times) {
    gateway.answer("a");
    try (GatewayClient receiving =
        GatewayClient.builder()
            .address(gateway.address())
            .configureChannel(channel -> channel.intercept(repeating(times)))
            .build()) {
      LLMClientException error =
          assertThrows(StreamInterruptedException.class, () -> receiving.generate(HELLO));
      String said = "it ended with " + times + " messages";
      assertTrue(error.getMessage().endsWith(said), error.getMessage());
    }
  }

  /** Lets every message come so often: a real server never does. */
  private static ClientInterceptor repeating(int times) {
    return new ClientInterceptor() {
      @Override
      public <Q, R> ClientCall<Q, R> interceptCall(
          MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
          @Override
          public void start(Listener<R> listener, Metadata headers) {
            super.start(
                new SimpleForwardingClientCallListener<>(listener) {
                  @Override
                  public void onMessage(R message) {
                    for (int i = 0; i < times; i++) {
                      super.onMessage(message);
                    }
                  }
                },
                headers);
          }
        };
      }
    };
  }
}
