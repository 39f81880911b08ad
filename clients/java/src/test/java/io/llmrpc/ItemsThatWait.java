package io.llmrpc;

import io.llmrpc.v1.BatchItem;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The items given, and behind them a wait until the thread is interrupted. */
final class ItemsThatWait implements Iterator<BatchItem> {
  private final Iterator<BatchItem> items;
  private final CountDownLatch interrupted;

  ItemsThatWait(List<BatchItem> items, CountDownLatch interrupted) {
    this.items = items.iterator();
    this.interrupted = interrupted;
  }

  @Override
  public boolean hasNext() {
    if (items.hasNext()) {
      return true;
    }
    try {
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
