package io.earshot.archive;

import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A part of a room's earlier messages, whether from memory or from the archive.
 *
 * <p>Immutable.
 *
 * @param messages the messages, the oldest first
 * @param end the end of the room's order as it was read; null if this server knows none
 * @param more whether there are messages before these
 */
public record EarlierPage(List<StoredMessage> messages, @Nullable Cursor end, boolean more) {

  /** The messages in their wire format, without their places. */
  public List<byte[]> encoded() {
    return messages.stream().map(StoredMessage::json).toList();
  }

  /** The page as an answer to a request for earlier messages. */
  public Excerpt excerpt(String room) {
    return new Excerpt(room, encoded(), end, null, null, more);
  }

  /** How many bytes the messages have in an answer. */
  int bytes() {
    return bytes(messages);
  }

  static int bytes(List<StoredMessage> messages) {
    return messages.stream().mapToInt(each -> each.json().length + 1).sum();
  }
}
