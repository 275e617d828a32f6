package io.earshot.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The processes that the bench has started, and that end with it.
 *
 * <p>Thread-safe: a concurrent set; Ctrl-C closes it from a thread of its own.
 */
final class Children implements AutoCloseable {
  private static final int STOP_SECONDS = 5;
  private static final int TOOL_MINUTES = 10;
  private static final int SHOWN_LINES = 3;

  private final Set<Process> running = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Starts a process; what it says goes to a file. */
  Process start(List<String> command, Path folder, Path log) throws IOException {
    if (closed) {
      throw new IOException("the bench is being stopped");
    }
    Files.createDirectories(log.toAbsolutePath().getParent());
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(log.toFile())
            .start();
    running.add(process);
    if (closed) {
      stop(process);
    }
    return process;
  }

  /**
   * Runs a tool until it ends.
   *
   * @param name what it is called when it fails
   * @return what it said
   * @throws Unavailable if it is not here, or fails
   */
  String run(String name, List<String> command, Path folder, Path log)
      throws Unavailable, InterruptedException {
    try {
      Process process = start(command, folder, log);
      try {
        if (!process.waitFor(TOOL_MINUTES, TimeUnit.MINUTES)) {
          throw new Unavailable(name + " did not end in " + TOOL_MINUTES + " minutes; see " + log);
        }
      } finally {
        stop(process);
      }
      if (process.exitValue() != 0) {
        throw new Unavailable(
            name + " failed (" + process.exitValue() + "): " + lastLines(log) + "; see " + log);
      }
      return Files.readString(log);
    } catch (IOException e) {
      throw new Unavailable(name + " cannot be run: " + e.getMessage());
    }
  }

  /** The end of what a process said, in one line. */
  static String lastLines(Path log) {
    try {
      List<String> lines = Files.readAllLines(log).stream().filter(l -> !l.isBlank()).toList();
      return String.join(
          " / ", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
    } catch (IOException e) {
      return "(" + e.getMessage() + ")";
    }
  }

  /** Ends one of them, and what it has started in turn. */
  void stop(Process process) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroy);
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        all.forEach(ProcessHandle::destroyForcibly);
        process.waitFor(STOP_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException _) {
      all.forEach(ProcessHandle::destroyForcibly);
      Thread.currentThread().interrupt();
    }
    running.remove(process);
  }

  @Override
  public void close() {
    closed = true;
    running.forEach(this::stop);
  }
}
