package io.earshot.history;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The last messages of a room, without a gap up to the newest; bounded in number, bytes and age.
 *
 * <p>Owned by the room's event loop.
 */
public final class History {
  private final RoomRule rule;
  private final Deque<Entry> entries = new ArrayDeque<>(2);
  private int bytes;

  /**
   * A message, without its place.
   *
   * @param json the message as UTF-8
   * @param at when it was published, in milliseconds
   * @param speaker the id of the member that sent the message and does not receive it; or null
   * @param audience the members that receive it; null for all
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Entry(
      byte[] json, long at, @Nullable String speaker, @Nullable Audience audience) {}

  History(RoomRule rule) {
    this.rule = rule;
  }

  /**
   * Adds the newest message, and forgets the oldest ones beyond the bounds.
   *
   * @param now the time, in milliseconds
   * @param spare how many more bytes the event loop may remember; less than 0 for too many
   * @return by how many bytes the history grew; less than 0 if it shrank
   */
  int add(Entry entry, long now, long spare) {
    int before = bytes;
    entries.add(entry);
    bytes += entry.json.length;
    while (entries.size() > rule.historyMessages()
        || bytes > rule.historyBytes()
        || (bytes - before > spare && !entries.isEmpty())) {
      removeOldest();
    }
    forget(now);
    return bytes - before;
  }

  /** Forgets the messages that are too old, and returns how many bytes they had. */
  int forget(long now) {
    int before = bytes;
    for (Entry oldest = entries.peek();
        oldest != null && now - oldest.at >= rule.historyAge();
        oldest = entries.peek()) {
      removeOldest();
    }
    return before - bytes;
  }

  private void removeOldest() {
    bytes -= entries.remove().json.length;
  }

  public int size() {
    return entries.size();
  }

  List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** The newest message; null if it is forgotten. */
  @Nullable Entry last() {
    return entries.peekLast();
  }

  int bytes() {
    return bytes;
  }

  /**
   * The messages after a cursor that pass a filter.
   *
   * @param count how many messages follow the cursor; the history must contain all of them
   */
  List<StoredMessage> after(Cursor cursor, long count, Predicate<Entry> isFor) {
    var missed = new ArrayList<StoredMessage>();
    long offset = cursor.offset() + count - entries.size();
    for (Entry entry : entries) {
      if (++offset > cursor.offset() && isFor.test(entry)) {
        missed.add(new StoredMessage(entry.json, new Cursor(cursor.epoch(), offset)));
      }
    }
    return missed;
  }

  /**
   * The messages after an offset that have no audience.
   *
   * @param last the place of the newest message
   */
  List<StoredMessage> forAll(Cursor last, long after) {
    var told = new ArrayList<StoredMessage>();
    long offset = last.offset() - entries.size();
    for (Entry entry : entries) {
      if (++offset > after && entry.audience == null) {
        told.add(new StoredMessage(entry.json, new Cursor(last.epoch(), offset)));
      }
    }
    return told;
  }
}
