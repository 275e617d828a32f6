package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A message of server code for a room.
 *
 * <p>Immutable.
 *
 * @param room the name of the room, or the inbox of a user, such as {@code @ada}
 * @param message the message
 * @param from the {@code from} of the message; a member of this id does not receive it. Null for
 *     the setting {@code general.serverName}
 * @param audience the recipients, or null for all
 * @param key a text that the message and its repeats share, within {@code general.repeatWindow} and
 *     the room: it is told once, on whichever server of the cluster it is published. The key alone
 *     decides, not the message. Null for none
 */
public record Publication(
    String room,
    Json message,
    @Nullable Json from,
    @Nullable Audience audience,
    @Nullable String key) {
  /** Checks that what is required is there. */
  public Publication {
    Objects.requireNonNull(room, "room");
    Objects.requireNonNull(message, "message");
  }
}
