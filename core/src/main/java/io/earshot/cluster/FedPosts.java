package io.earshot.cluster;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.protocol.RoomMessage;
import io.earshot.room.Room;
import io.earshot.spi.Broker.Placed;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The messages that this server has published and that consumers of the feed want, until they are
 * events. If the broker does not add the events itself, a message becomes one when it is delivered,
 * in the order of the room and whatever became of the answer; or else when its place is known, if
 * it will not be delivered here.
 *
 * <p>Owned by the room's event loop.
 */
final class FedPosts {
  private final Room room;
  private final Cluster cluster;

  /** What is published and neither delivered nor refused, by the number of the post. */
  private final Map<Long, Published> underWay = new HashMap<>(0);

  /** The numbers of those that the broker may or may not have placed, or that may come late. */
  private final Set<Long> doubtful = new HashSet<>(0);

  /**
   * A post and its place.
   *
   * @param place null while it is not known
   * @param isRepeatable whether the place may be that of an earlier post with the same message id
   */
  private record Published(Post post, @Nullable Cursor place, boolean isRepeatable) {}

  FedPosts(Room room, Cluster cluster) {
    this.room = room;
    this.cluster = cluster;
  }

  /** A message that consumers want is about to be published. */
  void add(Post post, boolean isRepeatable) {
    underWay.put(post.origin().number(), new Published(post, null, isRepeatable));
  }

  /** A message is the next in the room's order. */
  void delivered(Placed message) {
    Post.Origin origin = message.post().origin();
    if (!underWay.isEmpty()
        && origin.peer().equals(cluster.peer())
        && underWay.remove(origin.number()) != null) {
      feed(message.post(), message.place());
    }
  }

  /**
   * A message has got its place.
   *
   * @param isDelivered whether this server will deliver it, unless it is lost
   */
  void placed(Post post, Cursor place, boolean isDelivered) {
    Published known = underWay.get(post.origin().number());
    if (known != null && isDelivered) {
      underWay.put(post.origin().number(), new Published(post, place, known.isRepeatable));
    } else if (known != null) {
      underWay.remove(post.origin().number());
      feed(post, place);
    }
  }

  /** The broker did not answer with a place. */
  void refused(Post post, boolean mayBePlaced) {
    if (mayBePlaced) {
      keepInDoubt(post);
    } else {
      underWay.remove(post.origin().number());
    }
  }

  /** Keeps a post until the next {@link #forgetDoubtful}. */
  void keepInDoubt(Post post) {
    if (underWay.containsKey(post.origin().number())) {
      doubtful.add(post.origin().number());
    }
  }

  /**
   * The room is beyond the place of a message, which was not delivered if it is still here: it was
   * lost, unless it is the repeat of an earlier one.
   */
  void passed(Post post) {
    Published known = underWay.remove(post.origin().number());
    if (known != null) {
      feedLost(known);
    }
  }

  /** The doubtful posts are delivered by now, or lost, or were not placed. */
  void forgetDoubtful() {
    if (!doubtful.isEmpty()) {
      for (Long number : doubtful) {
        Published known = underWay.remove(number);
        if (known != null) {
          feedLost(known);
        }
      }
      doubtful.clear();
    }
  }

  /** Nothing more will be delivered. */
  void close() {
    var left = List.copyOf(underWay.values());
    underWay.clear();
    left.forEach(this::feedLost);
  }

  private void feedLost(Published known) {
    if (known.place != null && !known.isRepeatable) {
      feed(known.post, known.place);
    }
  }

  private void feed(Post post, Cursor place) {
    if (!room.shard().feed().isLeftToBroker()) {
      room.feed(new RoomMessage(room.name(), post, place).encode(), post.audience());
    }
  }
}
