package io.earshot.feed;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.FeedEvent;
import io.earshot.feed.log.Interest;
import io.earshot.feed.log.Sink;
import io.earshot.protocol.Audience;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one room as events. Whether a consumer wants them is looked up again only when
 * consumers have changed.
 *
 * <p>Owned by the room's event loop.
 */
public final class RoomFeed {
  private final String room;
  private final byte[] name;
  private final FeedPart part;
  private Interest known = Interest.NONE;
  private boolean isWanted;

  public RoomFeed(String room, FeedPart part) {
    this.room = room;
    this.name = room.getBytes(UTF_8);
    this.part = part;
  }

  /** Whether a consumer wants the messages of the room. */
  public boolean isWanted() {
    Interest now = part.interest();
    if (now != known) {
      known = now;
      isWanted = now.wants(FeedEvent.Type.MESSAGE, room);
    }
    return isWanted;
  }

  /**
   * Adds a message that has its place, if a consumer wants it.
   *
   * @param json the message as its recipients get it
   * @param audience the recipients; null for all
   */
  public void message(byte[] json, @Nullable Audience audience) {
    Sink to = part.sink();
    if (to != null && isWanted()) {
      to.message(room, name, audience, json);
    }
  }
}
