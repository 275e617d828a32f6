package io.earshot.feed;

import io.earshot.Feed;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The {@link Feed} of one program or plug-in: adds consumers to the server's, and removes those
 * that it has added.
 *
 * <p>Thread-safe: a concurrent set.
 */
public final class OwnConsumers implements Feed {
  private final EventFeed feed;
  private final Set<Registration> added = ConcurrentHashMap.newKeySet();

  public OwnConsumers(EventFeed feed) {
    this.feed = feed;
  }

  @Override
  public Registration add(Consumer consumer, Handler handler) {
    Registration all = feed.add(consumer, handler);
    var own =
        new Registration() {
          @Override
          public void close() {
            added.remove(this);
            all.close();
          }
        };
    added.add(own);
    return own;
  }

  @Override
  public void removeAll() {
    added.forEach(Registration::close);
  }
}
