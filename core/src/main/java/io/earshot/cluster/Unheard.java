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
 * Which member of this server must not get a post: the one who sent it, or, for an announcement,
 * the one who joined or left. For posts of this server the member is remembered from publishing to
 * delivery, since its id may change meanwhile; for posts of other servers the id in the post is
 * looked up.
 *
 * <p>Owned by the room's event loop.
 */
final class Unheard {
  private final Room room;
  private final Cluster cluster;

  /** The sender of each post of this server that is under way, by the post's number. */
  private final Map<Long, Member> senders = new HashMap<>(2);

  /** Posts of which nobody knows whether the broker placed them; they may never be delivered. */
  private final Set<Long> doubtful = new HashSet<>(0);

  /** The listeners of this server, who are in no member list. */
  private final Set<Member> listeners = new HashSet<>(0);

  Unheard(Room room, Cluster cluster) {
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

  /** Forgets the senders of doubtful posts: those that were placed are delivered by now. */
  void forgetDoubtful() {
    senders.keySet().removeAll(doubtful);
    doubtful.clear();
  }

  /** Another connection takes the place of a member. */
  void replace(Member lost, Member back) {
    senders.replaceAll((_, member) -> member == lost ? back : member);
  }

  void addListener(Member member) {
    listeners.add(member);
  }

  void removeListener(Member member) {
    listeners.remove(member);
  }

  /** Takes out the member who must not get a post that is about to be delivered; null if none. */
  @Nullable Member take(Post post) {
    String id = post.except();
    if (id == null) {
      return null;
    }
    if (!post.origin().peer().equals(cluster.peer())) {
      // The sender may have resumed its session on this server since.
      return post.mayBeElsewhere() || cluster.isHere(id) ? withId(id) : null;
    }
    Member sender = senders.remove(post.origin().number());
    return sender != null && sender.hears() ? sender : withId(id);
  }

  /** The member or listener of this server that has an id. Looks at each. */
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
