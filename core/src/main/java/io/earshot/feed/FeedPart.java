package io.earshot.feed;

import io.earshot.Connection;
import io.earshot.FeedEvent;
import io.earshot.feed.log.EventRecord;
import io.earshot.feed.log.Interest;
import io.earshot.feed.log.Sink;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.spi.Loop;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The events of one event loop: those of its rooms, and of the users and clients whose ids it has.
 *
 * <p>Thread-safe: the loop adds the events, and other threads give it tasks. {@link #sink} is for
 * the loop.
 */
public final class FeedPart {
  private final EventFeed feed;
  private final Loop loop;

  /** Null before the first consumer. */
  private volatile @Nullable Sink sink;

  FeedPart(EventFeed feed, Loop loop) {
    this.feed = feed;
    this.loop = loop;
  }

  /** Which events consumers want; another object means that consumers have changed. */
  Interest interest() {
    return feed.interest();
  }

  /** Whether any consumer is there. */
  public boolean isOn() {
    return feed.interest() != Interest.NONE;
  }

  /**
   * Whether the broker of a cluster adds the events of messages itself; known from the time when a
   * message has got its place.
   */
  public boolean isLeftToBroker() {
    return feed.isLeftToBroker();
  }

  /** What takes the events; null before the first consumer. */
  @Nullable Sink sink() {
    return sink;
  }

  void begin(Sink to) {
    sink = to;
  }

  // --- events ----------------------------------------------------------------------------------

  /**
   * Tells of a client. Callable from any thread; the events of one thread keep their order.
   *
   * @param room the room in which it has happened, of this part; null for none
   * @param more what else is known
   */
  public void client(
      FeedEvent.Type type, @Nullable String room, Connection who, Map<String, String> more) {
    if (!feed.interest().wants(type, room)) {
      return;
    }
    var data = new LinkedHashMap<String, Json>();
    String id = who.id();
    data.put("client", Json.of(id));
    data.put("transport", Json.of(who.transport().name().toLowerCase(Locale.ROOT)));
    User user = who.user();
    if (user != null) {
      data.put("user", user.json());
    }
    more.forEach((name, value) -> data.put(name, Json.of(value)));
    FeedEvent event = feed.event(type, room, data);
    if (room == null) {
      feed.partOf(id).later(id, event);
    } else if (loop.inLoop()) {
      add(room, event);
    } else {
      later(room, event);
    }
  }

  /**
   * Tells of a user that has come or gone. Callable from any thread; the events of one thread keep
   * their order.
   */
  public void user(FeedEvent.Type type, User user) {
    if (feed.interest().wants(type, null)) {
      var data = new LinkedHashMap<String, Json>();
      data.put("user", user.json());
      feed.partOf(user.id()).later(user.id(), feed.event(type, null, data));
    }
  }

  /** Tells of a room of this loop. Called on the loop. */
  public void room(FeedEvent.Type type, String room) {
    if (feed.interest().wants(type, room)) {
      add(room, feed.event(type, room, new LinkedHashMap<>()));
    }
  }

  private void later(String key, FeedEvent event) {
    try {
      loop.execute(() -> add(key, event));
    } catch (RejectedExecutionException e) {
      // The loop has ended.
    }
  }

  private void add(String key, FeedEvent event) {
    Sink to = sink;
    if (to != null) {
      to.event(key, EventRecord.of(event));
    }
  }
}
