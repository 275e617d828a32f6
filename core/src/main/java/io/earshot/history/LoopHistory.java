package io.earshot.history;

import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.earshot.stats.LoopStats;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The common state of the histories of one event loop's rooms: the limit on their bytes, and the
 * {@link Journal} that keeps them across restarts. Beyond the limit, messages of the room that was
 * silent for the longest time are forgotten first.
 *
 * <p>Owned by that event loop.
 */
public final class LoopHistory {
  private final long limit;
  private final LoopStats stats;
  private final Runnable changed;
  private long bytes;

  /** The histories with messages, as a list by their newest message; null for none. */
  private @Nullable History first;

  private @Nullable History last;

  /** Null if no setting asks for files. */
  private @Nullable Journal journal;

  /**
   * Histories without messages, and without a journal.
   *
   * @param limit the most bytes of messages that the rooms of the loop may remember together
   * @param stats counts the messages
   * @param changed runs after each change of the number of bytes
   */
  public LoopHistory(long limit, LoopStats stats, Runnable changed) {
    this.limit = limit;
    this.stats = stats;
    this.changed = changed;
  }

  /** Writes the rooms to a journal from now on, beginning with those that were recovered. */
  public void begin(Journal log, Iterable<RoomLog> recovered) throws IOException {
    log.begin(recovered);
    journal = log;
  }

  /**
   * Begins the journal anew if it could not be written, and can be now. Called every while.
   *
   * @param rooms the rooms of the loop
   * @param loop runs tasks on the loop
   */
  public void resume(Supplier<List<RoomLog>> rooms, Executor loop) {
    if (journal != null) {
      journal.resume(rooms, loop);
    }
  }

  /** Counts a message that a room appended, and writes it to the journal. */
  void appended(RoomLog room, History.Entry entry) {
    stats.add(Counter.MESSAGES, 1);
    if (journal != null) {
      journal.append(room, entry);
    }
  }

  void dropped(RoomLog room) {
    if (journal != null) {
      journal.drop(room);
    }
  }

  /**
   * Counts a message that was added to a history, and forgets messages beyond the limit.
   *
   * @param change by how many bytes the history grew; less than 0 if it shrank
   */
  void added(History history, int change) {
    if (history.size() == 0) { // the message alone is beyond the bounds of its room
      unlink(history);
    } else if (last != history) {
      unlink(history);
      history.before = last;
      if (last == null) {
        first = history;
      } else {
        last.after = history;
      }
      last = history;
    }
    bytes += change;
    for (History oldest = first; bytes > limit && oldest != null; oldest = first) {
      bytes -= oldest.forgetOldest();
      if (oldest.size() == 0) {
        unlink(oldest);
      }
    }
    bytesChanged();
  }

  /**
   * Counts messages that were forgotten.
   *
   * @param freed how many bytes they had
   */
  void forgot(History history, int freed) {
    bytes -= freed;
    if (history.size() == 0) {
      unlink(history);
    }
    bytesChanged();
  }

  /** Removes a history that no room has any more. */
  void remove(History history) {
    bytes -= history.bytes();
    unlink(history);
    bytesChanged();
  }

  private void bytesChanged() {
    stats.set(Gauge.HISTORY_BYTES, bytes);
    changed.run();
  }

  private void unlink(History history) {
    History before = history.before;
    History after = history.after;
    if (first == history) {
      first = after;
    }
    if (last == history) {
      last = before;
    }
    if (before != null) {
      before.after = after;
    }
    if (after != null) {
      after.before = before;
    }
    history.before = null;
    history.after = null;
  }

  /** How many bytes of messages the rooms remember. */
  public long bytes() {
    return bytes;
  }

  /** How many more bytes the rooms may remember; less than 0 if they remember too many. */
  public long spare() {
    return limit - bytes;
  }
}
