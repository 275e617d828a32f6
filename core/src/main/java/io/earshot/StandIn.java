package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/**
 * A sender in place of a connection, with which server code can send messages to any room under any
 * id. It corresponds to the mock connection of actionHero's chat documentation. A member that has
 * the same id does not receive the message; all others do.
 *
 * <p>Immutable.
 *
 * @param room the room, or null for the default room
 * @param id the {@code from} of the messages; it keeps its JSON type
 * @param audience the recipients, or null for all
 */
public record StandIn(@Nullable String room, Json id, @Nullable Audience audience)
    implements Sender {

  /**
   * A stand-in whose id is the number 0.
   *
   * @param room the room
   * @return the stand-in
   */
  public static StandIn in(String room) {
    return new StandIn(room, Json.of(0), null);
  }

  /**
   * A copy with another id.
   *
   * @param id the {@code from} of the messages
   * @return the copy
   */
  public StandIn withId(String id) {
    return new StandIn(room, Json.of(id), audience);
  }

  /**
   * A copy for some recipients only: those whose {@code id}, or attribute, equals a value.
   *
   * @param key {@code id}, or the name of an attribute
   * @param value the value to equal
   * @return the copy
   */
  public StandIn to(String key, String value) {
    return new StandIn(room, id, new Audience(key, value));
  }
}
