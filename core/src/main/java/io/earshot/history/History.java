package io.earshot.history;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The last messages of a room; bounded in number, bytes and age. What was said is remembered
 * without a gap up to the newest message. Announcements of joins and leaves, which clients can do
 * without, have bounds of their own, so that many of them do not displace what was said.
 *
 * <p>Owned by the room's event loop.
 */
public final class History {
  /** Announcements have at most this part of the bytes of the room. */
  private static final int ANNOUNCED_PART = 4;

  private final RoomRule rule;
  private final EntryRing said = new EntryRing(true);

  /** The announcements after the oldest message of {@link #said}. */
  private final EntryRing announced = new EntryRing(false);

  /** The neighbours in the list of the {@link LoopHistory}. */
  @Nullable History before;

  @Nullable History after;

  /** The offset of the newest message. */
  private long offset;

  private long lost;

  /**
   * A message.
   *
   * @param offset its place in the order
   * @param json the message as UTF-8
   * @param at when it was published, in milliseconds since 1970 by the wall clock of the server
   *     that published it
   * @param since when it was published, by the clock of durations of this server
   * @param speaker the id of the member that sent the message and does not receive it; or null
   * @param audience the members that receive it; null for all
   * @param isSaid false for an announcement of a join or leave, which clients can do without
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Entry(
      long offset,
      byte[] json,
      long at,
      long since,
      @Nullable String speaker,
      @Nullable Audience audience,
      boolean isSaid) {
    Entry since(long other) {
      return new Entry(offset, json, at, other, speaker, audience, isSaid);
    }
  }

  /**
   * A history without messages.
   *
   * @param lost the offset of the last message that was said and is not remembered; 0 for none
   */
  History(RoomRule rule, long lost) {
    this.rule = rule;
    this.lost = lost;
  }

  /** The offset of the last message that was said and is no longer remembered; 0 for none. */
  long lost() {
    return lost;
  }

  /**
   * Adds the newest message, and forgets the oldest ones beyond the bounds of the room.
   *
   * @return by how many bytes the history grew; less than 0 if it shrank
   */
  int add(Entry entry) {
    int length = bytes();
    offset = entry.offset;
    if (entry.isSaid) {
      said.add(entry);
      if (said.size() > rule.historyMessages()) {
        removeSaid();
      }
    } else {
      announced.add(entry);
      while (announced.size() > rule.historyMessages()
          || announced.length() > rule.historyBytes() / ANNOUNCED_PART) {
        announced.removeFirst();
      }
    }
    while (bytes() > rule.historyBytes()) {
      removeOldest();
    }
    forget(entry.since);
    return bytes() - length;
  }

  /**
   * Takes note of a message that is not remembered. A message that was said makes all before it
   * useless; an announcement may be missing anywhere.
   *
   * @param next its offset
   */
  void skip(long next, boolean isSaid) {
    if (isSaid) {
      while (size() > 0) {
        removeOldest();
      }
      lost = next;
    }
    offset = next;
  }

  /** Forgets the messages that are too old, and returns how many bytes they had. */
  int forget(long now) {
    int length = bytes();
    for (EntryRing oldest = oldest();
        oldest.size() > 0 && now - oldest.since(0) >= rule.historyAge();
        oldest = oldest()) {
      removeOldest();
    }
    return length - bytes();
  }

  /** Forgets the oldest message, and returns how many bytes it had. */
  int forgetOldest() {
    int length = bytes();
    removeOldest();
    return length - bytes();
  }

  /** The messages of which the first is the oldest. */
  private EntryRing oldest() {
    boolean isAnnounced =
        announced.size() > 0 && (said.size() == 0 || announced.offset(0) < said.offset(0));
    return isAnnounced ? announced : said;
  }

  private void removeOldest() {
    if (oldest() == said) {
      removeSaid();
    } else {
      announced.removeFirst();
    }
  }

  /** Forgets the oldest message that was said, and the announcements before it. */
  private void removeSaid() {
    long oldest = said.offset(0);
    said.removeFirst();
    lost = oldest;
    while (announced.size() > 0 && announced.offset(0) < lost) {
      announced.removeFirst();
    }
  }

  public int size() {
    return said.size() + announced.size();
  }

  /** Copies of the remembered messages, in their order. */
  List<Entry> entries() {
    return after(0);
  }

  /** Copies of the remembered messages after an offset, in their order. */
  private List<Entry> after(long since) {
    int one = said.after(since);
    int other = announced.after(since);
    var all = new ArrayList<Entry>(said.size() - one + announced.size() - other);
    while (one < said.size() || other < announced.size()) {
      boolean isSaid =
          other == announced.size()
              || (one < said.size() && said.offset(one) < announced.offset(other));
      all.add(isSaid ? said.get(one++) : announced.get(other++));
    }
    return all;
  }

  /** A copy of the message of an offset; null if it is not remembered. */
  public @Nullable Entry find(long at) {
    for (EntryRing each : List.of(said, announced)) {
      int index = each.after(at - 1);
      if (index < each.size() && each.offset(index) == at) {
        return each.get(index);
      }
    }
    return null;
  }

  /** Whether the newest message is remembered. */
  boolean hasNewest() {
    return hasAtEnd(said) || hasAtEnd(announced);
  }

  private boolean hasAtEnd(EntryRing messages) {
    return messages.size() > 0 && messages.offset(messages.size() - 1) == offset;
  }

  int bytes() {
    return said.length() + announced.length();
  }

  /**
   * A part of the remembered messages.
   *
   * @param messages the messages, the oldest first
   * @param more whether earlier messages of this kind are remembered
   */
  public record Page(List<StoredMessage> messages, boolean more) {
    static final Page EMPTY = new Page(List.of(), false);
  }

  /**
   * The newest messages up to an offset that somebody said and that pass a filter.
   *
   * @param epoch the epoch of the order
   * @param upTo the offset of the last message that is looked at
   * @param limit the largest number of messages
   * @param most the most bytes of all messages together; a single longer message is returned alone
   */
  Page latest(String epoch, long upTo, int limit, int most, Predicate<Entry> isFor) {
    var latest = new ArrayDeque<StoredMessage>();
    long length = 0;
    for (int i = said.after(upTo) - 1; i >= 0; i--) {
      Entry entry = said.get(i);
      if (!isFor.test(entry)) {
        continue;
      }
      length += entry.json.length + 1;
      if (latest.size() == limit || (length > most && !latest.isEmpty())) {
        return new Page(List.copyOf(latest), true);
      }
      latest.addFirst(new StoredMessage(entry.json, new Cursor(epoch, entry.offset)));
    }
    return new Page(List.copyOf(latest), false);
  }

  /** The remembered messages after a cursor that pass a filter. */
  List<StoredMessage> after(Cursor cursor, Predicate<Entry> isFor) {
    return after(cursor.offset()).stream()
        .filter(isFor)
        .map(each -> new StoredMessage(each.json, new Cursor(cursor.epoch(), each.offset)))
        .toList();
  }
}
