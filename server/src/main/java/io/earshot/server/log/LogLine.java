package io.earshot.server.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * Writes each event as one line: time (UTC), level, class, message. Text from clients is escaped,
 * so it cannot end the line or begin another. A stack trace follows on indented lines.
 *
 * <p>Immutable.
 */
final class LogLine extends LayoutBase<ILoggingEvent> {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);

  @Override
  public String doLayout(ILoggingEvent event) {
    String name = event.getLoggerName();
    var line = new StringBuilder();
    line.append(TIME.format(Instant.ofEpochMilli(event.getTimeStamp())));
    line.append(String.format(" %-5s ", event.getLevel()));
    line.append(OneLine.of(name.substring(name.lastIndexOf('.') + 1))).append(": ");
    line.append(OneLine.of(String.valueOf(event.getFormattedMessage())));
    line.append(System.lineSeparator());
    if (event.getThrowableProxy() != null) {
      String trace = ThrowableProxyUtil.asString(event.getThrowableProxy());
      line.append('\t').append(OneLine.indented(trace)).append(System.lineSeparator());
    }
    return line.toString();
  }
}
