package io.llmrpc;

import static io.llmrpc.FakeGateway.HELLO;
import static io.llmrpc.FakeGateway.await;
import static io.llmrpc.FakeGateway.event;
import static io.llmrpc.FakeGateway.events;
import static io.llmrpc.FakeGateway.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.MethodDescriptor;
import io.llmrpc.v1.StreamEvent;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Streams that are subscribed to. */
class PublisherTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();

  @Test
  void givesAllToWhoAsksForAll() throws Exception {
    gateway.stream(events("a", "b", "c"));
    Kept<StreamEvent> kept = new Kept<>(Long.MAX_VALUE);
    client.publisher(HELLO).subscribe(kept);
    await(kept.over);
    assertEquals(List.of(events("a", "b", "c")), kept.items);
  }

  @Test
  void canBeAskedForMoreThanAll() throws Exception {
    gateway.stream(events("a", "b", "c"));
    Kept<StreamEvent> kept =
        new Kept<>(Long.MAX_VALUE) {
          @Override
          public void onSubscribe(Flow.Subscription given) {
            given.request(Long.MAX_VALUE);
            super.onSubscribe(given);
          }
        };
    client.publisher(HELLO).subscribe(kept);
    await(kept.over);
    assertEquals(3, kept.items.size());
  }

  @Test
  void givesAsManyAsAreAskedFor() throws Exception {
    StreamEvent two = events("", "b")[1].toBuilder().addDeltas(event(0, "c").getDeltas(0)).build();
    gateway.stream(event(1, "a"), two);
    Kept<String> kept = new Kept<>(1);
    client.textPublisher(HELLO).subscribe(kept);
    until(() -> kept.items.size() == 1);
    kept.subscription.request(1);
    until(() -> kept.items.size() == 2);
    assertEquals(1, kept.over.getCount(), "one piece is left, and nobody asked for it");
    kept.subscription.request(1);
    await(kept.over);
    assertEquals(List.of("a", "b", "c"), kept.items);
  }

  @Test
  void asksTheGatewayForNoMore() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    String large = "x".repeat(100_000);
    gateway.streams.add(
        observer ->
            observer.setOnReadyHandler(
                () -> {
                  while (observer.isReady() && sent.get() < 1000) {
                    observer.onNext(event(sent.incrementAndGet(), large));
                  }
                }));
    Kept<StreamEvent> kept = new Kept<>(3);
    client.publisher(HELLO).subscribe(kept);
    until(() -> kept.items.size() == 3);
    int before = -1;
    while (before != sent.get()) { // until it stands still
      before = sent.get();
      Thread.sleep(200);
    }
    assertEquals(3, kept.items.size());
    // Three were asked for; some more fill the buffers of the connection.
    assertTrue(before < 40, before + " events of 100 kB are under way");
    kept.subscription.cancel();
    await(gateway.cancelled);
  }

  @Test
  void asksAgainFromWithin() throws Exception {
    gateway.stream(events("a", "b", "c", "d"));
    Kept<StreamEvent> kept =
        new Kept<>(1) {
          @Override
          public void onNext(StreamEvent event) {
            super.onNext(event);
            subscription.request(1);
          }
        };
    client.publisher(HELLO).subscribe(kept);
    await(kept.over);
    assertEquals(4, kept.items.size());
  }

  @Test
  void givesEachSubscriberACallOfItsOwn() throws Exception {
    gateway.stream(events("a")).stream(events("b"));
    Flow.Publisher<String> publisher = client.textPublisher(HELLO);
    for (String text : List.of("a", "b")) {
      Kept<String> kept = new Kept<>(9);
      publisher.subscribe(kept);
      await(kept.over);
      assertEquals(List.of(text), kept.items);
    }
  }

  @Test
  void tellsWhatIsBrokenBehindWhatCame() throws Exception {
    gateway.stream(event(1, "a"), event(3, "b"));
    Kept<StreamEvent> kept = new Kept<>(9);
    client.publisher(HELLO).subscribe(kept);
    await(kept.over);
    assertEquals(1, kept.items.size());
    assertTrue(kept.error instanceof StreamInterruptedException, String.valueOf(kept.error));
  }

  @Test
  void keepsWhatBrokeItUntilAllThatCameIsTaken() throws Exception {
    StreamEvent.Builder four = event(1, "a").toBuilder();
    for (String text : List.of("b", "c", "d")) {
      four.addDeltas(event(0, text).getDeltas(0));
    }
    gateway.streams.add(
        observer -> {
          observer.onNext(four.build());
          observer.onNext(event(3, "e"));
        });
    Kept<String> kept = new Kept<>(3);
    client.textPublisher(HELLO).subscribe(kept);
    await(gateway.cancelled);
    assertEquals(1, kept.over.getCount(), "one piece is left");
    kept.subscription.request(1);
    await(kept.over);
    assertEquals(List.of("a", "b", "c", "d"), kept.items);
    assertTrue(kept.error instanceof StreamInterruptedException, String.valueOf(kept.error));
  }

  @Test
  void tellsAFailureToWhoAskedForNothing() throws Exception {
    gateway.streams.add(
        observer -> observer.onError(io.grpc.Status.INVALID_ARGUMENT.asRuntimeException()));
    Kept<StreamEvent> kept = new Kept<>(0);
    client.publisher(HELLO).subscribe(kept);
    await(kept.over);
    assertTrue(kept.error instanceof InvalidRequestException, String.valueOf(kept.error));
  }

  @Test
  void refusesToBeAskedForNothing() throws Exception {
    gateway.streams.add(observer -> observer.onNext(event(1, "a")));
    Kept<StreamEvent> kept = new Kept<>(1);
    client.publisher(HELLO).subscribe(kept);
    until(() -> kept.items.size() == 1);
    kept.subscription.request(0);
    await(kept.over);
    assertTrue(kept.error instanceof IllegalArgumentException, String.valueOf(kept.error));
    await(gateway.cancelled);
  }

  @Test
  void endsTheCallOfASubscriberThatThrows() throws Exception {
    StreamEvent both = event(1, "a").toBuilder().addDeltas(event(0, "b").getDeltas(0)).build();
    gateway.streams.add(observer -> observer.onNext(both));
    Kept<String> kept =
        new Kept<>(1) {
          @Override
          public void onNext(String text) {
            super.onNext(text);
            if (text.equals("b")) {
              throw new IllegalStateException("no more paper");
            }
          }
        };
    ExecutorService callbacks = Executors.newSingleThreadExecutor();
    try (GatewayClient serial =
        GatewayClient.builder()
            .address(gateway.address())
            .configureChannel(channel -> channel.executor(callbacks))
            .build()) {
      serial.textPublisher(HELLO).subscribe(kept);
      until(() -> kept.items.size() == 1);
      callbacks.submit(() -> {}).get(); // behind the callback that gave the first
      assertThrows(IllegalStateException.class, () -> kept.subscription.request(1));
      await(gateway.cancelled);
      kept.subscription.request(1);
      assertEquals(1, kept.over.getCount(), "nothing is told any more");
    } finally {
      callbacks.shutdown();
    }
  }

  @Test
  void tellsThatTheClientIsClosed() throws Exception {
    client.close();
    Kept<StreamEvent> kept = new Kept<>(1);
    client.publisher(HELLO).subscribe(kept);
    await(kept.over);
    assertTrue(kept.error instanceof IllegalStateException, String.valueOf(kept.error));
  }

  @Test
  void cancelledWhileItIsSentItJustEnds() {
    AtomicReference<Flow.Subscription> given = new AtomicReference<>();
    ClientInterceptor cancelling =
        new ClientInterceptor() {
          @Override
          public <Q, R> ClientCall<Q, R> interceptCall(
              MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return new ForwardingClientCall.SimpleForwardingClientCall<>(
                next.newCall(method, options)) {
              @Override
              public void sendMessage(Q message) {
                given.get().cancel();
                super.sendMessage(message);
              }
            };
          }
        };
    try (GatewayClient intercepted =
        GatewayClient.builder()
            .address(gateway.address())
            .configureChannel(channel -> channel.intercept(cancelling))
            .build()) {
      Kept<StreamEvent> kept =
          new Kept<>(1) {
            @Override
            public void onSubscribe(Flow.Subscription its) {
              given.set(its);
            }
          };
      intercepted.publisher(HELLO).subscribe(kept);
      assertEquals(List.of(), kept.items);
    }
  }

  @Test
  void cancelledAtOnceItSendsNothing() {
    Kept<StreamEvent> kept =
        new Kept<>(0) {
          @Override
          public void onSubscribe(Flow.Subscription given) {
            given.cancel();
          }
        };
    client.publisher(HELLO).subscribe(kept);
    assertEquals(1234, client.countTokens(HELLO).getPromptTokens());
    assertEquals(1, gateway.headers.size(), "the count alone");
  }
}
