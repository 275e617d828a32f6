package io.earshot.connection;

import java.util.ArrayList;
import java.util.List;
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
