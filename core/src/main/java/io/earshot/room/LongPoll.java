package io.earshot.room;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A request that waits for the next message of a room, without a member.
 *
 * <p>Immutable; compared by identity, and ordered by {@link LongPolls}.
 */
final class LongPoll {
  private final Room room;
  private final long until;
  private final long number;
  private final @Nullable Boolean recovered;
  private final CompletableFuture<Excerpt> answer;

  /**
   * A request that waits.
   *
   * @param until the time limit, in milliseconds
   * @param number unique on the event loop
   * @param recovered whether the request's cursor was found; part of the answer
   * @param answer completed by the room, the time limit, or the client that went away
   */
  LongPoll(
      Room room,
      long until,
      long number,
      @Nullable Boolean recovered,
      CompletableFuture<Excerpt> answer) {
    this.room = room;
    this.until = until;
    this.number = number;
    this.recovered = recovered;
    this.answer = answer;
  }

  Room room() {
    return room;
  }

  long until() {
    return until;
  }

  long number() {
    return number;
  }

  void answer(byte[] json, Cursor place) {
    answer.complete(new Excerpt(room.name(), List.of(json), place, recovered));
  }

  /** Answers without a message, since the time limit is over. */
  void answerEmpty() {
    answer.complete(new Excerpt(room.name(), List.of(), room.endToGoOnFrom(), recovered));
  }
}
