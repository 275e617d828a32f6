package io.earshot.cluster;

import io.earshot.protocol.Announcement;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.protocol.User;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Tally;
import io.earshot.spi.BrokerException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * This server's part of the broker's list of a room's members: the entries of the members of this
 * server. After a failed request, or after the broker was away, the list may be wrong; then {@link
 * #reconcile} reads it and corrects the entries of this server. Since the broker may also lose
 * entries without a failure, {@link #check} compares the tally of the entries once per lease.
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

  /** The owner of this server's entries; those of an earlier owner are gone, and announced. */
  private String owner;

  /** Whether the list may differ from the members of this server. */
  private boolean isStale;

  /** How often the list is being read. */
  private int reading;

  /** Whether members of this server are in the list, or may be. */
  private boolean hasOurs;

  /**
   * Members that left while the broker may not have learned of it, by id. If such a member listens,
   * it must not receive the later announcement of its own leave.
   */
  private final Map<String, Member> unrecorded = new HashMap<>(0);

  /**
   * The members that are being entered, or are about to be, and the tasks that wait for the
   * broker's answers.
   */
  private final Map<Member, Entering> entering = new HashMap<>(0);

  private static final class Entering {
    int unanswered;
    final List<Runnable> tasks = new ArrayList<>(0);
  }

  MemberList(Room room, ClusterOrder order, Cluster cluster) {
    this.room = room;
    this.order = order;
    this.cluster = cluster;
    this.broker = cluster.broker();
    this.owner = cluster.owner();
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
    return enter(member, false);
  }

  /**
   * Enters a member into the list.
   *
   * @param isLost whether the broker has lost the entries that are missing
   */
  private CompletionStage<@Nullable Moved> enter(Member member, boolean isLost) {
    // A member of a list that the broker lost enters again without an announcement, since no leave
    // was announced.
    boolean isForgotten = isForgotten(member);
    boolean isSilent = isForgotten || (isLost && member.listedIn() != null);
    int upTo = isSilent ? 0 : room.rule().announcementsUpTo();
    String id = member.connection.id();
    Post post = cluster.announcement(Announcement.JOIN, id, member.user());
    order.unheard().add(post, member);
    startsToEnter(member);
    return broker
        .enter(room.name(), id, post, upTo, order.terms(), member.takes() || isForgotten)
        .whenComplete(
            (moved, failure) -> {
              moved(post, moved, failure);
              room.shard()
                  .tell(
                      () -> {
                        if (moved != null) {
                          member.setListed(epoch(moved));
                        }
                        endsToEnter(member);
                      });
            });
  }

  /** A member is about to be entered; {@link #whenEntered} waits until {@link #endsToEnter}. */
  void startsToEnter(Member member) {
    entering.computeIfAbsent(member, ignored -> new Entering()).unanswered++;
  }

  void endsToEnter(Member member) {
    Entering entry = entering.get(member);
    if (entry != null && --entry.unanswered == 0) {
      entering.remove(member);
      entry.tasks.forEach(Runnable::run);
    }
  }

  /** Runs a task when the broker has answered all requests to enter a member, and none is due. */
  void whenEntered(Member member, Runnable task) {
    Entering entry = entering.get(member);
    if (entry == null) {
      task.run();
    } else {
      entry.tasks.add(task);
    }
  }

  private String epoch(Moved moved) {
    String ours = room.cursor().epoch(); // one string for all members
    return ours.equals(moved.place().epoch()) ? ours : moved.place().epoch();
  }

  /** Whether the broker has lost the list in which the member was. */
  private boolean isForgotten(Member member) {
    String epoch = member.listedIn();
    return epoch != null && !epoch.equals(room.cursor().epoch());
  }

  /**
   * Takes a member out of the list.
   *
   * @param user the user that the list has for the member; null for none
   * @param member the membership on this server, which must not receive the announcement; null if
   *     there is none
   */
  CompletionStage<Moved> leave(String id, @Nullable User user, @Nullable Member member) {
    Post post = cluster.announcement(Announcement.LEAVE, id, user);
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

  /** A member has become another user's, or its user has changed. */
  void identify(Member member, @Nullable User former) {
    hasOurs = true;
    if (!order.isLive() || isStale || reading > 0) {
      recheckSoon(); // the list may have yet another user for the member
      return;
    }
    if (!User.areSame(former, member.user())) {
      leaveAgain(member.connection.id(), former, member);
    }
    enterAgain(member, false);
  }

  /** A member has left, and the broker may not know. */
  void leftUnrecorded(Member member) {
    // Members that were never listed may join and leave while the broker is away: forget them.
    if (member.listedIn() != null || member.listens()) {
      unrecorded.put(member.connection.id(), member);
    }
    hasOurs = true; // as far as this server knows
    recheckSoon();
  }

  void markStale() {
    isStale = true;
  }

  /** The broker was away. Its entries of this server may belong to an earlier owner now. */
  void reconnected() {
    isStale = true;
    owner = cluster.owner();
  }

  /** The broker may list members of this server that are not in the room. */
  void checkListed() {
    hasOurs = true;
    isStale = true;
    order.whenLive(this::reconcileIfStale);
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
      reconcile(false);
    }
  }

  /**
   * Compares the tally of the entries with the members, unless the list is to be read anyway.
   *
   * @return complete when the broker has answered; null if there is nothing to ask
   */
  @Nullable CompletionStage<?> check() {
    if (!order.isLive() || isStale || reading > 0 || !hasOurs) {
      return null;
    }
    // Requests are done in the order in which they were made. So the broker compares with the
    // members of now, including those whose requests are not answered.
    Tally expected = tallyOfMembers();
    Cursor known = room.end();
    CompletionStage<Tally> asked = broker.tally(room.name());
    order.then(
        asked,
        (tally, ignored) -> {
          // If the owner is another one, the broker's connected() follows, and marks the list.
          if (tally != null && order.isLive() && !isStale && tally.owner().equals(owner)) {
            compare(expected, known, tally);
          }
        });
    return asked;
  }

  private Tally tallyOfMembers() {
    var sum = new AtomicLong();
    var count = new AtomicLong();
    room.roster()
        .forEach(
            member -> {
              count.incrementAndGet();
              sum.addAndGet(Tally.digest(member.connection.id(), member.user()));
            });
    return new Tally(owner, room.end(), count.get(), sum.get() & 0xFFFF_FFFFL);
  }

  private void compare(Tally expected, @Nullable Cursor known, Tally tally) {
    if (known != null && order.isSameEpoch(known) && !continues(tally.end(), known)) {
      markStale(); // the broker has lost the order, and the list with it
      order.catchUp().read();
    }
    if (!isStale && reading == 0 && !tally.hasSameEntries(expected)) {
      hasOurs |= tally.count() > 0;
      reconcile(true);
    }
  }

  private static boolean continues(@Nullable Cursor end, Cursor known) {
    return end != null && end.epoch().equals(known.epoch()) && end.offset() >= known.offset();
  }

  /**
   * Reads the list, and corrects the entries of this server.
   *
   * @param isLost whether the broker has lost the entries that are missing; otherwise it may have
   *     removed them, and announced that
   */
  private void reconcile(boolean isLost) {
    if (!hasOurs) {
      return;
    }
    order.workStarts();
    reading++;
    order.then(
        broker.entries(room.name()),
        (listed, ignored) -> {
          order.workEnds();
          reading--;
          if (listed == null) {
            recheckSoon();
          } else if (!isLost || listed.owner().equals(owner)) {
            reconcile(listed.members(), isLost);
          }
          room.closeIfEmpty();
        });
  }

  private void reconcile(List<Broker.Entry> listed, boolean isLost) {
    var missing = new LinkedHashMap<String, Member>();
    room.roster().forEach(member -> missing.put(member.connection.id(), member));
    hasOurs = !missing.isEmpty();
    var left = Map.copyOf(unrecorded);
    unrecorded.clear();
    for (Broker.Entry entry : listed) {
      String id = entry.id();
      Member here = missing.get(id);
      if (here != null && User.areSame(here.user(), entry.user())) {
        missing.remove(id);
      } else if (here != null) {
        leaveAgain(id, entry.user(), here);
      } else {
        if (cluster.requests().isHandedOver(id)) {
          hasOurs = true;
          keepUnrecorded(id, left.get(id));
          recheckSoon(); // another server is about to take over the entry, or does not need it
        } else {
          leaveAgain(id, entry.user(), left.get(id));
        }
      }
    }
    missing.values().forEach(member -> enterAgain(member, isLost));
  }

  private void keepUnrecorded(String id, @Nullable Member member) {
    if (member != null) {
      unrecorded.put(id, member);
    }
  }

  private void leaveAgain(String id, @Nullable User user, @Nullable Member member) {
    order.workStarts();
    order.then(
        leave(id, user, member),
        (ignored, failure) -> {
          order.workEnds();
          if (failure != null) {
            hasOurs = true; // the entry is still in the list
            recheckSoon();
          }
          room.closeIfEmpty();
        });
  }

  private void enterAgain(Member member, boolean isLost) {
    order.workStarts();
    order.then(
        enter(member, isLost),
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
