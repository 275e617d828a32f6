package io.earshot.events;

import io.earshot.protocol.Json;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A live stream of the events of one room, user or connection, for a bounded time. Events wait in a
 * bounded buffer until its reader takes them; those beyond it are counted and dropped.
 *
 * <p>Thread-safe: guarded by its lock. Event loops add events, and the reader's thread takes them.
 */
public final class Trace {
  /** How many events may wait for the reader. */
  static final int MOST_WAITING = 1_000;

  private final Subject subject;
  private final long wallOffset;
  private final Queue<Event> waiting = new ArrayDeque<>();

  /** The rooms of which the subject receives messages, if it is no room. */
  private final Set<String> rooms = new HashSet<>();

  private long dropped;
  private boolean hasEnded;

  /** Runs when there is something to take; null while nobody reads. */
  private @Nullable Runnable reader;

  /**
   * What a trace is about: one of the three is not null.
   *
   * @param room the name of a room
   * @param user the id of a user
   * @param connection the id of a connection
   */
  public record Subject(@Nullable String room, @Nullable String user, @Nullable String connection) {
    boolean is(Event event) {
      return room != null
          ? room.equals(event.room())
          : user != null ? user.equals(event.user()) : event.connection().equals(connection);
    }
  }

  /**
   * A trace without events.
   *
   * @param wallOffset what to add to the time of an event for milliseconds since 1970
   */
  public Trace(Subject subject, long wallOffset) {
    this.subject = subject;
    this.wallOffset = wallOffset;
  }

  /** What it is about. */
  public Subject subject() {
    return subject;
  }

  /** The subject is subscribed to a room, since before the trace began. */
  public synchronized void watch(String room) {
    rooms.add(room);
  }

  /** Adds an event, if it is about the subject. Called on any event loop. */
  void offer(Event event) {
    Runnable told;
    synchronized (this) {
      if (hasEnded || !isOfInterest(event)) {
        return;
      }
      if (waiting.size() == MOST_WAITING) {
        dropped++;
        return;
      }
      waiting.add(event);
      told = waiting.size() == 1 ? reader : null;
    }
    if (told != null) {
      told.run();
    }
  }

  private boolean isOfInterest(Event event) {
    if (subject.is(event)) {
      String room = event.room();
      if (room != null && event.kind() == EventKind.SUBSCRIBED) {
        rooms.add(room);
      } else if (room != null && event.kind() == EventKind.UNSUBSCRIBED) {
        rooms.remove(room);
      }
      return true;
    }
    return event.kind() == EventKind.MESSAGE && rooms.contains(event.room());
  }

  /**
   * Ends the trace; its reader takes what waits, and then the end.
   *
   * @return false if it has ended already
   */
  public boolean end() {
    Runnable told;
    synchronized (this) {
      if (hasEnded) {
        return false;
      }
      hasEnded = true;
      told = reader;
    }
    if (told != null) {
      told.run();
    }
    return true;
  }

  /** Whether it has ended. */
  public synchronized boolean hasEnded() {
    return hasEnded;
  }

  /**
   * Sets the reader, unless there is one.
   *
   * @param told runs on any thread when {@link #take} has something to give; must not block
   * @return whether it is the reader now
   */
  public boolean read(Runnable told) {
    synchronized (this) {
      if (reader != null) {
        return false;
      }
      reader = told;
    }
    told.run();
    return true;
  }

  /** A reader reads no more. */
  public synchronized void release(Runnable told) {
    if (reader == told) {
      reader = null;
    }
  }

  /**
   * Takes what waits.
   *
   * @param next receives each event as JSON
   * @return whether the trace has ended, so that nothing follows
   */
  public boolean take(Consumer<Json.Obj> next) {
    List<Event> taken;
    long lost;
    boolean isOver;
    synchronized (this) {
      taken = List.copyOf(waiting);
      waiting.clear();
      lost = dropped;
      dropped = 0;
      isOver = hasEnded;
    }
    taken.forEach(event -> next.accept(event.toJson(wallOffset)));
    if (lost > 0) {
      next.accept(note("dropped", lost));
    }
    return isOver;
  }

  private static Json.Obj note(String event, long count) {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("event", Json.of(event));
    fields.put("count", Json.of(count));
    return new Json.Obj(fields);
  }
}
