package io.earshot.bench.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The processes that the bench has started. They end with the bench.
 *
 * <p>Thread-safe: a concurrent set. On Ctrl-C the JVM's shutdown thread closes it.
 */
public final class ChildProcesses implements AutoCloseable {
  private static final int STOP_SECONDS = 5;
  private static final int TOOL_MINUTES = 10;
  private static final int SHOWN_LINES = 3;

  private final Set<Process> running = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Starts a process whose output goes to a file. */
  public Process start(List<String> command, Path folder, Path log) throws IOException {
    if (closed) {
      throw new IOException("the bench is stopping");
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
   * @param name the name of the tool in errors
   * @return its output
   * @throws UnavailableException if it is not installed, or fails
   */
  String run(String name, List<String> command, Path folder, Path log)
      throws UnavailableException, InterruptedException {
    try {
      Process process = start(command, folder, log);
      try {
        if (!process.waitFor(TOOL_MINUTES, TimeUnit.MINUTES)) {
          throw new UnavailableException(
              name + " did not end in " + TOOL_MINUTES + " minutes; see " + log);
        }
      } finally {
        stop(process);
      }
      if (process.exitValue() != 0) {
        throw new UnavailableException(
            name + " failed (" + process.exitValue() + "): " + lastLines(log) + "; see " + log);
      }
      return Files.readString(log);
    } catch (IOException e) {
      throw new UnavailableException(name + " cannot be run: " + e.getMessage());
    }
  }

  /** The last lines of a log, in one line. */
  public static String lastLines(Path log) {
    try {
      List<String> lines = Files.readAllLines(log).stream().filter(l -> !l.isBlank()).toList();
      return String.join(
          " / ", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
    } catch (IOException e) {
      return "(" + e.getMessage() + ")";
    }
  }

  /** Ends a process and its descendants. */
  public void stop(Process process) {
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
