package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.await;
import static io.llmrpc.FakeGateway.event;
import static io.llmrpc.FakeGateway.events;
import static io.llmrpc.FakeGateway.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.llmrpc.v1.ErrorDetails;
import io.llmrpc.v1.StreamEvent;
import io.llmrpc.v1.Usage;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Streams that a thread reads. */
class StreamTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();

  @Test
  void givesTheEventsInOrder() {
    gateway.stream(events("a", "b", "c"));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      assertEquals(List.of(events("a", "b", "c")), stream.stream().collect(Collectors.toList()));
      assertThrows(NoSuchElementException.class, stream::next);
    }
  }

  @Test
  void givesMoreThanItHoldsAtOnce() {
    String[] texts = Collections.nCopies(5 * Receiver.AHEAD, "x").toArray(new String[0]);
    gateway.stream(events(texts));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      assertEquals(List.of(events(texts)), stream.stream().collect(Collectors.toList()));
    }
  }

  @Test
  void givesTheTextAlone() {
    StreamEvent two = events("", "b")[1].toBuilder().addDeltas(event(0, "c").getDeltas(0)).build();
    gateway.stream(event(1, "a"), two);
    try (ResponseStream<String> stream = client.streamText(HELLO)) {
      assertEquals(List.of("a", "b", "c"), stream.stream().collect(Collectors.toList()));
    }
  }

  @Test
  void refusesAGap() throws Exception {
    gateway.streams.add(
        observer -> {
          observer.onNext(event(1, "a"));
          observer.onNext(event(3, "c"));
        });
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      stream.next();
      LLMClientException error = assertThrows(StreamInterruptedException.class, stream::hasNext);
      assertTrue(error.getMessage().endsWith("event 3 came for 2"), error.getMessage());
      await(gateway.cancelled);
    }
  }

  @Test
  void refusesARepeatedEvent() {
    gateway.stream(event(1, "a"), event(1, "a"));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      stream.next();
      LLMClientException error = assertThrows(StreamInterruptedException.class, stream::hasNext);
      assertTrue(error.getMessage().endsWith("event 1 came for 2"), error.getMessage());
    }
  }

  @Test
  void refusesARequestThatIsTooLarge() {
    var large = HELLO.toBuilder().setModel("x".repeat(Channels.MAX_MESSAGE_BYTES)).build();
    assertThrows(InvalidRequestException.class, () -> client.stream(large));
  }

  @Test
  void refusesAnEndWithoutCompleted() {
    gateway.stream(event(1, "a"));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      stream.next();
      assertThrows(StreamInterruptedException.class, stream::hasNext);
      assertFalse(stream.hasNext(), "what ended it is told once");
    }
  }

  @Test
  void refusesAnEventBehindTheLast() {
    gateway.stream(events("a")[0], event(2, "b"));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      stream.next();
      assertThrows(StreamInterruptedException.class, stream::hasNext);
    }
  }

  @Test
  void isInterruptedWhenItBreaksBehindItsFirstEvent() {
    gateway.streams.add(
        observer -> {
          observer.onNext(event(1, "a"));
          observer.onError(Status.UNAVAILABLE.asRuntimeException());
        });
    RequestOptions options = RequestOptions.none().withRequestId("mine");
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO, options)) {
      stream.next();
      LLMClientException error = assertThrows(StreamInterruptedException.class, stream::hasNext);
      assertEquals("mine", error.requestId());
      assertFalse(error.isRetryable());
    }
    assertEquals(1, gateway.headers.size());
  }

  @Test
  void givesASlowReaderAllThatCameBeforeItBroke() throws Exception {
    gateway.streams.add(
        observer -> {
          for (int i = 1; i <= 300; i++) {
            observer.onNext(event(i, "x"));
          }
          observer.onError(Status.UNAVAILABLE.asRuntimeException());
        });
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      for (int i = 1; i <= 300; i++) {
        assertEquals(i, stream.next().getSequence());
        Thread.sleep(1);
      }
      assertThrows(StreamInterruptedException.class, stream::hasNext);
    }
  }

  @Test
  void tellsWhatItUsedWhenTheGatewayEndsItInTheMiddle() {
    ErrorDetails ours =
        ErrorDetails.newBuilder()
            .setRequestId("theirs")
            .setUsage(Usage.newBuilder().setOutputTokens(7))
            .build();
    com.google.rpc.Status told =
        com.google.rpc.Status.newBuilder()
            .setCode(Status.Code.UNAVAILABLE.value())
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setDomain("llmrpc")
                        .setReason("PROVIDER_OVERLOADED")
                        .build()))
            .addDetails(Any.pack(ours))
            .build();
    gateway.streams.add(
        observer -> {
          observer.onNext(event(1, "a"));
          observer.onError(StatusProto.toStatusRuntimeException(told));
        });
    try (ResponseStream<String> stream = client.streamText(HELLO)) {
      stream.next();
      LLMClientException error = assertThrows(ProviderNotAvailableException.class, stream::hasNext);
      assertEquals("PROVIDER_OVERLOADED", error.reason());
      assertEquals("theirs", error.requestId());
      assertEquals(7, error.usage().orElseThrow().getOutputTokens());
    }
  }

  @Test
  void leftEarlyItCancelsTheCall() throws Exception {
    gateway.streams.add(observer -> observer.onNext(event(1, "a")));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      stream.next();
    }
    await(gateway.cancelled);
  }

  @Test
  void leftEarlyAsAJavaStreamItCancelsTheCall() throws Exception {
    gateway.streams.add(observer -> observer.onNext(event(1, "a")));
    try (Stream<String> texts = client.streamText(HELLO).stream()) {
      assertEquals("a", texts.findFirst().orElseThrow());
    }
    await(gateway.cancelled);
  }

  @Test
  void forgottenItCancelsTheCall() throws Exception {
    gateway.streams.add(observer -> observer.onNext(event(1, "a")));
    assertEquals(1, client.stream(HELLO).next().getSequence());
    until(
        () -> {
          System.gc();
          return gateway.cancelled.getCount() == 0;
        });
  }

  @Test
  void closedByAnotherThreadItEndsTheWait() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    gateway.streams.add(observer -> begun.countDown());
    ResponseStream<StreamEvent> stream = client.stream(HELLO);
    Thread closer =
        new Thread(
            () -> {
              try {
                await(begun);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
              stream.close();
            });
    closer.start();
    assertThrows(CancellationException.class, stream::hasNext);
    closer.join();
    await(gateway.cancelled);
  }

  @Test
  void anInterruptCancelsTheCallAndStays() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    gateway.streams.add(observer -> begun.countDown());
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicReference<Boolean> flag = new AtomicReference<>();
    ResponseStream<StreamEvent> stream = client.stream(HELLO);
    Thread reader =
        new Thread(
            () -> {
              thrown.set(assertThrows(CancellationException.class, stream::next));
              flag.set(Thread.currentThread().isInterrupted());
            });
    reader.start();
    await(begun);
    reader.interrupt();
    reader.join();
    assertInstanceOf(InterruptedException.class, thrown.get().getCause());
    assertTrue(flag.get(), "the thread stays interrupted");
    await(gateway.cancelled); // not only where it is closed
    stream.close();
  }

  @Test
  void holdsFewEventsOfASenderThatIsTooFast() throws Exception {
    AtomicReference<Integer> sent = new AtomicReference<>(0);
    String large = "x".repeat(100_000);
    gateway.streams.add(
        observer ->
            observer.setOnReadyHandler(
                () -> {
                  while (observer.isReady() && sent.get() < 1000) {
                    sent.set(sent.get() + 1);
                    observer.onNext(event(sent.get(), large));
                  }
                }));
    try (ResponseStream<StreamEvent> stream = client.stream(HELLO)) {
      stream.next();
      int before = -1;
      while (before != sent.get()) { // until it stands still
        before = sent.get();
        Thread.sleep(200);
      }
      assertTrue(before < 100, before + " events of 100 kB are under way");
    }
  }
}
