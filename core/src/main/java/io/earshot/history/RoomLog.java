package io.earshot.history;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
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
  private final String name;
  private final RoomRule rule;
  private final LoopHistory loop;

  /** Empty while a cluster's broker has not named the order. */
  private String epoch;

  /** The offset of the last message; 0 before the first. */
  private long offset;

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

  /** Moves to a place in an order; the next message comes after it. */
  public void begin(String order, long at) {
    epoch = order;
    offset = at;
  }

  /** Takes the next offset. */
  public void advance() {
    offset++;
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

  /** Whether the history holds every message after a cursor. */
  public boolean remembersSince(Cursor after, long now) {
    return isOurs(after) && offset - after.offset() <= remembered(now);
  }

  /** The messages after a cursor that pass a filter; {@link #remembersSince} has to be true. */
  public List<StoredMessage> after(Cursor after, Predicate<History.Entry> isFor) {
    return history == null ? List.of() : history.after(after, offset - after.offset(), isFor);
  }

  /**
   * The remembered messages without an audience: after a cursor the first ones, without a cursor
   * the last ones.
   *
   * @param limit the largest number of messages
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   * @param now the time, in milliseconds
   */
  public Excerpt read(@Nullable Cursor after, int limit, int bytes, long now) {
    if (after != null && !remembersSince(after, now)) {
      return new Excerpt(name, List.of(), end(), false);
    }
    List<StoredMessage> all = forAll(after == null ? 0 : after.offset(), now);
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
        some.stream().map(StoredMessage::json).toList(),
        more ? some.getLast().place() : end(),
        after == null ? null : true);
  }

  private List<StoredMessage> forAll(long after, long now) {
    return history == null || remembered(now) == 0 ? List.of() : history.forAll(cursor(), after);
  }

  private int remembered(long now) {
    if (history == null) {
      return 0;
    }
    loop.add(-history.forget(now));
    return history.size();
  }

  /**
   * Adds the message that has the last offset: remembers it, and writes it to the journal.
   *
   * @param at when it was published, in milliseconds
   * @param speaker the id of the member that sent the message and does not receive it; or null
   * @param isSaid false for announcements of joins and leaves, which do not begin a history
   * @param now the time, in milliseconds
   */
  public void append(
      byte[] json,
      long at,
      @Nullable String speaker,
      @Nullable Audience audience,
      boolean isSaid,
      long now) {
    remember(json, at, speaker, audience, isSaid, now);
    loop.appended(this, at);
  }

  /** As {@link #append}, but without the journal: another server published this message. */
  public void remember(
      byte[] json,
      long at,
      @Nullable String speaker,
      @Nullable Audience audience,
      boolean isSaid,
      long now) {
    if (history == null && isSaid && rule.historyMessages() > 0) {
      history = new History(rule);
    }
    if (history != null) {
      remember(history, new History.Entry(json, at, speaker, audience), now);
    }
  }

  private void remember(History messages, History.Entry entry, long now) {
    loop.add(messages.add(entry, now, loop.spare()));
  }

  /** Continues the order that the journal of the previous run has. */
  public void recover(Recovery.Remembered before, long now) {
    offset = before.offset;
    History messages = new History(rule);
    history = messages;
    for (History.Entry entry : before.entries) {
      remember(messages, entry, now);
    }
    forget(now);
  }

  /** Forgets the messages that are too old. */
  public void forget(long now) {
    if (history != null) {
      loop.add(-history.forget(now));
      if (history.size() == 0) {
        history = null;
      }
    }
  }

  /** Forgets all messages. */
  public void forgetAll() {
    if (history != null) {
      loop.add(-history.bytes());
      history = null;
    }
  }

  /** Forgets all messages, and removes the room from the journal. */
  public void drop() {
    forgetAll();
    loop.dropped(this);
  }
}
