package io.llmrpc;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.StreamEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A stream as a {@link Flow.Publisher}: every subscriber has a call of its own, and the gateway is
 * read only as far as that subscriber has asked.
 */
final class EventPublisher<T> implements Flow.Publisher<T> {
  private final Supplier<Outgoing<GenerateRequest, StreamEvent>> calls;
  private final GenerateRequest request;
  private final Function<StreamEvent, List<T>> pieces;

  /** {@code pieces} says what a subscriber gets of an event: nothing, or some things in order. */
  EventPublisher(
      Supplier<Outgoing<GenerateRequest, StreamEvent>> calls,
      GenerateRequest request,
      Function<StreamEvent, List<T>> pieces) {
    this.calls = calls;
    this.request = request;
    this.pieces = pieces;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super T> subscriber) {
    Objects.requireNonNull(subscriber);
    Reading<T> reading;
    try {
      reading = new Reading<>(calls.get(), pieces, subscriber);
    } catch (IllegalStateException e) { // the client is closed
      subscriber.onSubscribe(new Nothing());
      subscriber.onError(e);
      return;
    }
    subscriber.onSubscribe(reading);
    reading.start(request);
  }

  /** Of a subscriber that gets no call. */
  private static final class Nothing implements Flow.Subscription {
    @Override
    public void request(long count) {}

    @Override
    public void cancel() {}
  }

  /** One subscriber and its call. Signals go out one after another, by whoever finds work first. */
  private static final class Reading<T> extends ClientCall.Listener<StreamEvent>
      implements Flow.Subscription {
    /** The most events that are asked of gRPC at once. */
    private static final long MOST = 64;

    private final Outgoing<GenerateRequest, StreamEvent> outgoing;
    private final Function<StreamEvent, List<T>> pieces;
    private final Flow.Subscriber<? super T> subscriber;
    private final EventOrder order = new EventOrder();

    // All below is guarded by this.
    private final Deque<T> waiting = new ArrayDeque<>();
    private long demand;
    private int asked;
    private boolean begun;
    private boolean seen;
    private boolean busy;
    private boolean ended;
    private boolean done;
    private Throwable error;

    Reading(
        Outgoing<GenerateRequest, StreamEvent> outgoing,
        Function<StreamEvent, List<T>> pieces,
        Flow.Subscriber<? super T> subscriber) {
      this.outgoing = outgoing;
      this.pieces = pieces;
      this.subscriber = subscriber;
    }

    void start(GenerateRequest request) {
      try {
        outgoing.start(this, request);
        synchronized (this) {
          begun = true;
        }
      } catch (InvalidRequestException e) {
        end(e);
      } catch (IllegalStateException e) {
        if (!isOver()) {
          throw e;
        }
        // It was cancelled before it was all sent, and gRPC takes no message then.
      }
      drain();
    }

    private synchronized boolean isOver() {
      return done || ended;
    }

    @Override
    public void request(long count) {
      if (count <= 0) {
        end(new IllegalArgumentException("request: " + count + " is no positive number"));
        outgoing.cancel();
      } else {
        synchronized (this) {
          demand = demand + count < 0 ? Long.MAX_VALUE : demand + count;
        }
      }
      drain();
    }

    @Override
    public void cancel() {
      synchronized (this) {
        done = true;
        waiting.clear();
      }
      outgoing.cancel();
    }

    @Override
    public void onMessage(StreamEvent event) {
      String fault = order.fault(event);
      if (fault == null) {
        List<T> more = pieces.apply(event);
        synchronized (this) {
          seen = true;
          asked--;
          if (!done) {
            waiting.addAll(more);
          }
        }
      } else {
        end(outgoing.notWhole(fault));
        outgoing.cancel();
      }
      drain();
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      boolean any;
      synchronized (this) {
        any = seen;
      }
      if (!status.isOk()) {
        end(outgoing.failed(status, trailers, any));
      } else {
        String fault = order.faultAtEnd();
        end(fault == null ? null : outgoing.notWhole(fault));
      }
      drain();
    }

    /** The first end counts; it is told once all that came before it has been. */
    private synchronized void end(Throwable why) {
      if (!ended) {
        ended = true;
        error = why;
      }
    }

    private void drain() {
      synchronized (this) {
        if (busy) {
          return; // whoever is busy looks again
        }
        busy = true;
      }
      try {
        for (Runnable step = step(); step != null; step = step()) {
          step.run();
        }
      } catch (RuntimeException | Error e) {
        cancel(); // a subscriber that throws is rid of its subscription (Reactive Streams, 2.13)
        throw e;
      }
    }

    /** What to do next; null: nothing, and nobody is busy any more. */
    private synchronized Runnable step() {
      if (!done && !waiting.isEmpty() && demand > 0) {
        demand--;
        T piece = waiting.poll();
        return () -> subscriber.onNext(piece);
      }
      if (!done && ended && waiting.isEmpty()) {
        done = true;
        Throwable why = error;
        return why == null ? subscriber::onComplete : () -> subscriber.onError(why);
      }
      if (!done && !ended && begun && waiting.isEmpty() && demand > 0 && asked == 0) {
        int count = (int) Math.min(demand, MOST);
        asked = count;
        return () -> outgoing.call.request(count);
      }
      busy = false;
      return null;
    }
  }
}
