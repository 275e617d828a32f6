package io.earshot.client;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The threads of all clients of the program, one for each task: virtual ones where Java has them
 * (21 and newer), daemons otherwise. A task may block.
 */
final class Threads {
  /** Starts a thread for each task. */
  static final ExecutorService PER_TASK = perTask();

  private Threads() {}

  private static ExecutorService perTask() {
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      return Executors.newCachedThreadPool(
          task -> {
            var thread = new Thread(task, "earshot client");
            thread.setDaemon(true);
            return thread;
          });
    }
  }
}
