package io.earshot.connection;

import io.earshot.FeedEvent;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All connections of a server, by id: a hash table with open addressing. It needs a few array slots
 * for each connection, where a {@link java.util.HashMap} needs an entry object and the id as a
 * string. Ids are random, so that their first digits serve as the hash.
 *
 * <p>Thread-safe: guarded by its lock, which is taken when a connection begins, ends or is looked
 * up.
 */
public final class Directory {
  private static final int FEWEST_SLOTS = 16;

  private @Nullable Participant[] slots = new Participant[FEWEST_SLOTS];
  private int size;

  /** The connections of each user that has any, by the user's id. */
  private final Map<String, Set<Participant>> byUser = new HashMap<>(0);

  /** Those of them that are lost. */
  private final Set<Participant> lost = new HashSet<>(0);

  /** The hash of an id: its first eight hexadecimal digits; any other character counts as F. */
  public static int hash(String id) {
    int hash = 0;
    for (int i = 0; i < Math.min(8, id.length()); i++) {
      hash = hash << 4 | (Character.digit(id.charAt(i), 16) & 0xF);
    }
    return hash;
  }

  public synchronized int size() {
    return size;
  }

  public synchronized void add(Participant connection) {
    tellOfUsers(connection, null, put(connection));
  }

  /** Adds a connection, and returns its user if it is the user's first. */
  private @Nullable User put(Participant connection) {
    if (++size > slots.length / 2) {
      resize(slots.length * 2);
    }
    insert(connection);
    return addToUser(connection);
  }

  /**
   * Tells consumers of the feed that users have come or gone. Under the lock, so that they are told
   * in the right order.
   */
  private static void tellOfUsers(Participant of, @Nullable User gone, @Nullable User come) {
    if (!User.areSame(gone, come)) {
      tell(FeedEvent.Type.USER_ABSENT, of, gone);
      tell(FeedEvent.Type.USER_PRESENT, of, come);
    }
  }

  private static void tell(FeedEvent.Type what, Participant of, @Nullable User user) {
    if (user != null) {
      of.shard().feed().user(what, user);
    }
  }

  private void insert(Participant connection) {
    int at = home(connection);
    while (slots[at] != null) {
      at = next(at);
    }
    slots[at] = connection;
  }

  private int home(Participant connection) {
    return connection.idHash() & (slots.length - 1);
  }

  private int next(int slot) {
    return (slot + 1) & (slots.length - 1);
  }

  private void resize(int length) {
    @Nullable Participant[] old = slots;
    slots = new Participant[length];
    for (Participant connection : old) {
      if (connection != null) {
        insert(connection);
      }
    }
  }

  /** Removes this connection, compared by identity; does nothing if it is not here. */
  synchronized void remove(Participant connection) {
    tellOfUsers(connection, take(connection), null);
  }

  /** Removes a connection, and returns its user if it was the user's last. */
  private @Nullable User take(Participant connection) {
    int at = home(connection);
    while (slots[at] != connection) {
      if (slots[at] == null) {
        return null;
      }
      at = next(at);
    }
    size--;
    User gone = removeFromUser(connection);
    closeGap(at);
    if (slots.length > FEWEST_SLOTS && size < slots.length / 8) {
      resize(slots.length / 2);
    }
    return gone;
  }

  /** Replaces a connection by another of the same id, so that the id is found at any moment. */
  public synchronized void replace(Participant before, Participant now) {
    User gone = take(before);
    tellOfUsers(now, gone, put(now));
  }

  /** Reinserts the connections after a slot that has become empty, up to the next empty slot. */
  private void closeGap(int gap) {
    slots[gap] = null;
    for (int at = next(gap); slots[at] != null; at = next(at)) {
      Participant moved = slots[at];
      slots[at] = null;
      insert(moved);
    }
  }

  public synchronized @Nullable Participant find(String id) {
    int at = hash(id) & (slots.length - 1);
    for (Participant there = slots[at]; there != null; there = slots[at]) {
      if (there.hasId(id)) {
        return there;
      }
      at = next(at);
    }
    return null;
  }

  /** Sets who a connection is, which may not be here. */
  synchronized void identify(Participant connection, @Nullable TokenIdentity now) {
    boolean isHere = find(connection.id()) == connection;
    User gone = isHere ? removeFromUser(connection) : null;
    connection.identity = now;
    if (isHere) {
      tellOfUsers(connection, gone, addToUser(connection));
    }
  }

  /** Returns the user if this is the user's first connection. */
  private @Nullable User addToUser(Participant connection) {
    User user = connection.user();
    if (user == null) {
      return null;
    }
    Set<Participant> all = byUser.computeIfAbsent(user.id(), ignored -> new LinkedHashSet<>(2));
    return all.add(connection) && all.size() == 1 ? user : null;
  }

  /** Returns the user if this was the user's last connection. */
  private @Nullable User removeFromUser(Participant connection) {
    User user = connection.user();
    lost.remove(connection);
    if (user == null) {
      return null;
    }
    Set<Participant> all = byUser.get(user.id());
    if (all == null || !all.remove(connection) || !all.isEmpty()) {
      return null;
    }
    byUser.remove(user.id());
    return user;
  }

  /**
   * Whether a user may have no further connection. A lost one counts half: its client may be about
   * to resume its session, and has to log in before.
   *
   * @param limit how many connections a user may have
   */
  synchronized boolean isFull(String id, int limit) {
    Set<Participant> all = byUser.getOrDefault(id, Set.of());
    return all.size() >= limit
        && (all.size() >= 2L * limit
            || all.stream().filter(each -> !lost.contains(each)).count() >= limit);
  }

  /** Takes note that a connection is lost, and stays only for a client that comes back. */
  public synchronized void lose(Participant connection) {
    if (connection.user() != null && find(connection.id()) == connection) {
      lost.add(connection);
    }
  }

  /** The connections of a user, in the order in which they logged in. */
  public synchronized List<Participant> ofUser(String id) {
    return List.copyOf(byUser.getOrDefault(id, Set.of()));
  }

  /** The connection of an id; empty if it is not here. */
  public List<Participant> withId(String id) {
    Participant found = find(id);
    return found == null ? List.of() : List.of(found);
  }

  /** A snapshot of all connections. */
  public synchronized List<Participant> all() {
    var all = new ArrayList<Participant>(size);
    for (Participant connection : slots) {
      if (connection != null) {
        all.add(connection);
      }
    }
    return all;
  }
}
