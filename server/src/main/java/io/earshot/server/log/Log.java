package io.earshot.server.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import io.earshot.Config;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Sets up the log on stderr: warnings and errors of all libraries, and Earshot's own lines from
 * INFO up. The JVM's option {@code -Dlogback.configurationFile=FILE} replaces this set-up.
 *
 * <p>Public, with a public constructor, only because Logback creates it.
 */
public final class Log extends ContextAwareBase implements Configurator {
  private static final String STDERR = "stderr";
  private static final String REPLACED = "logback.configurationFile";
  private static final String PROVIDER = "slf4j.provider";
  private static final String VERBOSITY = "slf4j.internal.verbosity";

  /** Whether there are lines to write at the end; most commands log nothing. */
  private static volatile boolean isSetUp;

  /** Called by Logback. */
  public Log() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (System.getProperty(REPLACED) != null) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    setUp(context);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  static void setUp(LoggerContext context) {
    var layout = new LogLine();
    layout.setContext(context);
    layout.start();
    var form = new LineForm(layout);
    form.setContext(context);
    form.start();
    var stderr = new ConsoleAppender<ILoggingEvent>();
    stderr.setName(STDERR);
    stderr.setContext(context);
    stderr.setTarget("System.err");
    stderr.setEncoder(form);
    stderr.start();
    var queue = new StderrQueue();
    queue.setContext(context);
    queue.addAppender(stderr);
    queue.start();
    Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    root.addAppender(queue);
    var recent = new RecentLines(layout);
    recent.setContext(context);
    recent.start();
    root.addAppender(recent);
    context.getLogger("io.earshot").setLevel(Level.INFO);
    isSetUp = true;
  }

  /**
   * Starts the log, unless a logger has started it. Without this call the first logger does, which
   * takes longer: see {@link LogProvider}.
   */
  public static void begin() {
    if (System.getProperty(REPLACED) == null && System.getProperty(PROVIDER) == null) {
      System.setProperty(PROVIDER, LogProvider.class.getName());
      if (System.getProperty(VERBOSITY) == null) {
        System.setProperty(VERBOSITY, "WARN"); // otherwise SLF4J prints the name of the provider
      }
    }
    var _ = LoggerFactory.getILoggerFactory();
  }

  /**
   * Gives the lines the form of the settings. Without effect if another set-up replaces this one.
   */
  public static void use(Config.Log settings) {
    StderrQueue queue = queue();
    if (queue != null
        && settings.format() == Config.LogFormat.JSON
        && queue.getAppender(STDERR) instanceof ConsoleAppender<ILoggingEvent> stderr
        && stderr.getEncoder() instanceof LineForm form) {
      form.useJson();
    }
  }

  /** Writes the lines that wait, for at most a second; nothing is logged after that. */
  public static void end() {
    StderrQueue queue = isSetUp ? queue() : null;
    if (queue != null) {
      queue.stop();
    }
  }

  private static @Nullable StderrQueue queue() {
    return LoggerFactory.getILoggerFactory() instanceof LoggerContext context
            && context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(StderrQueue.NAME)
                instanceof StderrQueue queue
        ? queue
        : null;
  }
}
