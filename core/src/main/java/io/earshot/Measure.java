package io.earshot;

import io.earshot.protocol.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A ban, a mute, or the closure of a room, which is in force for a time.
 *
 * <p>Immutable.
 *
 * @param id the id by which {@link Moderation#lift} ends it
 * @param kind the kind of measure
 * @param target the clients that it is against; null for a closure
 * @param room the room in which it is in force; null for all rooms
 * @param reason the reason that clients are sent; may be empty
 * @param until when it ends, by the wall clock of the server that decided. Each server ends it
 *     after the same time by a clock that is never set, whatever its own wall clock says
 */
public record Measure(
    String id,
    Kind kind,
    @Nullable Target target,
    @Nullable String room,
    String reason,
    Instant until) {

  /** Kinds of measures. */
  public enum Kind {
    /** The clients may not connect. */
    BAN,
    /** The clients may not say anything. */
    MUTE,
    /** No client may be in the room. */
    CLOSURE
  }

  /**
   * Checks that a ban or mute has a target, and a closure a room and no target.
   *
   * @throws IllegalArgumentException if not
   */
  public Measure {
    if ((kind == Kind.CLOSURE) != (target == null) || (target == null && room == null)) {
      throw new IllegalArgumentException(
          "a ban or mute must have a target, and a closure a room and no target");
    }
  }

  /**
   * Whether the measure is in force.
   *
   * @param now the time
   * @return true until it ends
   */
  public boolean holds(Instant now) {
    return now.isBefore(until);
  }

  /**
   * The error for the clients that the measure is against.
   *
   * @return a text that begins with {@code Error:}
   */
  public String words() {
    Instant end = until.truncatedTo(ChronoUnit.SECONDS);
    String what =
        switch (kind) {
          case BAN -> "Error: you are banned until " + end;
          case MUTE -> "Error: you are muted " + (room == null ? "" : "here ") + "until " + end;
          case CLOSURE -> "Error: this room is closed";
        };
    return reason.isEmpty() ? what : what + ": " + reason;
  }

  /**
   * The measure as JSON, as servers and the admin API send it.
   *
   * @return an object without the fields that are null; the time is in milliseconds since 1970
   */
  public Json toJson() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("id", id);
    fields.put("kind", kind.name().toLowerCase(Locale.ROOT));
    if (target != null) {
      fields.put("target", target.toJson());
    }
    if (room != null) {
      fields.put("room", room);
    }
    fields.put("reason", reason);
    fields.put("until", until.toEpochMilli());
    return Json.from(fields);
  }
}
