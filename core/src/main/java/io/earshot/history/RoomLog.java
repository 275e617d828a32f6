package io.earshot.history;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Start;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The one order of a room's messages: its epoch, the offset of the last message, and the {@link
 * History} for clients that resume.
 *
 * <p>Owned by the room's event loop.
 */
public final class RoomLog {
  /** Each epoch has more characters than this: those of the server's run, and a number. */
  private static final int RUN = 7;

  private final String name;
  private final RoomRule rule;
  private final LoopHistory loop;

  /** Whether other servers share the order. They all remember it from its first message on. */
  private final boolean isShared;

  /** Empty while a cluster's broker has not named the order. */
  private String epoch;

  /** The offset of the last message; 0 before the first. */
  private long offset;

  /**
   * The offset of the last message that was said and is no longer remembered; 0 if there is none. A
   * {@link History} counts on from here.
   */
  private long lost;

  /** The room's number in the {@link Journal}; 0 while the journal does not have the room. */
  private int number;

  /** Null while no message is remembered: most rooms of a large server have none. */
  private @Nullable History history;

  /**
   * An order without messages.
   *
   * @param name the room's name
   * @param epoch the name of the order; empty if a broker will name it
   * @param rule bounds the history
   * @param loop shared by all rooms of the event loop
   */
  public RoomLog(String name, String epoch, RoomRule rule, LoopHistory loop) {
    this.name = name;
    this.epoch = epoch;
    this.isShared = epoch.isEmpty();
    this.rule = rule;
    this.loop = loop;
  }

  String name() {
    return name;
  }

  public String epoch() {
    return epoch;
  }

  public long offset() {
    return offset;
  }

  public Cursor cursor() {
    return new Cursor(epoch, offset);
  }

  /** The end of the order; null while this server does not know it. */
  public @Nullable Cursor end() {
    return epoch.isEmpty() ? null : cursor();
  }

  /** Moves to a place in an order; the next message comes after it. Other places are forgotten. */
  public void begin(String order, long at) {
    if (at != offset || !order.equals(epoch)) {
      forgetAll();
      epoch = order;
      offset = at;
      lost = at;
    }
  }

  /** Takes the next place. */
  public Cursor advance() {
    offset++;
    return cursor();
  }

  /** Takes the place of the next message, which a broker gave it. */
  public void advance(Cursor place) {
    begin(place.epoch(), place.offset() - 1);
    advance();
  }

  /** The message that has the last offset; see {@link History.Entry}. */
  public History.Entry entry(
      byte[] json,
      long at,
      long since,
      @Nullable String speaker,
      @Nullable Audience audience,
      boolean isSaid) {
    return new History.Entry(offset, json, at, since, speaker, audience, isSaid);
  }

  int number() {
    return number;
  }

  void number(int given) {
    number = given;
  }

  public @Nullable History history() {
    return history;
  }

  /** Whether the order has to outlast its members: it has a history, or is in the journal. */
  public boolean isKept() {
    return history != null || number != 0;
  }

  /** Whether a cursor belongs to this order, and does not lie beyond its end. */
  public boolean isOurs(Cursor after) {
    return after.epoch().equals(epoch) && after.offset() <= offset;
  }

  /**
   * Whether the history holds every message after a cursor that was said. Announcements of joins
   * and leaves may be missing: the list of members tells what they told.
   */
  public boolean remembersSince(Cursor after, long now) {
    return isOurs(after) && after.offset() >= lost(now);
  }

  /**
   * The offset after which a client goes on whose cursor {@link #remembersSince} refuses: the end
   * of the order. But a client with a cursor of an earlier order, as of an earlier run of the
   * server or of a room that was dropped since, knows nothing of this one. It gets all of it, if
   * everything is remembered that was said in it.
   */
  public long goesOnAfter(Cursor unknown, long now) {
    return !isShared && isEarlier(unknown.epoch()) && lost(now) == 0 ? 0 : offset;
  }

  /** Whether an epoch is of an earlier run, or has a lower number in this run. */
  private boolean isEarlier(String other) {
    if (other.length() <= RUN) {
      return false;
    }
    boolean isOfThisRun = other.regionMatches(0, epoch, 0, RUN);
    int more = other.length() - epoch.length();
    return !isOfThisRun || more < 0 || (more == 0 && other.compareTo(epoch) < 0);
  }

  private long lost(long now) {
    if (history == null) {
      return lost;
    }
    loop.forgot(history, history.forget(now));
    return history.lost();
  }

  /** The offset of the last message that was said and is no longer remembered; 0 if none was. */
  long lost() {
    return history == null ? lost : history.lost();
  }

  /** The messages that a client missed since a cursor, or none without a cursor. */
  public Past past(@Nullable Cursor after, long now, Predicate<History.Entry> isFor) {
    if (after == null) {
      return new Past(List.of(), offset, null, null);
    }
    boolean isRecovered = remembersSince(after, now);
    long since = isRecovered ? after.offset() : goesOnAfter(after, now);
    return new Past(after(new Cursor(epoch, since), isFor), since, isRecovered, null);
  }

  /** The remembered messages after a cursor of this order that pass a filter. */
  public List<StoredMessage> after(Cursor after, Predicate<History.Entry> isFor) {
    return history == null ? List.of() : history.after(after, isFor);
  }

  /**
   * The newest remembered messages that somebody said and that pass a filter.
   *
   * @param upTo the place of the last message that is looked at; of another order, there are none
   * @param limit the largest number of messages
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   * @param now the time, by the clock of durations
   */
  private History.Page page(
      Cursor upTo, int limit, int bytes, long now, Predicate<History.Entry> isFor) {
    forget(now);
    return history == null || !upTo.epoch().equals(epoch)
        ? History.Page.EMPTY
        : history.latest(epoch, upTo.offset(), limit, bytes, isFor);
  }

  /** The {@link #page} that a client receives that enters at a place. */
  public Past latest(
      Start start, Cursor upTo, int bytes, long now, Predicate<History.Entry> isFor) {
    List<StoredMessage> latest = page(upTo, start.history(), bytes, now, isFor).messages();
    return new Past(latest, offset, start.after() == null ? null : false, latest.size());
  }

  /**
   * The newest remembered messages that somebody said and that pass a filter, before a place.
   *
   * @param before the place before which the messages are; null for the newest messages
   * @param limit the largest number of messages
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   * @param now the time, by the clock of durations
   */
  public History.Page before(
      @Nullable Cursor before, int limit, int bytes, long now, Predicate<History.Entry> isFor) {
    Cursor upTo = before == null ? cursor() : new Cursor(before.epoch(), before.offset() - 1);
    return page(upTo, limit, bytes, now, isFor);
  }

  /** The last position whose message was said and is no longer remembered; null for none. */
  public @Nullable Cursor forgotten(long now) {
    long last = lost(now);
    return last == 0 || epoch.isEmpty() ? null : new Cursor(epoch, last);
  }

  private static List<byte[]> encoded(List<StoredMessage> messages) {
    return messages.stream().map(StoredMessage::json).toList();
  }

  /** Whether a client that begins there needs the {@link #latest} messages. */
  public boolean needsHistory(Start start, long now) {
    Cursor after = start.after();
    return start.history() > 0
        && (after == null || (!remembersSince(after, now) && goesOnAfter(after, now) == offset));
  }

  /**
   * The remembered messages without an audience: after a cursor the first ones, without a cursor
   * the last ones.
   *
   * @param limit the largest number of messages
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   * @param now the time, by the clock of durations
   */
  public Excerpt read(Start start, int limit, int bytes, long now) {
    Cursor after = start.after();
    if (needsHistory(start, now)) {
      List<StoredMessage> latest =
          latest(start, cursor(), bytes, now, entry -> entry.audience() == null).missed();
      return new Excerpt(
          name, encoded(latest), end(), after == null ? null : false, latest.size(), null);
    }
    boolean isRecovered = after != null && remembersSince(after, now);
    long since = 0;
    if (after != null) {
      since = isRecovered ? after.offset() : goesOnAfter(after, now);
    }
    forget(now);
    List<StoredMessage> all = after(new Cursor(epoch, since), entry -> entry.audience() == null);
    int size = 0;
    long length = 0;
    for (StoredMessage told : after == null ? all.reversed() : all) {
      length += told.json().length + 1;
      if (size == limit || (size > 0 && length > bytes)) {
        break;
      }
      size++;
    }
    boolean more = after != null && size < all.size();
    List<StoredMessage> some =
        after == null ? all.subList(all.size() - size, all.size()) : all.subList(0, size);
    return new Excerpt(
        name,
        encoded(some),
        more ? some.getLast().place() : end(),
        after == null ? null : isRecovered);
  }

  /**
   * Adds the message that has the last offset: remembers it, and writes it to the journal.
   *
   * <p>An announcement of a join or leave begins no history on a server that is alone.
   */
  public void append(History.Entry entry) {
    remember(entry);
    loop.appended(this, entry);
  }

  /** As {@link #append}, but without the journal: another server published this message. */
  public void remember(History.Entry entry) {
    if (history == null && (entry.isSaid() || isShared) && rule.historyMessages() > 0) {
      history = new History(rule, lost);
    }
    if (history != null) {
      add(history, entry);
    } else if (entry.isSaid()) {
      lost = offset;
    }
  }

  private void add(History messages, History.Entry entry) {
    loop.added(messages, messages.add(entry));
  }

  /**
   * Continues the order that the journal of the previous run has. The wall clock alone has run
   * since then. So a message that it says is still to come has no age yet, and no message is
   * younger than the next.
   *
   * @param now the time, by the clock of durations
   * @param wallTime the time of day, in milliseconds since 1970
   */
  public void recover(Recovery.Remembered before, long now, long wallTime) {
    offset = before.offset;
    lost = before.history.lost();
    History messages = new History(rule, lost);
    history = messages;
    var aged = new ArrayDeque<History.Entry>();
    long age = 0;
    for (History.Entry entry : before.history.entries().reversed()) {
      age = Math.max(age, wallTime - entry.at());
      aged.addFirst(entry.since(now - age));
    }
    aged.forEach(entry -> add(messages, entry));
    forget(now);
  }

  /** Forgets the messages that are too old. */
  public void forget(long now) {
    if (history != null) {
      loop.forgot(history, history.forget(now));
      if (history.size() == 0) {
        lost = history.lost();
        history = null;
      }
    }
  }

  /** Forgets all messages. */
  public void forgetAll() {
    if (history != null) {
      loop.remove(history);
      lost = offset;
      history = null;
    }
  }

  /** Forgets all messages, and removes the room from the journal. */
  public void drop() {
    forgetAll();
    loop.dropped(this);
  }
}
