package io.earshot.cluster;

import io.earshot.protocol.Post;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.spi.BrokerException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the member of this server that must not receive a post: its sender or, for an announcement,
 * the member that joined or left. For posts of this server the member is remembered from publishing
 * to delivery, since its id may change meanwhile. For posts of other servers the id in the post is
 * looked up.
 *
 * <p>Owned by the room's event loop.
 */
final class ExcludedSenders {
  private final Room room;
  private final Cluster cluster;

  /** The sender of each post of this server that is under way, by the post's number. */
  private final Map<Long, Member> senders = new HashMap<>(2);

  /** Posts that the broker may or may not have placed; some may never be delivered. */
  private final Set<Long> doubtful = new HashSet<>(0);

  /** The listeners of this server, which are in no member list. */
  private final Set<Member> listeners = new HashSet<>(0);

  ExcludedSenders(Room room, Cluster cluster) {
    this.room = room;
    this.cluster = cluster;
  }

  void add(Post post, Member sender) {
    senders.put(post.origin().number(), sender);
  }

  /** Forgets the sender of a post that was delivered, or never will be. */
  void remove(Post post) {
    senders.remove(post.origin().number());
  }

  /**
   * Forgets the sender of a post that the broker refused; keeps it if the broker may have placed
   * the post all the same.
   */
  void refused(Post post, @Nullable Throwable failure) {
    if (failure instanceof BrokerException refused && refused.maybeDone()) {
      keepInDoubt(post);
    } else {
      remove(post);
    }
  }

  /** Keeps the sender of a post until the next {@link #forgetDoubtful}. */
  void keepInDoubt(Post post) {
    doubtful.add(post.origin().number());
  }

  /** Forgets the senders of doubtful posts: all posts that were placed are delivered by now. */
  void forgetDoubtful() {
    senders.keySet().removeAll(doubtful);
    doubtful.clear();
  }

  /** Another connection takes the place of a member. */
  void replace(Member lost, Member back) {
    senders.replaceAll((ignored, member) -> member == lost ? back : member);
  }

  void addListener(Member member) {
    listeners.add(member);
  }

  void removeListener(Member member) {
    listeners.remove(member);
  }

  /** Removes and returns the member that must not receive this next post; null if none. */
  @Nullable Member take(Post post) {
    String id = post.except();
    if (id == null) {
      return null;
    }
    if (!post.origin().peer().equals(cluster.peer())) {
      // Since then the sender may have resumed its session on this server.
      return post.mayBeElsewhere() || cluster.isHere(id) ? withId(id) : null;
    }
    Member sender = senders.remove(post.origin().number());
    return sender != null && sender.hears() ? sender : withId(id);
  }

  /** The member or listener of this server with an id. Searches all of them. */
  private @Nullable Member withId(String id) {
    Member member = room.roster().withId(id);
    if (member == null) {
      for (Member listener : listeners) {
        if (listener.connection.hasId(id)) {
          return listener;
        }
      }
    }
    return member;
  }
}
