package io.earshot.room;

import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was left out for a member that does not keep up, and what of it is kept: the newest of each
 * kind, where the room's rule says so.
 *
 * <p>Owned by the connection's event loop.
 */
public final class Lag {

  /** As many kinds are kept, and no more bytes; beyond that the oldest go. */
  private static final int MOST_KINDS = 1_000;

  private final String room;
  private final int mostBytes;
  private final Map<String, StoredMessage> newest = new LinkedHashMap<>();
  private @Nullable Cursor first;
  private @Nullable Cursor last;
  private long leftOut;
  private int bytes;

  public Lag(String room, int mostBytes) {
    this.room = room;
    this.mostBytes = mostBytes;
  }

  /**
   * Leaves out a message.
   *
   * @param kind what it replaces the older ones of; null if it is not kept
   */
  void leaveOut(StoredMessage message, @Nullable String kind) {
    if (first == null) {
      first = message.place();
    }
    last = message.place();
    leftOut++;
    if (kind == null) {
      return;
    }
    keep(kind, newest.remove(kind), -1);
    keep(kind, message, 1);
    newest.put(kind, message);
    while (newest.size() > MOST_KINDS || bytes > mostBytes) {
      String oldest = newest.keySet().iterator().next();
      keep(oldest, newest.remove(oldest), -1);
    }
  }

  private void keep(String kind, @Nullable StoredMessage message, int sign) {
    if (message != null) {
      bytes += sign * (message.json().length + kind.length());
      leftOut -= sign;
    }
  }

  /** What is kept, the oldest first. */
  public Collection<StoredMessage> kept() {
    return newest.values();
  }

  /** What tells the client which offsets it does not get; null if it gets all. */
  public Json.@Nullable Obj notice() {
    if (leftOut == 0 || first == null || last == null) {
      return null;
    }
    return notice(room, first.epoch(), first.offset(), last.offset(), leftOut);
  }

  /** What tells a client which offsets of a room it does not get. */
  static Json.Obj notice(String room, String epoch, long from, long to, long missing) {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(6);
    fields.put("context", Json.of("gap"));
    fields.put("room", Json.of(room));
    fields.put("epoch", Json.of(epoch));
    fields.put("from", Json.of(from));
    fields.put("to", Json.of(to));
    fields.put("missing", Json.of(missing));
    return new Json.Obj(fields);
  }
}
