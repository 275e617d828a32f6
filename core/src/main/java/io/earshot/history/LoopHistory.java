package io.earshot.history;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The common state of the histories of one event loop's rooms: the limit on their bytes, and the
 * {@link Journal} that keeps them across restarts.
 *
 * <p>Owned by that event loop.
 */
public final class LoopHistory {
  private final long limit;
  private final Runnable changed;
  private long bytes;
  private long messages;

  /** Null if no setting asks for files. */
  private @Nullable Journal journal;

  /**
   * Histories without messages, and without a journal.
   *
   * @param limit the most bytes of messages that the rooms of the loop may remember together
   * @param changed runs after each change of the number of bytes
   */
  public LoopHistory(long limit, Runnable changed) {
    this.limit = limit;
    this.changed = changed;
  }

  /** Writes the rooms to a journal from now on, beginning with those that were recovered. */
  public void begin(Journal log, Iterable<RoomLog> recovered) throws IOException {
    log.begin(recovered);
    journal = log;
  }

  /** Counts a message that a room appended, and writes it to the journal. */
  void appended(RoomLog room, long at) {
    messages++;
    if (journal != null) {
      journal.append(room, at);
    }
  }

  void dropped(RoomLog room) {
    if (journal != null) {
      journal.drop(room);
    }
  }

  /** Changes the number of bytes; less than 0 for fewer. */
  void add(int change) {
    bytes += change;
    changed.run();
  }

  /** How many bytes of messages the rooms remember. */
  public long bytes() {
    return bytes;
  }

  /** How many more bytes the rooms may remember; less than 0 if they remember too many. */
  public long spare() {
    return limit - bytes;
  }

  /** How many messages the rooms have delivered since the start of the server. */
  public long messages() {
    return messages;
  }
}
