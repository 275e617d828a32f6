package io.earshot.history;

/**
 * How many bytes the rooms of one event loop remember, and may.
 *
 * <p>Owned by that event loop.
 */
public final class HistoryBudget {
  private final long most;
  private final Runnable changed;
  private long bytes;

  /**
   * Nothing is remembered yet.
   *
   * @param changed run when more or less is
   */
  public HistoryBudget(long most, Runnable changed) {
    this.most = most;
    this.changed = changed;
  }

  /** So many bytes more, or fewer, are remembered. */
  void remembered(int more) {
    bytes += more;
    changed.run();
  }

  public long bytes() {
    return bytes;
  }

  /** How many bytes more may be remembered. */
  public long spare() {
    return most - bytes;
  }
}
