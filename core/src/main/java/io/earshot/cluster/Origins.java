package io.earshot.cluster;

import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Placed;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Up to which number this server has delivered the messages of each publishing server in a room.
 * Every server numbers its messages, and the broker gives them places in that order. After the
 * broker lost data, the room's order restarts in a new epoch and repeats messages of the old one;
 * their numbers show which of them this server has delivered already, however long ago.
 *
 * <p>Owned by the room's event loop.
 */
final class Origins {
  /** How many servers are remembered; the one whose last message is the oldest is forgotten. */
  private static final int MAX_PEERS = 256;

  private final Map<String, Delivered> peers = new Peers();
  private Post.@Nullable Origin last;

  /** The highest number delivered. */
  private static final class Delivered {
    long upTo;
  }

  /** In the order of their last messages. */
  @SuppressWarnings("serial") // never serialized
  private static final class Peers extends LinkedHashMap<String, Delivered> {
    Peers() {
      super(2, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Delivered> eldest) {
      return size() > MAX_PEERS;
    }
  }

  /** The origin of the message at the end of the order, or null if it is not known. */
  Post.@Nullable Origin last() {
    return last;
  }

  void setLast(Post.@Nullable Origin origin) {
    last = origin;
  }

  void add(Placed message) {
    Post.Origin origin = message.post().origin();
    last = origin;
    Delivered delivered = peers.get(origin.peer());
    if (delivered == null) {
      delivered = new Delivered();
      peers.put(origin.peer(), delivered);
    }
    delivered.upTo = Math.max(delivered.upTo, origin.number());
  }

  /** Whether the message was delivered, or a later one of the same server was. */
  boolean contains(Placed message) {
    Post.Origin origin = message.post().origin();
    Delivered delivered = peers.get(origin.peer());
    return delivered != null && origin.number() <= delivered.upTo;
  }
}
