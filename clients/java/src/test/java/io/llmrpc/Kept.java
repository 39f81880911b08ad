package io.llmrpc;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;

/** A subscriber that asks for so many at once, and keeps what comes. */
class Kept<T> implements Flow.Subscriber<T> {
  final List<T> items = new CopyOnWriteArrayList<>();
  final CountDownLatch over = new CountDownLatch(1);
  volatile Throwable error;
  volatile Flow.Subscription subscription;
  private final long first;

  Kept(long first) {
    this.first = first;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    if (first != 0) {
      given.request(first);
    }
  }

  @Override
  public void onNext(T item) {
    items.add(item);
  }

  @Override
  public void onError(Throwable why) {
    error = why;
    over.countDown();
  }

  @Override
  public void onComplete() {
    over.countDown();
  }
}
