package io.earshot.feed.log;

import io.earshot.protocol.Audience;
import org.jspecify.annotations.Nullable;

/**
 * Takes the events of one event loop. It neither waits nor fails.
 *
 * <p>Owned by that event loop.
 */
public interface Sink {

  /**
   * Adds a message that has its place.
   *
   * @param name the room's name, as UTF-8
   * @param audience the recipients; null for all
   * @param json the message as its recipients get it
   */
  void message(String room, byte[] name, @Nullable Audience audience, byte[] json);

  /**
   * Adds another event.
   *
   * @param key the room, the user or the client; events of one key keep their order
   * @param record the event, as {@link EventRecord} writes it
   */
  void event(String key, byte[] record);
}
