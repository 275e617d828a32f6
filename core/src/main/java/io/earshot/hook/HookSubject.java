package io.earshot.hook;

import io.earshot.Connection;
import java.util.function.Consumer;

/**
 * A connection whose requests hooks decide about. The methods beyond those of {@link Connection}
 * are for the connection's event loop, apart from {@link #tell}.
 */
public interface HookSubject extends Connection {

  /** Whether hooks have not yet answered a question about this connection. */
  boolean isAsking();

  /**
   * Adds a turn; see {@link HookQueue#add}.
   *
   * @param isNews whether the turn is about an event that has happened already
   */
  void inTurn(Consumer<Runnable> turn, boolean isNews);

  /**
   * Adds a turn to a queue of its own, for which no request of the connection waits.
   *
   * @return false if too many turns wait there; then the turn is left out
   */
  boolean aside(Consumer<Runnable> turn);

  /** Runs a task on the connection's loop: at once if the caller is on it. */
  void tell(Runnable task);

  /** Runs a task on the connection's loop after a delay in milliseconds. */
  void schedule(Runnable task, long millis);
}
