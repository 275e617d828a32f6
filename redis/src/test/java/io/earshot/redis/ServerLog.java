package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

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
 * What one process has written, for who waits until it has written something.
 *
 * <p>Thread-safe: by its lock.
 */
final class ServerLog {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<String> lines = new ArrayList<>();
  private boolean ended;

  /** Reads until the end, on a thread of the system's: reading from a pipe holds a carrier. */
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
      // It was killed, and the pipe closed, while a line was read.
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

  /** How many lines there are, for who waits for what comes after them. */
  int mark() {
    lock.lock();
    try {
      return lines.size();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is a line with this in it, not counting those before the mark. */
  void await(String part, int mark, Duration patience) throws InterruptedException {
    await(part, lines -> lines.stream().skip(mark).anyMatch(has(part)), patience);
  }

  /** Waits until there are that many lines with this in them. */
  void awaitAll(String part, int count, Duration patience) throws InterruptedException {
    await(part, lines -> lines.stream().filter(has(part)).count() >= count, patience);
  }

  /** Waits until the last of the lines with the one in them has the other in it as well. */
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
    long left = patience.toNanos();
    lock.lock();
    try {
      while (!condition.test(lines)) {
        if (ended || left <= 0) {
          throw new AssertionError(
              "no \""
                  + what
                  + "\" "
                  + (ended ? "before its end" : "within " + patience)
                  + ":\n"
                  + String.join("\n", lines));
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }
}
