package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The output of a process, so that a test can wait for a line.
 *
 * <p>Thread-safe: by its lock.
 */
final class ServerLog {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<String> lines = new ArrayList<>();
  private boolean ended;

  /** Reads until the end on a platform thread: reading from a pipe pins a carrier thread. */
  ServerLog(Process process) {
    var _ = Thread.ofPlatform().daemon().name("redis-log").start(() -> read(process));
  }

  private void read(Process process) {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        add(line, /* last= */ false);
      }
      add("(end)", /* last= */ true);
    } catch (IOException e) {
      // The process was killed, and the pipe closed, while a line was read.
      add("(end: " + e + ")", /* last= */ true);
    }
  }

  private void add(String line, boolean last) {
    lock.lock();
    try {
      lines.add(line);
      ended |= last;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The number of lines, to wait for a line after them. */
  int mark() {
    lock.lock();
    try {
      return lines.size();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until a line after the mark contains a text. */
  void await(String part, int mark, Duration patience) throws InterruptedException {
    await(part, lines -> lines.stream().skip(mark).anyMatch(has(part)), patience);
  }

  /** Waits until so many lines contain a text. */
  void awaitAll(String part, int count, Duration patience) throws InterruptedException {
    await(part, lines -> lines.stream().filter(has(part)).count() >= count, patience);
  }

  /** Waits until the last line that contains one text contains another as well. */
  void awaitLast(String part, String state, Duration patience) throws InterruptedException {
    await(
        part + state,
        lines -> lines.reversed().stream().filter(has(part)).limit(1).anyMatch(has(state)),
        patience);
  }

  private static Predicate<String> has(String part) {
    return line -> line.contains(part);
  }

  private void await(String what, Predicate<List<String>> condition, Duration patience)
      throws InterruptedException {
    if (!Await.signalled(lock, changed, patience, () -> ended || condition.test(lines))
        || !holds(condition)) {
      throw new AssertionError("no \"" + what + "\" " + explanation(patience));
    }
  }

  private boolean holds(Predicate<List<String>> condition) {
    lock.lock();
    try {
      return condition.test(lines);
    } finally {
      lock.unlock();
    }
  }

  private String explanation(Duration patience) {
    lock.lock();
    try {
      return (ended ? "before its end" : "within " + patience) + ":\n" + String.join("\n", lines);
    } finally {
      lock.unlock();
    }
  }
}
