package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened in a room of a {@link Hub}.
 *
 * <p>Owned by the test's thread.
 */
public final class HubEvent {

  /** What happened. */
  public enum Kind {
    POSTED,
    ENTERED,
    LEFT
  }

  /** Its index in {@link Hub#events}. */
  public final int at;

  public final Kind kind;
  public final String room;

  /** The id of the member who entered or left; empty for a post. */
  public final String id;

  /** The end of the room's order then; for a post, the place of the post. */
  public final Cursor place;

  /** The post; null if a member entered or left. */
  public final @Nullable Post post;

  /** Whether the hub has lost it since. */
  public boolean isLost;

  HubEvent(int at, Kind kind, String room, String id, Cursor place, @Nullable Post post) {
    this.at = at;
    this.kind = kind;
    this.room = room;
    this.id = id;
    this.place = place;
    this.post = post;
  }

  @Override
  public String toString() {
    String what = post == null ? id : post.from() + " " + post.message();
    return at + " " + kind + " " + room + " " + place + " " + what + (isLost ? " (lost)" : "");
  }
}
