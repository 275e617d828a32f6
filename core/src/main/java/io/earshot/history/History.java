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
 * What a room told last, without a gap up to the last of all, bounded in number, bytes and age.
 *
 * <p>Owned by the room's event loop.
 */
public final class History {
  private final RoomRule rule;
  private final Deque<Entry> all = new ArrayDeque<>(2);
  private int bytes;

  /**
   * A message, when it was told, and for whom.
   *
   * @param speaker the id of who said it and is not to hear it, or null
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Entry(
      byte[] json, long at, @Nullable String speaker, @Nullable Audience audience) {}

  History(RoomRule rule) {
    this.rule = rule;
  }

  /**
   * Adds the message that was told last.
   *
   * @param spare how many bytes more may be remembered in all, less than 0 if it is too much
   * @return how many bytes more are remembered now; less than 0 if it is less
   */
  int add(Entry entry, long now, long spare) {
    int before = bytes;
    all.add(entry);
    bytes += entry.json.length;
    while (all.size() > rule.historyMessages()
        || bytes > rule.historyBytes()
        || (bytes - before > spare && !all.isEmpty())) {
      drop();
    }
    forget(now);
    return bytes - before;
  }

  /** Forgets what has grown too old, and returns how many bytes that was. */
  int forget(long now) {
    int before = bytes;
    for (Entry oldest = all.peek();
        oldest != null && now - oldest.at >= rule.historyAge();
        oldest = all.peek()) {
      drop();
    }
    return before - bytes;
  }

  private void drop() {
    bytes -= all.remove().json.length;
  }

  public int size() {
    return all.size();
  }

  List<Entry> entries() {
    return List.copyOf(all);
  }

  /** The message that was told last, if that is remembered. */
  @Nullable Entry last() {
    return all.peekLast();
  }

  int bytes() {
    return bytes;
  }

  /**
   * What came after a cursor and is for somebody.
   *
   * @param count how many messages came after it; so many have to be remembered
   */
  List<StoredMessage> after(Cursor cursor, long count, Predicate<Entry> isFor) {
    var missed = new ArrayList<StoredMessage>();
    long offset = cursor.offset() + count - all.size();
    for (Entry entry : all) {
      if (++offset > cursor.offset() && isFor.test(entry)) {
        missed.add(new StoredMessage(entry.json, new Cursor(cursor.epoch(), offset)));
      }
    }
    return missed;
  }

  /**
   * What came after an offset and is for everybody.
   *
   * @param last where the last of all is
   */
  List<StoredMessage> forAll(Cursor last, long after) {
    var told = new ArrayList<StoredMessage>();
    long offset = last.offset() - all.size();
    for (Entry entry : all) {
      if (++offset > after && entry.audience == null) {
        told.add(new StoredMessage(entry.json, new Cursor(last.epoch(), offset)));
      }
    }
    return told;
  }
}
