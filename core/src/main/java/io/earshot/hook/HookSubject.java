package io.earshot.hook;

import io.earshot.Connection;
import java.util.function.Consumer;

/** A connection that hooks are asked about. What is no {@link Connection}'s runs on its loop. */
public interface HookSubject extends Connection {

  /** Whether hooks have not answered yet what it asked before. */
  boolean isAsking();

  /**
   * Takes its turn with hooks; see {@link HookRunner#inTurn}.
   *
   * @param isNews whether it is about what has happened already
   */
  void inTurn(Consumer<Runnable> turn, boolean isNews);

  /** Runs a task on its loop: now if that is where the caller is. */
  void tell(Runnable task);

  /** Runs a task on its loop after so many milliseconds. */
  void schedule(Runnable task, long millis);
}
