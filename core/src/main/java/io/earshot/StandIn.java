package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/**
 * A sender that is no connection, so that server code can speak in any room under any id. Nobody is
 * left out of what it says, unless its id is that of a member.
 *
 * <p>Immutable.
 *
 * @param room where to speak, or null for the default room
 * @param id the id to speak under; keeps the JSON type that it has
 * @param audience whom to reach, or null for all
 */
public record StandIn(@Nullable String room, Json id, @Nullable Audience audience)
    implements Sender {

  /**
   * A stand-in whose id is the number 0.
   *
   * @param room where to speak
   * @return the stand-in
   */
  public static StandIn in(String room) {
    return new StandIn(room, Json.of(0), null);
  }

  /**
   * The same under another id.
   *
   * @param id the id to speak under
   * @return the stand-in
   */
  public StandIn withId(String id) {
    return new StandIn(room, Json.of(id), audience);
  }

  /**
   * The same for some only: those whose {@code id}, or attribute, equals a value.
   *
   * @param key {@code id}, or the name of an attribute
   * @param value the text to equal
   * @return the stand-in
   */
  public StandIn to(String key, String value) {
    return new StandIn(room, id, new Audience(key, value));
  }
}
