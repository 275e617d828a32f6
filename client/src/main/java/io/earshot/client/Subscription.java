package io.earshot.client;

import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Somebody who is called for events, until this is closed.
 *
 * <p>Thread-safe.
 */
public final class Subscription implements Flow.Subscriber<Event>, AutoCloseable {
  private final Consumer<Event> hearer;
  private final AtomicReference<Flow.Subscription> source = new AtomicReference<>();

  Subscription(Consumer<Event> hearer) {
    this.hearer = hearer;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    source.set(subscription);
    subscription.request(1);
  }

  @Override
  public void onNext(Event event) {
    try {
      hearer.accept(event);
    } catch (RuntimeException e) {
      // One event that somebody cannot take does not cost them the next.
      Thread thread = Thread.currentThread();
      Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
      handler.uncaughtException(thread, e);
    }
    source.get().request(1);
  }

  @Override
  public void onError(Throwable failure) {}

  @Override
  public void onComplete() {}

  @Override
  public void close() {
    Flow.Subscription subscription = source.get();
    if (subscription != null) {
      subscription.cancel();
    }
  }
}
