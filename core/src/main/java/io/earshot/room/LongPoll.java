package io.earshot.room;

import io.earshot.protocol.Excerpt;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who waits for what a room tells next, without being in it: a long poll.
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
   * Somebody who waits.
   *
   * @param until until when at most
   * @param number its own on its loop
   * @param recovered what they are to be told of the cursor that they gave
   * @param answer what they wait for; done, whether by us or by them, they wait no longer
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

  @Nullable Boolean recovered() {
    return recovered;
  }

  void tell(Excerpt excerpt) {
    answer.complete(excerpt);
  }

  /** Their time is over. */
  void tellNothing() {
    tell(room.nothing(recovered));
  }
}
