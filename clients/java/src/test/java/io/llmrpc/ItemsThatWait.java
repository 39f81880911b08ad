package io.llmrpc;

import io.llmrpc.v1.BatchItem;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The items given, and behind them a wait until the thread is interrupted. */
final class ItemsThatWait implements Iterator<BatchItem> {
  final CountDownLatch waiting = new CountDownLatch(1);
  final CountDownLatch interrupted = new CountDownLatch(1);
  private final Iterator<BatchItem> items;

  ItemsThatWait(BatchItem... items) {
    this.items = List.of(items).iterator();
  }

  @Override
  public boolean hasNext() {
    if (items.hasNext()) {
      return true;
    }
    try {
      waiting.countDown();
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      interrupted.countDown();
    }
    return false;
  }

  @Override
  public BatchItem next() {
    return items.next();
  }
}
