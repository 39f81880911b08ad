package io.llmrpc;

import java.lang.ref.Cleaner;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What comes over one call, piece by piece, as a thread reads it. Close it, best with {@code try
 * (…)}: left before its end the call is cancelled, at the provider too.
 *
 * <p>It can be read once. {@link #hasNext} waits for the next piece and throws what ended the call:
 * an {@link LLMClientException}, or a {@link java.util.concurrent.CancellationException} where the
 * thread was interrupted or another thread closed it. A stream that broke never just ends. One
 * thread reads; {@link #close} may be called by any.
 */
@SuppressWarnings("IterableAndIterator") // for a loop, and for a reader that takes one at a time
public abstract class ResponseStream<T> implements Iterable<T>, Iterator<T>, AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private T next;
  private boolean ended;

  ResponseStream() {}

  /** What ends a stream that is forgotten, and so never closed; it must not hold the stream. */
  final void whenForgotten(Runnable end) {
    CLEANER.register(this, end);
  }

  /** The next piece, or null at a good end. */
  abstract T advance();

  @Override
  public final boolean hasNext() {
    if (next == null && !ended) {
      ended = true; // unless a piece comes: whatever is thrown is thrown once
      next = advance();
      ended = next == null;
    }
    return next != null;
  }

  @Override
  public final T next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    T piece = next;
    next = null;
    return piece;
  }

  /** This stream itself: a loop goes on where it is. */
  @Override
  public final Iterator<T> iterator() {
    return this;
  }

  /** The same as a {@code java.util.stream.Stream}, which closes the call when it is closed. */
  public final Stream<T> stream() {
    int kind = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(this, kind), false)
        .onClose(this::close);
  }

  /** Ends the call, if it still runs; may be repeated. */
  @Override
  public abstract void close();
}
