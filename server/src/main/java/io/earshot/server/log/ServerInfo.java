package io.earshot.server.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.earshot.spi.ProgramInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The version of the server, and the last lines of its log.
 *
 * <p>Public, with a public constructor, only because a service loader creates it. Thread-safe: it
 * asks the appender of the log, which is.
 */
public final class ServerInfo implements ProgramInfo {
  private final String version;

  /** Called by the service loader. */
  public ServerInfo() {
    try (InputStream in = ServerInfo.class.getResourceAsStream("/io/earshot/server/version.txt")) {
      version = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("version.txt cannot be read", e);
    }
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public Map<String, String> logLevels() {
    var levels = new TreeMap<String, String>();
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      for (Logger logger : context.getLoggerList()) {
        if (logger.getLevel() != null) {
          levels.put(logger.getName(), logger.getLevel().toString());
        }
      }
    }
    return levels;
  }

  @Override
  public boolean setLogLevel(String logger, @Nullable String level) {
    if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
      return false;
    }
    context.getLogger(logger).setLevel(level == null ? null : Level.valueOf(level));
    return true;
  }

  @Override
  public List<LogLine> logAfter(long number) {
    return LoggerFactory.getILoggerFactory() instanceof LoggerContext context
            && context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(RecentLines.NAME)
                instanceof RecentLines recent
        ? recent.after(number)
        : List.of();
  }
}
