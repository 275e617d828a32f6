package io.earshot.room;

import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The messages left out for a slow consumer, of which the newest of each kind is kept where the
 * room's rule is to conflate.
 *
 * <p>Owned by the connection's event loop.
 */
public final class Lag {

  /** The largest number of kinds that are kept; beyond it the oldest message is dropped. */
  private static final int MAX_KINDS = 1_000;

  private final String room;
  private final int maxBytes;
  private final Map<String, StoredMessage> newest = new LinkedHashMap<>();
  private @Nullable Cursor first;
  private @Nullable Cursor last;
  private long leftOut;
  private int bytes;

  /**
   * No message is left out yet.
   *
   * @param maxBytes the most bytes of messages that are kept
   */
  public Lag(String room, int maxBytes) {
    this.room = room;
    this.maxBytes = maxBytes;
  }

  /**
   * Leaves out a message.
   *
   * @param kind the kind of which the message is the newest; null if it is not kept
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
    count(kind, newest.remove(kind), -1);
    count(kind, message, 1);
    newest.put(kind, message);
    while (newest.size() > MAX_KINDS || bytes > maxBytes) {
      String oldest = newest.keySet().iterator().next();
      count(oldest, newest.remove(oldest), -1);
    }
  }

  /** Counts a message that is kept (1), or kept no longer (-1). */
  private void count(String kind, @Nullable StoredMessage message, int sign) {
    if (message != null) {
      bytes += sign * (message.json().length + kind.length());
      leftOut -= sign;
    }
  }

  /** How many messages are left out so far; those that are kept do not count. */
  public long leftOut() {
    return leftOut;
  }

  /** The messages that are kept, the oldest first. */
  public Collection<StoredMessage> kept() {
    return newest.values();
  }

  /** The place of the first message that was left out; null for none. */
  public @Nullable Cursor first() {
    return first;
  }

  /** The place of the last message that was left out; null for none. */
  public @Nullable Cursor last() {
    return last;
  }

  /** The notice of the offsets that the client does not get; null if it gets all. */
  public Json.@Nullable Obj notice() {
    if (leftOut == 0 || first == null || last == null) {
      return null;
    }
    return notice(room, first.epoch(), first.offset(), last.offset(), leftOut);
  }

  /**
   * The notice that all messages of a room from an offset up to a place are lost.
   *
   * @param from the first offset
   * @param to the last place, which is also the place of the notice
   */
  public static StoredMessage gap(String room, long from, Cursor to) {
    Json.Obj notice = notice(room, to.epoch(), from, to.offset(), to.offset() - from + 1);
    return new StoredMessage(notice.encode(), to);
  }

  /** The same, for a client that knows a message: without what it knows. */
  public static StoredMessage gap(String room, long from, Cursor to, Cursor known) {
    boolean isPartlyKnown =
        known.epoch().equals(to.epoch()) && from <= known.offset() && known.offset() < to.offset();
    return gap(room, isPartlyKnown ? known.offset() + 1 : from, to);
  }

  private static Json.Obj notice(String room, String epoch, long from, long to, long missing) {
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
