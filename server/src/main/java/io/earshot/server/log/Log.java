package io.earshot.server.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;
import io.earshot.Config;
import java.time.Duration;
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

  /** The start of the log takes a tenth of a second; longer than this it takes in no case. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The thread that starts the log; null if the first logger starts it. */
  private static volatile @Nullable Thread starting;

  /** Called by Logback. */
  public Log() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (System.getProperty("logback.configurationFile") != null) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    // Otherwise Logback prints what it did, which takes the rules of the time zone to be read.
    context.getStatusManager().add(new NopStatusListener());
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
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /**
   * Starts the log on a thread of its own, while the caller reads the settings: the log needs all
   * jars of the class path opened. Only {@link #use} and {@link #end} wait for it, so nothing may
   * be logged before one of them. If the log cannot start, the thread prints why, and the next
   * logger that is made fails.
   */
  public static void begin() {
    starting =
        Thread.ofPlatform().daemon().name("log").start(() -> System.getLogger(Log.class.getName()));
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
    StderrQueue queue = queue();
    if (queue != null) {
      queue.stop();
    }
  }

  /** A logger that is made while another thread starts the log would be a substitute. */
  private static void awaitStart() {
    Thread thread = starting;
    if (thread == null) {
      return;
    }
    try {
      var _ = thread.join(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static @Nullable StderrQueue queue() {
    awaitStart();
    return LoggerFactory.getILoggerFactory() instanceof LoggerContext context
            && context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(StderrQueue.NAME)
                instanceof StderrQueue queue
        ? queue
        : null;
  }
}
