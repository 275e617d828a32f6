package io.earshot.history;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The one order of what a room tells: what it is called, how far it has come, and the end of it for
 * those who come back.
 *
 * <p>Owned by the room's event loop.
 */
public final class RoomLog {
  private final String name;
  private final RoomRule rule;
  private final HistoryBudget budget;

  /** Which order it is; empty while the other servers have not been asked. */
  private String epoch;

  /** The number of the last message. */
  private long offset;

  /** What the {@link Journal} calls it; 0 while it is not in there. */
  private int number;

  private @Nullable History history;

  /**
   * An order in which nothing was told yet.
   *
   * @param name the room's name
   * @param epoch what it is called; empty if others say so
   */
  public RoomLog(String name, String epoch, RoomRule rule, HistoryBudget budget) {
    this.name = name;
    this.epoch = epoch;
    this.rule = rule;
    this.budget = budget;
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

  /** The end of the order, or null while that is not known here. */
  public @Nullable Cursor end() {
    return epoch.isEmpty() ? null : cursor();
  }

  /** Is at a place in an order, from which on it goes on. */
  public void begin(String order, long at) {
    epoch = order;
    offset = at;
  }

  /** Takes the next place. */
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

  /** Whether there is something to keep after everybody has gone. */
  public boolean isKept() {
    return history != null || number != 0;
  }

  /** Whether a cursor is of this order, and not beyond its end. */
  public boolean isOurs(Cursor after) {
    return after.epoch().equals(epoch) && after.offset() <= offset;
  }

  /** Whether nothing is missing between a cursor and now. */
  public boolean remembersSince(Cursor after, long now) {
    return isOurs(after) && offset - after.offset() <= remembered(now);
  }

  /** What came after a cursor since which all is remembered, and is for somebody. */
  public List<StoredMessage> after(Cursor after, Predicate<History.Entry> isFor) {
    return history == null ? List.of() : history.after(after, offset - after.offset(), isFor);
  }

  /** What is for everybody, and came after an offset. */
  public List<StoredMessage> forAll(long after, long now) {
    return history == null || remembered(now) == 0 ? List.of() : history.forAll(cursor(), after);
  }

  private int remembered(long now) {
    if (history == null) {
      return 0;
    }
    budget.remembered(-history.forget(now));
    return history.size();
  }

  /**
   * Remembers the message that was told last.
   *
   * @param at when it was told
   * @param speaker the id of who said it and is not to hear it, or null
   * @param isSaid whether it is more than who came and went, which is not worth remembering where
   *     nobody has said a word yet
   */
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

  private void remember(History remembers, History.Entry entry, long now) {
    budget.remembered(remembers.add(entry, now, budget.spare()));
  }

  /** Takes over what this order was before the server was started. */
  public void recover(Recovery.Remembered before, long now) {
    offset = before.offset;
    History remembers = new History(rule);
    history = remembers;
    for (History.Entry entry : before.entries) {
      remember(remembers, entry, now);
    }
    forget(now);
  }

  /** Forgets messages that are too old. */
  public void forget(long now) {
    if (history != null) {
      budget.remembered(-history.forget(now));
      if (history.size() == 0) {
        history = null;
      }
    }
  }

  /** Forgets all messages, since the room itself, or its order, is. */
  public void forgetAll() {
    if (history != null) {
      budget.remembered(-history.bytes());
      history = null;
    }
  }
}
