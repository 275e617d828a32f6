package io.earshot;

import io.earshot.protocol.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Something that was decided against somebody or about a room, and holds for a time.
 *
 * <p>Immutable.
 *
 * @param id what it is called, to {@link Moderation#lift} it
 * @param kind what it is
 * @param target whom it is against; null for a room that is closed
 * @param room where it holds; null for everywhere
 * @param reason why, as those are told whom it concerns; may be empty
 * @param until when it ends
 */
public record Measure(
    String id,
    Kind kind,
    @Nullable Target target,
    @Nullable String room,
    String reason,
    Instant until) {

  /** What can be decided. */
  public enum Kind {
    /** They may not be connected. */
    BAN,
    /** They may not say anything. */
    MUTE,
    /** Nobody may be in the room. */
    CLOSURE
  }

  /** Checks that it is about somebody, or a room. */
  public Measure {
    if ((kind == Kind.CLOSURE) != (target == null) || (target == null && room == null)) {
      throw new IllegalArgumentException("a ban or mute has a target, a closure a room alone");
    }
  }

  /**
   * Whether it holds.
   *
   * @param now the time
   * @return true until it ends
   */
  public boolean holds(Instant now) {
    return now.isBefore(until);
  }

  /**
   * What those are told whom it concerns.
   *
   * @return an error, in words for clients
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
   * As it travels.
   *
   * @return its fields, without those that it does not have; the time in milliseconds since 1970
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
