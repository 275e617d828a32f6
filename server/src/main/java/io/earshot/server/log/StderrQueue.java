package io.earshot.server.log;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lines of the log on their way to stderr, which a thread of its own writes: whoever logs never
 * waits for the reader of the log. If the reader stops for too long, lines are left out, and a line
 * says how many as soon as it reads again.
 *
 * <p>Thread-safe: a queue, and an atomic number.
 */
final class StderrQueue extends AsyncAppender {
  /** The name of the appender, by which {@link Log} finds it. */
  static final String NAME = "stderr queue";

  private static final int LINES = 4_096;

  /** How long the last lines may take at the end of the process, in milliseconds. */
  private static final int FLUSH_MILLIS = 1_000;

  private final AtomicInteger leftOut = new AtomicInteger();

  StderrQueue() {
    setName(NAME);
    setQueueSize(LINES);
    setDiscardingThreshold(0); // all levels are kept for as long as there is space
    setNeverBlock(true);
    setMaxFlushTime(FLUSH_MILLIS);
  }

  @Override
  protected void append(ILoggingEvent event) {
    if (getRemainingCapacity() == 0) {
      leftOut.incrementAndGet();
      return;
    }
    int missing = getRemainingCapacity() > LINES / 2 ? leftOut.getAndSet(0) : 0;
    if (missing > 0) {
      super.append(notice(missing));
    }
    super.append(event);
  }

  private ILoggingEvent notice(int missing) {
    Logger logger = ((LoggerContext) getContext()).getLogger(Log.class);
    String text = missing + " lines of the log were left out: nobody read it for too long";
    return new LoggingEvent(Log.class.getName(), logger, Level.WARN, text, null, null);
  }
}
