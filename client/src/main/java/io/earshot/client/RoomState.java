package io.earshot.client;

import io.earshot.protocol.Cursor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SubmissionPublisher;
import org.jspecify.annotations.Nullable;

/**
 * The state of one room at a client.
 *
 * <p>Guarded by the lock of its {@link Connection}. Subscribers receive the events on virtual
 * threads.
 */
final class RoomState {

  /** How many events wait for one subscriber. More than these become a gap. */
  private static final int BUFFER = 1024;

  final String name;
  final boolean isHome;
  final SubmissionPublisher<Event> events = new SubmissionPublisher<>(Futures.THREADS, BUFFER);

  /** Joins and listens that are completed when the server delivers the room's messages. */
  final List<CompletableFuture<Room>> entering = new ArrayList<>();

  /** Whether the program wants the client to be a member. */
  boolean isMember;

  /** Whether the program wants the client to listen. False for a member. */
  boolean isListener;

  /** Whether the server delivers the room's messages over the current transport. */
  boolean isLive;

  /** Why the program's token source failed the last time; null if it did not. */
  @Nullable RuntimeException tokenFailure;

  /** Whether the client will enter the room again later, since there was no token. */
  boolean isRetryScheduled;

  /** The last position that the client has received; null before the first answer. */
  @Nullable Cursor cursor;

  /** The offsets of the first and the last event that a full buffer refused; 0 if none did. */
  private long gapFrom;

  private long gapTo;

  RoomState(String name, boolean isHome) {
    this.name = name;
    this.isHome = isHome;
  }

  /** Whether the program wants the room's messages. */
  boolean isWanted() {
    return isMember || isListener;
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

  private boolean offer(Event event) {
    return events.offer(event, (_, _) -> false) >= 0;
  }
}
