package io.earshot.client;

import static io.earshot.client.MessageFields.number;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import java.util.concurrent.SubmissionPublisher;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of one room or inbox: up to which position the client has received them, and who
 * subscribes to them.
 *
 * <p>Guarded by the lock of the {@link Connection}. Subscribers receive the events on virtual
 * threads.
 */
final class RoomEvents {

  /** How many events wait for one subscriber. More than these become a gap. */
  private static final int BUFFER = 1024;

  private final SubmissionPublisher<Event> publisher =
      new SubmissionPublisher<>(Threads.PER_TASK, BUFFER);

  /** How many earlier messages the program asks for when the client enters the room. */
  final int history;

  /** Whether the server delivers the messages over the current transport. */
  boolean isLive;

  /** The last position that the client has received; null before the first answer. */
  private @Nullable Cursor cursor;

  /** The earlier messages that are still to come; null for none. */
  private @Nullable Earlier earlier;

  /**
   * Earlier messages.
   *
   * @param left how many are still to come
   * @param end the position at which the client enters
   * @param isBack whether the client was in the room before
   */
  private record Earlier(long left, Cursor end, boolean isBack) {}

  /** The offsets of the first and the last event that a full buffer refused; 0 if none did. */
  private long gapFrom;

  private long gapTo;

  RoomEvents(Start start) {
    this.cursor = start.after();
    this.history = start.history();
  }

  // --- positions -------------------------------------------------------------------------------

  /** The server delivers the messages from now on, the missed ones first. */
  void begin(Json.Obj answer) {
    if (isLive) {
      return; // by another request, which has told where
    }
    isLive = true;
    boolean isRecovered = Json.of(true).equals(answer.get("recovered"));
    boolean isBack = cursor != null;
    Cursor end = MessageFields.cursor(answer);
    earlier = null;
    if (!isRecovered && end != null) {
      long left = number(answer, "history");
      if (left > 0) {
        earlier = new Earlier(left, end, isBack);
      }
      // With earlier messages, the position is that of the last one that has come.
      cursor = left > 0 ? null : end;
    }
    if (isBack) {
      publish(new Event.Resumed(isRecovered));
    }
  }

  /**
   * A message or an announcement has come.
   *
   * @return the event; null if the client has received it before, or has sent the message
   */
  @Nullable Event received(Json.Obj said, boolean isOwn, @Nullable Mapper mapper) {
    Cursor at = MessageFields.cursor(said);
    Json message = said.get("message");
    if (!isLive || at == null || message == null) {
      return null;
    }
    Cursor last = cursor;
    if (last != null && last.epoch().equals(at.epoch()) && at.offset() <= last.offset()) {
      return null;
    }
    boolean mayBeOwn = advance(at);
    Event event = MessageFields.event(said, message, at, mapper);
    return isOwn && !mayBeOwn && event instanceof Event.Message ? null : event;
  }

  /** Returns whether a message at this position may be an own one that the client has not seen. */
  private boolean advance(Cursor at) {
    Earlier now = earlier;
    cursor = at;
    if (now == null) {
      return false;
    }
    boolean isLast = now.left == 1;
    earlier = isLast ? null : new Earlier(now.left - 1, now.end, now.isBack);
    cursor = isLast ? now.end : at;
    return !now.isBack;
  }

  /** The position after which to enter the room; null if there is none. */
  @Nullable Cursor cursor() {
    return cursor;
  }

  /** The position after which a resumed session goes on; null if the client knows none. */
  @Nullable Cursor known() {
    return cursor == null && earlier != null ? earlier.end : cursor;
  }

  /** Forgets the position, which is that of another room. */
  void restart() {
    cursor = null;
    earlier = null;
    isLive = false;
  }

  // --- subscribers -----------------------------------------------------------------------------

  SubmissionPublisher<Event> publisher() {
    return publisher;
  }

  Subscription subscribe(Consumer<Event> handler) {
    var subscription = new Subscription(handler);
    publisher.subscribe(subscription);
    return subscription;
  }

  /** Publishes an event. One that a full buffer refuses becomes a gap for all subscribers. */
  void publish(Event event) {
    long offset = cursor == null ? 0 : cursor.offset();
    if (gapTo > 0 && offer(new Event.Gap(gapFrom, gapTo))) {
      gapTo = 0;
    }
    if (!offer(event)) {
      gapFrom = gapTo == 0 ? offset : gapFrom;
      gapTo = Math.max(1, offset);
    }
  }

  /** Publishes a signal; one that a full buffer refuses is lost without a gap. */
  void signal(Event.Signal signal) {
    var unused = offer(signal);
  }

  private boolean offer(Event event) {
    return publisher.offer(event, (subscriber, dropped) -> false) >= 0;
  }

  void close() {
    publisher.close();
  }
}
