package io.llmrpc;

import io.grpc.Metadata;
import io.grpc.Status;
import io.llmrpc.v1.BatchItem;
import io.llmrpc.v1.BatchResult;
import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** A batch over one call: items go out as the gateway takes them, results come as they finish. */
final class BatchResults extends ResponseStream<BatchResult> {
  private final Outgoing<BatchItem, BatchResult> outgoing;
  private final Sender sender;
  private int received;

  BatchResults(Outgoing<BatchItem, BatchResult> outgoing, Iterator<? extends BatchItem> items) {
    this.outgoing = outgoing;
    sender = new Sender(outgoing, items);
    outgoing.start(sender);
    outgoing.call.request(Receiver.AHEAD);
    sender.thread.start();
    whenForgotten(sender::leave);
  }

  @Override
  BatchResult advance() {
    BatchResult result = null;
    try {
      result = sender.take();
      if (result == null) {
        requireWhole();
      } else {
        received++;
      }
      return result;
    } catch (RuntimeException e) {
      sender.throwFailure();
      throw e;
    } finally {
      if (result == null) {
        sender.stop(); // last, since items that it interrupts may seem to end or to fail
      }
    }
  }

  private void requireWhole() {
    if (!sender.finished || received != sender.sent.get()) {
      throw outgoing.notWhole(
          "it ended with " + received + " results for " + sender.sent.get() + " items");
    }
  }

  @Override
  public void close() {
    sender.leave();
  }

  /** Pulls the items in a thread of its own, since results come in between. */
  private static final class Sender extends Receiver<BatchResult> {
    final Thread thread = new Thread(this::send, "llmrpc-batch");

    /** How many items went out; to be read when the call is over. */
    final AtomicInteger sent = new AtomicInteger();

    /** Whether the items came to their end. */
    volatile boolean finished;

    /** What the caller's own iterator threw. */
    volatile Throwable failure;

    private final Outgoing<BatchItem, BatchResult> outgoing;
    private final Iterator<? extends BatchItem> items;
    private boolean over;

    Sender(Outgoing<BatchItem, BatchResult> outgoing, Iterator<? extends BatchItem> items) {
      super(outgoing);
      this.outgoing = outgoing;
      this.items = items;
      thread.setDaemon(true);
    }

    private void send() {
      try {
        while (waitUntilReady()) {
          BatchItem item = pull();
          if (item == null) {
            finished = failure == null;
            outgoing.call.halfClose();
            return;
          }
          sent.incrementAndGet();
          outgoing.call.sendMessage(item);
        }
      } catch (InterruptedException e) {
        // The reader left: nobody wants the rest.
      } catch (IllegalStateException e) {
        // gRPC takes no more, since the call is over: the reader learns why.
      }
    }

    /** The next item; null at the end, and where the caller's iterator failed. */
    private BatchItem pull() {
      try {
        if (!items.hasNext()) {
          return null;
        }
        BatchItem item = Objects.requireNonNull(items.next(), "an item of the batch is null");
        outgoing.checkSize(item);
        return item;
      } catch (Throwable e) { // also a checked one, of an iterator in Kotlin or Scala
        failure = e;
        outgoing.cancel();
        return null;
      }
    }

    /** Waits until one more item may go out; false where the call is over. */
    private synchronized boolean waitUntilReady() throws InterruptedException {
      while (!over && !outgoing.call.isReady()) {
        wait();
      }
      return !over;
    }

    /** Throws what the caller's iterator threw, if it did. */
    void throwFailure() {
      if (failure != null) {
        Sender.<RuntimeException>asItIs(failure);
      }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void asItIs(Throwable e) throws E {
      throw (E) e;
    }

    void leave() {
      outgoing.cancel();
      stop();
    }

    void stop() {
      synchronized (this) {
        over = true;
        notifyAll();
      }
      thread.interrupt();
    }

    @Override
    public synchronized void onReady() {
      notifyAll();
    }

    @Override
    public synchronized void onClose(Status end, Metadata metadata) {
      over = true;
      super.onClose(end, metadata);
    }
  }
}
