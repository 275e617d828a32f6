package io.earshot.server.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Layout;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.earshot.spi.ProgramInfo.LogLine;
import java.util.ArrayDeque;
import java.util.List;

/**
 * Keeps the last lines of the log, for the operator.
 *
 * <p>Thread-safe: guarded by its lock, which is taken for each line of the log.
 */
final class RecentLines extends UnsynchronizedAppenderBase<ILoggingEvent> {
  /** The name of the appender, by which {@link ServerInfo} finds it. */
  static final String NAME = "recent";

  private static final int LINES = 200;

  /** A longer line is cut, in characters. */
  private static final int LENGTH = 500;

  private final Layout<ILoggingEvent> layout;
  private final ArrayDeque<LogLine> lines = new ArrayDeque<>();
  private long count;

  RecentLines(Layout<ILoggingEvent> layout) {
    this.layout = layout;
    setName(NAME);
  }

  @Override
  protected void append(ILoggingEvent event) {
    String text = layout.doLayout(event).stripTrailing();
    String line = text.length() > LENGTH ? text.substring(0, LENGTH) + "\u2026" : text;
    synchronized (this) {
      lines.add(new LogLine(++count, line));
      if (lines.size() > LINES) {
        lines.removeFirst();
      }
    }
  }

  /** The lines after one, the oldest first. */
  synchronized List<LogLine> after(long number) {
    return lines.stream().filter(line -> line.number() > number).toList();
  }
}
