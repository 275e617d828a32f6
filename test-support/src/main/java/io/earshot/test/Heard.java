package io.earshot.test;

import io.earshot.client.Event;
import io.earshot.protocol.Cursor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one client has heard in one room, and of which missing messages it was told.
 *
 * <p>Thread-safe: a lock. The client's threads write, the test's thread reads and waits.
 */
final class Heard {
  /** The longest wait for a message. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** A message, or missing messages of which the client was told. */
  private sealed interface Entry {
    /** A message at a position. */
    record At(Cursor place) implements Entry {}

    /** The messages from one offset to another, which the server has left out. */
    record Gap(long from, long to) implements Entry {}

    /** All messages up to a position, which the server did not have any more. */
    record Lost(@Nullable Cursor upTo) implements Entry {}
  }

  private final List<Entry> entries = new ArrayList<>();
  private final List<Event.Message> messages = new ArrayList<>();
  private final Set<Cursor> own = new HashSet<>();
  private final Set<String> ids = new HashSet<>();
  private @Nullable Cursor start;

  /** The client hears what comes after this position. */
  synchronized void startsAt(@Nullable Cursor at) {
    start = at;
  }

  /** The client has an id, under which the room does not send it messages. */
  synchronized void hasId(String id) {
    ids.add(id);
  }

  /** The client has said a message itself. */
  synchronized void said(Cursor place) {
    own.add(place);
    notifyAll();
  }

  /**
   * Takes an event of the room.
   *
   * @param now the position of the client, asked for only if it has to be known
   */
  synchronized void on(Event event, Supplier<@Nullable Cursor> now) {
    switch (event) {
      case Event.Message message -> {
        messages.add(message);
        entries.add(new Entry.At(message.place()));
      }
      case Event.Gap gap -> entries.add(new Entry.Gap(gap.from(), gap.to()));
      case Event.Resumed resumed -> {
        if (!resumed.recovered()) {
          entries.add(new Entry.Lost(now.get()));
        }
      }
      case Event.Joined joined -> {}
      case Event.Left left -> {}
      case Event.Signal signal -> {}
      case Event.Expelled expelled -> {}
    }
    notifyAll();
  }

  synchronized List<Event.Message> messages() {
    return List.copyOf(messages);
  }

  /** Waits for a message, which may have come before. Null if none comes in time. */
  synchronized Event.@Nullable Message await(Predicate<Event.Message> wanted) {
    await(() -> messages.stream().anyMatch(wanted));
    return messages.stream().filter(wanted).findFirst().orElse(null);
  }

  /**
   * Waits until the client has heard some messages of the server.
   *
   * @param all the messages of the room, in its order
   * @return what is wrong; null if each was heard once and in order, or is known to be missing
   */
  synchronized @Nullable String check(List<RoomHistory.Said> all) {
    await(() -> missing(all) == null);
    String missing = missing(all);
    return missing == null ? disorder() : missing;
  }

  private void await(Supplier<Boolean> condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    try {
      for (long left = PATIENCE.toNanos();
          left > 0 && !condition.get();
          left = end - System.nanoTime()) {
        wait(left / 1_000_000 + 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private @Nullable String missing(List<RoomHistory.Said> all) {
    var heard = new HashSet<>(own);
    entries.forEach(
        entry -> {
          if (entry instanceof Entry.At at) {
            heard.add(at.place());
          }
        });
    for (RoomHistory.Said said : all) {
      if (!heard.contains(said.place())
          && !ids.contains(said.from())
          && isAfterStart(said, all)
          && !isTold(said.place(), all)) {
        return "has not heard " + said.place() + " (" + said.text() + "), and was told of no gap";
      }
    }
    return null;
  }

  private boolean isAfterStart(RoomHistory.Said said, List<RoomHistory.Said> all) {
    return start != null
        && (said.place().epoch().equals(start.epoch())
            ? said.place().offset() > start.offset()
            : epochs(all).indexOf(said.place().epoch()) > epochs(all).indexOf(start.epoch()));
  }

  /** Whether the client was told that a message is missing. */
  private boolean isTold(Cursor place, List<RoomHistory.Said> all) {
    Cursor last = start;
    for (Entry entry : entries) {
      if (entry instanceof Entry.At at) {
        last = at.place();
      } else if (entry instanceof Entry.Gap gap) {
        if (last != null
            && place.epoch().equals(last.epoch())
            && place.offset() >= gap.from()
            && place.offset() <= gap.to()) {
          return true;
        }
      } else if (entry instanceof Entry.Lost lost
          && last != null
          && isAfter(place, last, all)
          && (lost.upTo() == null || !isAfter(place, lost.upTo(), all))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isAfter(Cursor one, Cursor other, List<RoomHistory.Said> all) {
    return one.epoch().equals(other.epoch())
        ? one.offset() > other.offset()
        : epochs(all).indexOf(one.epoch()) > epochs(all).indexOf(other.epoch());
  }

  private static List<String> epochs(List<RoomHistory.Said> all) {
    return all.stream().map(said -> said.place().epoch()).distinct().toList();
  }

  /** What is wrong with the order of what was heard; null if nothing is. */
  private @Nullable String disorder() {
    Cursor last = null;
    for (Entry entry : entries) {
      if (entry instanceof Entry.At at) {
        if (last != null
            && last.epoch().equals(at.place().epoch())
            && at.place().offset() <= last.offset()) {
          return "has heard " + at.place() + " after " + last;
        }
        last = at.place();
      }
    }
    return null;
  }
}
