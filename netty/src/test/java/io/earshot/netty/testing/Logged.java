package io.earshot.netty.testing;

import io.earshot.testing.Await;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * Records the log lines of a class, while it is open.
 *
 * <p>Thread-safe: by its list.
 */
public final class Logged extends Handler implements AutoCloseable {
  private final Logger logger;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  public Logged(Class<?> whose) {
    this.logger = Logger.getLogger(whose.getName());
    logger.addHandler(this);
  }

  public List<String> lines() {
    return List.copyOf(lines);
  }

  public void await(String line) {
    Await.until("the log has: " + line, () -> lines.contains(line));
  }

  @Override
  public void publish(LogRecord event) {
    lines.add(new SimpleFormatter().formatMessage(event));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
