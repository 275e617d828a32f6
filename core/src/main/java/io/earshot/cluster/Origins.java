package io.earshot.cluster;

import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Placed;
import org.jspecify.annotations.Nullable;

/**
 * The origins of the last messages of a room: for each message one key, made of the publishing
 * server and the message's number there. After the broker lost data, the room's order restarts in a
 * new epoch and repeats messages of the old one. Their origins show which of them this server has
 * delivered already.
 *
 * <p>Owned by the room's event loop.
 */
final class Origins {
  /** How many of the last messages are remembered. */
  private static final int REMEMBERED = 256;

  /** The key of the message at each offset, modulo the size; allocated with the first message. */
  private long @Nullable [] keys;

  private Post.@Nullable Origin last;

  /** The origin of the message at the end of the order, or null if it is not known. */
  Post.@Nullable Origin last() {
    return last;
  }

  void setLast(Post.@Nullable Origin origin) {
    last = origin;
  }

  void add(Placed message) {
    last = message.post().origin();
    if (keys == null) {
      keys = new long[REMEMBERED];
    }
    keys[slot(message)] = last.key();
  }

  private static int slot(Placed message) {
    return (int) (message.place().offset() % REMEMBERED);
  }

  boolean contains(Placed message) {
    long key = message.post().origin().key();
    if (keys != null) {
      for (long each : keys) {
        if (each == key) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Whether this server has delivered another message at this offset, so that its order is no
   * longer the broker's.
   *
   * @param end the offset of the last message delivered
   */
  boolean contradict(Placed message, long end) {
    return keys != null
        && message.place().offset() > end - REMEMBERED
        && keys[slot(message)] != message.post().origin().key()
        && !contains(message);
  }
}
