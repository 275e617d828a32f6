package io.earshot.history;

import java.io.IOException;

/** One event loop, as {@link HistoryFolder} gives rooms to it. Called before the loop runs. */
public interface RecoveryTarget {

  /**
   * Adds a room of the previous run, without members.
   *
   * @return how many messages the room still remembers
   */
  int recover(Recovery.Remembered before);

  /** Writes the rooms of this loop to a journal from now on. */
  void begin(Journal log) throws IOException;

  /** How many bytes of messages the rooms of this loop remember. */
  long historyBytes();
}
