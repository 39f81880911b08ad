package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.await;
import static io.llmrpc.FakeGateway.response;
import static io.llmrpc.FakeGateway.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.llmrpc.v1.BatchItem;
import io.llmrpc.v1.BatchResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Many requests over one call. */
class BatchTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();
  private final List<Optional<Deadline>> deadlines = new CopyOnWriteArrayList<>();

  private static BatchItem item(String id) {
    return BatchItem.newBuilder().setId(id).setGenerate(HELLO).build();
  }

  private static BatchResult result(String id) {
    return BatchResult.newBuilder().setId(id).setResponse(response(id)).build();
  }

  private static StreamObserver<BatchItem> reading(Consumer<BatchItem> each, Runnable atTheEnd) {
    return new StreamObserver<>() {
      @Override
      public void onNext(BatchItem item) {
        each.accept(item);
      }

      @Override
      public void onError(Throwable why) {}

      @Override
      public void onCompleted() {
        atTheEnd.run();
      }
    };
  }

  /** Answers each item as it comes. */
  private void answering() {
    gateway.batch = out -> reading(item -> out.onNext(result(item.getId())), out::onCompleted);
  }

  @Test
  void givesResultsAsTheyFinish() {
    answering();
    try (ResponseStream<BatchResult> results = client.batch(List.of(item("a"), item("b")))) {
      assertEquals(
          List.of(result("a"), result("b")), results.stream().collect(Collectors.toList()));
    }
  }

  @Test
  void pullsAnItemThatDependsOnAResult() throws Exception {
    answering();
    BlockingQueue<String> next = new LinkedBlockingQueue<>(List.of("a"));
    Iterator<BatchItem> items =
        new Iterator<>() {
          private String id;

          @Override
          public boolean hasNext() {
            try {
              id = next.take();
            } catch (InterruptedException e) {
              return false;
            }
            return !id.isEmpty();
          }

          @Override
          public BatchItem next() {
            return item(id);
          }
        };
    try (ResponseStream<BatchResult> results = client.batch(() -> items)) {
      assertEquals("a", results.next().getId());
      next.add("b");
      assertEquals("b", results.next().getId());
      next.add("");
      assertTrue(!results.hasNext());
    }
  }

  @Test
  void pullsNoMoreThanTheGatewayTakes() throws Exception {
    AtomicInteger pulled = new AtomicInteger();
    BatchItem large =
        item("a").toBuilder().setGenerate(HELLO.toBuilder().setModel("x".repeat(100_000))).build();
    gateway.batch =
        out -> {
          out.disableAutoRequest();
          return reading(item -> {}, () -> {});
        };
    Iterable<BatchItem> endless =
        () ->
            java.util.stream.Stream.generate(
                    () -> {
                      pulled.incrementAndGet();
                      return large;
                    })
                .iterator();
    try (ResponseStream<BatchResult> results = client.batch(endless)) {
      assertTrue(results != null);
      until(() -> pulled.get() > 0);
      int before = -1;
      while (before != pulled.get()) { // until it stands still
        before = pulled.get();
        Thread.sleep(200);
      }
      assertTrue(before < 100, before + " items of 100 kB are under way");
    }
    await(gateway.cancelled);
    int after = pulled.get();
    Thread.sleep(100);
    assertTrue(pulled.get() <= after + 1, "it pulls on");
  }

  @Test
  void throwsWhatTheItemsThrow() throws Exception {
    answering();
    Iterable<BatchItem> items =
        () ->
            java.util.stream.Stream.of("a", "b")
                .map(
                    id -> {
                      if (id.equals("b")) {
                        throw new IllegalStateException("no more paper");
                      }
                      return item(id);
                    })
                .iterator();
    try (ResponseStream<BatchResult> results = client.batch(items)) {
      IllegalStateException error =
          assertThrows(
              IllegalStateException.class, () -> results.stream().collect(Collectors.toList()));
      assertEquals("no more paper", error.getMessage());
      await(gateway.cancelled);
    }
  }

  @Test
  void throwsWhatItemsThrowAlsoWhereJavaWouldCheckIt() throws Exception {
    answering();
    Iterator<BatchItem> unreadable =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return true;
          }

          @Override
          public BatchItem next() {
            BatchTest.<RuntimeException>fail(new IOException("line 2"));
            return null;
          }
        };
    try (ResponseStream<BatchResult> results = client.batch(() -> unreadable)) {
      assertThrows(IOException.class, results::hasNext);
      await(gateway.cancelled);
    }
  }

  /** As an iterator in Kotlin may throw it. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void fail(Throwable e) throws E {
    throw (E) e;
  }

  @Test
  void refusesAnItemThatIsNone() {
    answering();
    try (ResponseStream<BatchResult> results = client.batch(Arrays.asList(item("a"), null))) {
      NullPointerException error =
          assertThrows(
              NullPointerException.class, () -> results.stream().collect(Collectors.toList()));
      assertEquals("an item of the batch is null", error.getMessage());
    }
  }

  @Test
  void tellsAnItemThatIsTooLarge() {
    answering();
    BatchItem large = item("x".repeat(Channels.MAX_MESSAGE_BYTES));
    try (ResponseStream<BatchResult> results = client.batch(List.of(large))) {
      LLMClientException error = assertThrows(InvalidRequestException.class, results::hasNext);
      assertTrue(error.getMessage().contains("sends at most 67108864"), error.getMessage());
    }
  }

  @Test
  void leftEarlyItInterruptsItemsThatWait() throws Exception {
    answering();
    ItemsThatWait items = new ItemsThatWait(item("a"));
    try (ResponseStream<BatchResult> results = client.batch(() -> items)) {
      assertEquals("a", results.next().getId());
      await(items.waiting);
    }
    await(items.interrupted);
    await(gateway.cancelled);
  }

  @Test
  void forgottenItCancelsTheCall() throws Exception {
    gateway.batch = out -> reading(item -> out.onNext(result(item.getId())), () -> {});
    assertEquals("a", client.batch(List.of(item("a"))).next().getId());
    until(
        () -> {
          System.gc();
          return gateway.cancelled.getCount() == 0;
        });
  }

  @Test
  void theClientsTimeoutIsNotForIt() {
    gateway.batch =
        out -> {
          deadlines.add(Optional.ofNullable(Context.current().getDeadline()));
          return reading(item -> out.onNext(result(item.getId())), out::onCompleted);
        };
    try (GatewayClient hasty =
        GatewayClient.builder().address(gateway.address()).timeout(Duration.ofMinutes(9)).build()) {
      hasty.batch(List.of(item("a"))).forEach(result -> {});
      RequestOptions options = RequestOptions.none().withTimeout(Duration.ofMinutes(5));
      hasty.batch(List.of(item("a")), options).forEach(result -> {});
    }
    assertTrue(deadlines.get(0).isEmpty(), "the client's");
    assertTrue(deadlines.get(1).orElseThrow().timeRemaining(TimeUnit.MINUTES) < 6, "its own");
  }

  @Test
  void refusesAnEndWithoutAllResults() {
    gateway.batch = out -> reading(item -> {}, out::onCompleted);
    try (ResponseStream<BatchResult> results = client.batch(List.of(item("a")))) {
      LLMClientException error = assertThrows(StreamInterruptedException.class, results::hasNext);
      assertTrue(error.getMessage().endsWith("0 results for 1 items"), error.getMessage());
    }
  }

  @RepeatedTest(20)
  void refusesAnEndWhileItemsStillCome() {
    gateway.batch =
        out -> {
          out.onCompleted();
          return reading(item -> {}, () -> {});
        };
    try (ResponseStream<BatchResult> results = client.batch(() -> new ItemsThatWait())) {
      LLMClientException error = assertThrows(StreamInterruptedException.class, results::hasNext);
      assertTrue(error.getMessage().endsWith("0 results for 0 items"), error.getMessage());
    }
  }

  @Test
  void throwsWhatEndsItAll() {
    gateway.batch =
        out ->
            reading(item -> out.onError(Status.PERMISSION_DENIED.asRuntimeException()), () -> {});
    try (ResponseStream<BatchResult> results = client.batch(List.of(item("a"), item("b")))) {
      assertThrows(PermissionDeniedException.class, results::hasNext);
    }
  }

  @Test
  void leftEarlyItCancelsTheCall() throws Exception {
    gateway.batch = out -> reading(item -> out.onNext(result(item.getId())), () -> {});
    try (ResponseStream<BatchResult> results = client.batch(List.of(item("a")))) {
      results.next();
    }
    await(gateway.cancelled);
  }
}
