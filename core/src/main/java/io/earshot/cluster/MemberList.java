package io.earshot.cluster;

import io.earshot.protocol.Post;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.BrokerException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * This server's part of the broker's list of a room's members: the entries of the members of this
 * server. After a failed request, or after the broker was away, the list may be wrong; then {@link
 * #reconcile} reads it and corrects the entries of this server.
 *
 * <p>Owned by the room's event loop.
 */
final class MemberList {
  /** The reason given to a client whose session was resumed on another server. */
  static final String ELSEWHERE = "you are connected to another server now";

  private final Room room;
  private final ClusterOrder order;
  private final Cluster cluster;
  private final Broker broker;

  /** Whether the list may differ from the members of this server. */
  private boolean isStale;

  /** Whether members of this server are in the list, or may be. */
  private boolean hasOurs;

  /**
   * Members that left while the broker may not have learned of it, by id. If such a member listens,
   * it must not receive the later announcement of its own leave.
   */
  private final Map<String, Member> unrecorded = new HashMap<>(0);

  MemberList(Room room, ClusterOrder order, Cluster cluster) {
    this.room = room;
    this.order = order;
    this.cluster = cluster;
    this.broker = cluster.broker();
  }

  /** Whether the list still needs a correction, which only this room would make. */
  boolean needsRoom() {
    // The list of a broker that is away may still contain members that have left meanwhile.
    return hasOurs && (isStale || order.isAway());
  }

  /** A member of this server is about to enter the list. */
  void expectOurs() {
    hasOurs = true;
  }

  /** Enters a member into the list; gives null if the member is on another server. */
  CompletionStage<@Nullable Moved> enter(Member member) {
    // A member of a list that the broker lost enters again without an announcement, since no leave
    // was announced.
    int upTo = member.isForgotten() ? 0 : room.rule().announcementsUpTo();
    String id = member.connection.id();
    Post post = cluster.announcement(Room.ENTERED, id);
    order.unheard().add(post, member);
    return broker
        .enter(room.name(), id, post, upTo, order.terms(), member.takes() || member.isForgotten())
        .whenComplete(
            (moved, failure) -> {
              moved(post, moved, failure);
              if (moved != null) {
                room.shard().tell(member::setListed);
              }
            });
  }

  /**
   * Takes a member out of the list.
   *
   * @param member the membership on this server, which must not receive the announcement; null if
   *     there is none
   */
  CompletionStage<Moved> leave(String id, @Nullable Member member) {
    Post post = cluster.announcement(Room.LEFT, id);
    if (member != null) {
      order.unheard().add(post, member);
    }
    return broker
        .leave(room.name(), id, post, room.rule().announcementsUpTo(), order.terms())
        .whenComplete((moved, failure) -> moved(post, moved, failure));
  }

  private void moved(Post post, @Nullable Moved moved, @Nullable Throwable failure) {
    if (moved == null || !moved.isAnnounced()) {
      Throwable cause = failure == null ? null : BrokerException.cause(failure);
      room.shard().tell(() -> order.unheard().refused(post, cause));
    }
  }

  /** A member has left, and the broker may not know. */
  void leftUnrecorded(Member member) {
    // Members that were never listed may join and leave while the broker is away: forget them.
    if (member.isListed() || member.listens()) {
      unrecorded.put(member.connection.id(), member);
    }
    recheckSoon();
  }

  /** The broker's order was lost, and the list with it; the listed members enter again. */
  void forget() {
    room.roster().forEach(Member::forgetListing);
  }

  void markStale() {
    isStale = true;
  }

  /** Reconciles the list after a pause; if the broker is away, when it can be reached again. */
  void recheckSoon() {
    isStale = true;
    if (order.isLive()) {
      room.shard()
          .schedule(
              () -> {
                if (!order.isClosed() && order.isLive()) {
                  reconcileIfStale();
                }
              },
              Cluster.RETRY_PAUSE);
    }
  }

  void reconcileIfStale() {
    if (isStale) {
      isStale = false;
      reconcile();
    }
  }

  /** Reads the list, and corrects the entries of this server. */
  private void reconcile() {
    if (!hasOurs) {
      return;
    }
    order.workStarts();
    order.then(
        broker.members(room.name()),
        (listed, _) -> {
          order.workEnds();
          if (listed == null) {
            recheckSoon();
          } else {
            reconcile(listed);
          }
          room.closeIfEmpty();
        });
  }

  private void reconcile(List<Present> listed) {
    var ours = new LinkedHashMap<String, Member>();
    room.roster().forEach(member -> ours.put(member.connection.id(), member));
    hasOurs = !ours.isEmpty();
    var left = Map.copyOf(unrecorded);
    unrecorded.clear();
    var correct = new HashSet<String>();
    for (Present present : listed) {
      boolean isOurs = present.peer().equals(cluster.peer());
      if (isOurs && !ours.containsKey(present.id())) {
        leaveAgain(present.id(), left.get(present.id()));
      } else if (isOurs && present.isCurrent()) {
        correct.add(present.id());
      }
    }
    ours.forEach(
        (id, member) -> {
          if (!correct.contains(id)) {
            enterAgain(member);
          }
        });
  }

  private void leaveAgain(String id, @Nullable Member member) {
    order.workStarts();
    order.then(
        leave(id, member),
        (_, failure) -> {
          order.workEnds();
          if (failure != null) {
            hasOurs = true; // the entry is still in the list
            recheckSoon();
          }
          room.closeIfEmpty();
        });
  }

  private void enterAgain(Member member) {
    order.workStarts();
    order.then(
        enter(member),
        (moved, failure) -> {
          order.workEnds();
          if (moved == null && failure == null) {
            // Its session was resumed on another server while this server was disconnected.
            member.connection.close(ELSEWHERE);
          } else if (failure != null) {
            recheckSoon();
          }
          room.closeIfEmpty();
        });
  }
}
