package io.earshot.client;

import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Calls a handler for the events of a room, until the subscription is closed.
 *
 * <p>Thread-safe.
 */
public final class Subscription implements Flow.Subscriber<Event>, AutoCloseable {
  private final Consumer<Event> handler;
  private final AtomicReference<Flow.Subscription> source = new AtomicReference<>();

  /** Set by {@link #close}, perhaps before the publisher has called {@link #onSubscribe}. */
  private volatile boolean isClosed;

  Subscription(Consumer<Event> handler) {
    this.handler = handler;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    source.set(subscription);
    if (isClosed) {
      subscription.cancel();
    } else {
      subscription.request(1);
    }
  }

  @Override
  public void onNext(Event event) {
    try {
      handler.accept(event);
    } catch (RuntimeException e) {
      // Report the failure, and go on: the handler gets the next event all the same.
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
    source.get().request(1);
  }

  @Override
  public void onError(Throwable failure) {}

  @Override
  public void onComplete() {}

  @Override
  public void close() {
    isClosed = true;
    Flow.Subscription subscription = source.get();
    if (subscription != null) {
      subscription.cancel();
    }
  }
}
