package io.earshot.cluster;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.room.Room;
import io.earshot.spi.Broker.Known;
import org.jspecify.annotations.Nullable;

/**
 * The farthest place of a room's order that the broker has named in an answer, which may be beyond
 * the last message delivered. A broker that falls back behind it, as after the failover to a
 * replica, must not give that place to another message.
 *
 * <p>Owned by the room's event loop.
 */
final class Answered {
  private final Room room;
  private @Nullable Cursor farthest;
  private Post.@Nullable Origin origin;

  Answered(Room room) {
    this.room = room;
  }

  /**
   * The broker has answered a request.
   *
   * @param place the place that it named
   * @param at the origin of the message at that place; null if it is not known
   */
  void add(Cursor place, Post.@Nullable Origin at) {
    Cursor before = ahead();
    if (isBeyond(place, room.end()) && (before == null || isBeyond(place, before))) {
      farthest = place;
      origin = at;
    }
  }

  private static boolean isBeyond(Cursor place, @Nullable Cursor known) {
    return known != null && place.epoch().equals(known.epoch()) && place.offset() > known.offset();
  }

  /** The farthest place, if it is beyond the last message delivered. */
  private @Nullable Cursor ahead() {
    return farthest != null && isBeyond(farthest, room.end()) ? farthest : null;
  }

  /** The end of the order as far as this server knows; null if it does not. */
  @Nullable Cursor end() {
    Cursor ahead = ahead();
    return ahead == null ? room.end() : ahead;
  }

  /** What the broker must have if its order has not fallen back; null if nothing is ahead. */
  @Nullable Known unverified() {
    Cursor ahead = ahead();
    return ahead == null ? null : new Known(ahead, origin);
  }

  /** The broker has the message at the farthest place, or has begun another epoch. */
  void verified() {
    farthest = null;
    origin = null;
  }
}
