package io.earshot.explain;

import io.earshot.events.Event;
import io.earshot.protocol.Cursor;
import io.earshot.room.Member;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A time in which a connection was subscribed to a room.
 *
 * @param entry how it came: joined, listened or resumed; null if that is forgotten
 * @param begin when it was subscribed; null if that is forgotten
 * @param end when that ended; null if it is subscribed still
 * @param loss when its client was lost, if that ended it; or null
 * @param from the first message for it
 * @param live the messages after this one came as the room had them; those up to it were sent at
 *     once
 * @param to the last message for it
 */
record Stay(
    @Nullable Event entry,
    @Nullable Event begin,
    @Nullable Event end,
    @Nullable Event loss,
    long from,
    long live,
    long to) {

  /** Whether the client was told that it misses messages before this stay. */
  boolean beginsWithGap() {
    return begin != null && "gap".equals(begin.detail());
  }

  /** Whether the client came with a cursor, and not with one of a message or a later one. */
  boolean mayLack(Cursor place) {
    boolean hasCursor = entry != null && entry.detail() != null;
    return hasCursor && (!isOfEpoch(place) || lacks(place));
  }

  /** Whether the client came with a cursor of the epoch of a message, and before the message. */
  boolean lacks(Cursor place) {
    Cursor shown = shown();
    return shown != null && isOfEpoch(place) && shown.offset() < place.offset();
  }

  private boolean isOfEpoch(Cursor place) {
    Cursor shown = shown();
    return shown != null && shown.epoch().equals(place.epoch());
  }

  /** The cursor with which the client came; null for none. */
  private @Nullable Cursor shown() {
    return entry == null || entry.detail() == null ? null : Cursor.parse(entry.detail());
  }

  boolean contains(long offset) {
    return offset >= from && offset <= to;
  }

  /**
   * The stays of a connection.
   *
   * @param events what happened to it in the room
   * @param place the place of the message in question; other epochs are before or after it
   * @param at the time of the message
   * @param state the membership now; null for none
   * @param isComplete whether all events since the message are remembered
   */
  static List<Stay> of(
      List<Event> events, Cursor place, long at, Member.@Nullable State state, boolean isComplete) {
    var stays = new ArrayList<Stay>();
    Event entry = null;
    Event begin = null;
    boolean isFirst = true;
    for (Event event : events) {
      switch (event.kind()) {
        case JOINED, LISTENED, RESUMED -> entry = event;
        case SUBSCRIBED -> {
          begin = event;
          isFirst = false;
        }
        case UNSUBSCRIBED -> {
          if (begin != null || (isFirst && isComplete)) {
            stays.add(between(entry, begin, event, place, at));
          }
          entry = null;
          begin = null;
          isFirst = false;
        }
        case DETACHED -> {
          // A client that has an entry was lost before it was subscribed.
          if (entry == null && !stays.isEmpty()) {
            Stay last = stays.removeLast();
            stays.add(
                new Stay(last.entry, last.begin, last.end, event, last.from, last.live, last.to));
          }
        }
        default -> {}
      }
    }
    if (begin != null) {
      stays.add(between(entry, begin, null, place, at));
    } else if (isFirst && state != null && state.hears()) {
      stays.add(
          new Stay(entry, null, null, null, state.since() + 1, state.since(), Long.MAX_VALUE));
    }
    return stays;
  }

  private static Stay between(
      @Nullable Event entry, @Nullable Event begin, @Nullable Event end, Cursor place, long at) {
    return new Stay(
        entry,
        begin,
        end,
        null,
        begin == null ? 0 : offset(begin, begin.from(), place, at),
        begin == null ? 0 : offset(begin, begin.to(), place, at),
        end == null ? Long.MAX_VALUE : offset(end, end.to(), place, at));
  }

  /** An offset of an event; of another epoch, one before or after all offsets of this epoch. */
  private static long offset(Event event, long offset, Cursor place, long at) {
    if (place.epoch().equals(event.epoch())) {
      return offset;
    }
    return event.at() <= at ? 0 : Long.MAX_VALUE;
  }
}
