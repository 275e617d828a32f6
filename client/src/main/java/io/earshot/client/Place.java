package io.earshot.client;

import io.earshot.protocol.Cursor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.SubmissionPublisher;
import org.jspecify.annotations.Nullable;

/**
 * What a client knows of one room.
 *
 * <p>Guarded by the lock of its {@link Conversation}; who hears it is told by the publisher's own
 * threads.
 */
final class Place {
  private static final int UNREAD = 1024;

  final String name;
  final boolean isHome;
  final SubmissionPublisher<Event> events;

  /** Who waits until it is heard. */
  final List<CompletableFuture<Room>> entering = new ArrayList<>();

  /** Whether the client is to be in it. */
  boolean in;

  /** Whether the client is to listen to it. */
  boolean listening;

  /** Whether what comes is heard: not before the answer to whoever came back. */
  boolean live;

  /** Why there was no token for it when it was last asked for one. */
  @Nullable RuntimeException noToken;

  /** Whether it is entered again in a while, since there was no token for it. */
  boolean isPutOff;

  /** Up to where it is known; null before the first answer. */
  @Nullable Cursor known;

  /** The first that some hearer did not get, and the last; 0 if all got all. */
  private long lostFrom;

  private long lostTo;

  Place(String name, boolean isHome, Executor executor) {
    this.name = name;
    this.isHome = isHome;
    this.events = new SubmissionPublisher<>(executor, UNREAD);
  }

  /** Tells an event to who hears the room; what somebody cannot take yet is a gap for all. */
  void tell(Event event) {
    long at = known == null ? 0 : known.offset();
    if (lostTo > 0 && offer(new Event.Gap(lostFrom, lostTo))) {
      lostTo = 0;
    }
    if (!offer(event)) {
      lostFrom = lostTo == 0 ? at : lostFrom;
      lostTo = Math.max(1, at);
    }
  }

  private boolean offer(Event event) {
    return events.offer(event, (_, _) -> false) >= 0;
  }
}
