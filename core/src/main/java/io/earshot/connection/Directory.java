package io.earshot.connection;

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
    if (++size > slots.length / 2) {
      resize(slots.length * 2);
    }
    insert(connection);
    addToUser(connection);
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
    int at = home(connection);
    while (slots[at] != connection) {
      if (slots[at] == null) {
        return;
      }
      at = next(at);
    }
    size--;
    removeFromUser(connection);
    closeGap(at);
    if (slots.length > FEWEST_SLOTS && size < slots.length / 8) {
      resize(slots.length / 2);
    }
  }

  /** Replaces a connection by another of the same id, so that the id is found at any moment. */
  public synchronized void replace(Participant before, Participant now) {
    remove(before);
    add(now);
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
    if (isHere) {
      removeFromUser(connection);
    }
    connection.identity = now;
    if (isHere) {
      addToUser(connection);
    }
  }

  private void addToUser(Participant connection) {
    User user = connection.user();
    if (user != null) {
      byUser.computeIfAbsent(user.id(), ignored -> new LinkedHashSet<>(2)).add(connection);
    }
  }

  private void removeFromUser(Participant connection) {
    User user = connection.user();
    lost.remove(connection);
    if (user != null) {
      byUser.computeIfPresent(
          user.id(), (ignored, all) -> all.remove(connection) && all.isEmpty() ? null : all);
    }
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
