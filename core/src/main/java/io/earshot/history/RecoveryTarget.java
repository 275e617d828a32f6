package io.earshot.history;

import java.io.IOException;

/** Where rooms live that were remembered in files: one event loop. Called before it runs. */
public interface RecoveryTarget {

  /**
   * Takes a room over from the run before, as one that nobody is in.
   *
   * @return how many messages it still remembers
   */
  int recover(Recovery.Remembered before);

  /** Keeps a log of its rooms from now on. */
  void begin(Journal log) throws IOException;

  /** How many bytes its rooms remember. */
  long historyBytes();
}
