package io.earshot.redis;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * Collects the log lines of the module while a test runs.
 *
 * <p>Thread-safe: a concurrent list.
 */
final class Warnings extends Handler implements AutoCloseable {
  // A strong reference: java.util.logging drops loggers, and their handlers, without one.
  private final Logger logger = Logger.getLogger("io.earshot.redis");
  private final SimpleFormatter formatter = new SimpleFormatter();
  private final List<String> messages = new CopyOnWriteArrayList<>();
  private final List<String> news = new CopyOnWriteArrayList<>();

  Warnings() {
    logger.addHandler(this);
  }

  List<String> messages() {
    return List.copyOf(messages);
  }

  /** The lines below WARNING. */
  List<String> news() {
    return List.copyOf(news);
  }

  @Override
  public void publish(LogRecord line) {
    boolean isWarning = line.getLevel().intValue() >= Level.WARNING.intValue();
    (isWarning ? messages : news).add(formatter.formatMessage(line));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
