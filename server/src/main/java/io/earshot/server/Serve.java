package io.earshot.server;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.config.SettingFileException;
import io.earshot.netty.EarshotServer;
import io.earshot.server.actions.ActionFolder;
import io.earshot.server.actions.PlugIns;
import io.earshot.server.log.Log;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A running server with its actions folder.
 *
 * <p>Immutable; server and folder are thread-safe.
 *
 * @param server the server
 * @param actions the actions folder, or null if the settings name none
 */
record Serve(EarshotServer server, @Nullable ActionFolder actions) implements AutoCloseable {
  private static final String BIND = "--bind ADDRESS";
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  /** How much longer than its time limits a stop may take before systemd ends the process. */
  private static final Duration GRACE = Duration.ofSeconds(15);

  /**
   * Starts a server and never returns. A signal (Ctrl-C, SIGTERM) closes all connections with a
   * close frame or a last line, and ends the process with status 0.
   *
   * @param beside what has been started beside the settings
   * @throws StartException if the server cannot start; the message says what to change
   * @throws SettingsException if the actions folder does not exist
   */
  static void forever(Config config, Beside beside, PrintWriter out, ServiceManager manager)
      throws SettingsException, StartException {
    try (Serve serve = start(config)) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(serve, out, manager), "stop"));
      Duration took = beside.jvmRuns();
      long pid = ProcessHandle.current().pid();
      EarshotServer server = serve.server();
      print(
          out,
          Banner.of(
              config, pid, took, server.tcpPort(), server.httpPort(), server.managementPort()));
      manager.ready();
      server.drained().join(); // which a signal, or the admin API, begins
      System.exit(0); // does not return: the hook above ends the process
    }
  }

  /**
   * Starts a server. Its actions are added before its ports open.
   *
   * @throws StartException if the server cannot listen, or cannot compile its actions; the message
   *     says what to change
   * @throws SettingsException if a file or folder of the settings cannot be used
   */
  static Serve start(Config config) throws SettingsException, StartException {
    // Only a folder needs the compiler, and a logger, which would wait for the jars.
    ActionFolder actions =
        config.general().actionsFolder().isEmpty() ? null : ActionFolder.of(config);
    try {
      return new Serve(EarshotServer.start(config, api -> addActions(api, actions)), actions);
    } catch (BindException e) {
      close(actions);
      String why = String.valueOf(e.getMessage());
      String remedy = isUnresolved(e) ? BIND : remedy(config, why);
      throw new StartException(why + "; choose another with " + remedy, e);
    } catch (SettingFileException e) {
      close(actions);
      throw new SettingsException(String.valueOf(e.getMessage()));
    } catch (IllegalArgumentException e) { // a setting, as the start of a server says
      close(actions);
      throw new SettingsException(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      close(actions);
      throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
  }

  private static void close(@Nullable ActionFolder actions) {
    if (actions != null) {
      actions.close();
    }
  }

  private static void addActions(Api api, @Nullable ActionFolder actions) {
    PlugIns.addTo(api, Serve.class.getClassLoader());
    if (actions != null) {
      actions.addTo(api);
    }
  }

  /** Closes all connections, and then the server. Blocks. */
  @Override
  public void close() {
    server.close();
    close(actions);
  }

  /** Whether the address to listen on is a host name that cannot be resolved. */
  private static boolean isUnresolved(BindException e) {
    return e.getCause() instanceof UnknownHostException
        || e.getCause() instanceof UnresolvedAddressException;
  }

  /** The option that changes the address or port in the message of an exception. */
  static String remedy(Config config, String why) {
    if (why.contains("assign")) {
      return BIND;
    }
    boolean tcp = config.tcpServer().enabled() && names(why, config.tcpServer().port());
    boolean http = config.httpServer().enabled() && names(why, config.httpServer().port());
    if (tcp == http) {
      return "--tcp PORT or --http PORT";
    }
    return tcp ? "--tcp PORT" : "--http PORT";
  }

  private static boolean names(String why, int port) {
    return Pattern.compile("(?<!\\d)" + port + "(?!\\d)").matcher(why).find();
  }

  /**
   * Prints a text, but waits for no more than a second: stdout may be a full pipe that nobody
   * reads.
   */
  static void print(PrintWriter out, String text) {
    Thread printing =
        Thread.ofPlatform()
            .daemon()
            .name("stdout")
            .start(
                () -> {
                  out.print(text);
                  out.flush();
                });
    try {
      var _ = printing.join(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns when no client is left, which the time limits of the drain make sure of. */
  private static void drain(EarshotServer server, ServiceManager manager) {
    Duration most = server.config().general().shutdownTimeout().plus(GRACE);
    CompletableFuture<@Nullable Void> drained = server.drain();
    do {
      manager.stopping(most); // again and again: the admin API may have begun a longer drain
      drained.copy().completeOnTimeout(null, 5, TimeUnit.SECONDS).join();
    } while (!drained.isDone());
  }

  private static void stop(Serve serve, PrintWriter out, ServiceManager manager) {
    print(out, String.format("Earshot is stopping.%n"));
    try {
      drain(serve.server(), manager);
      serve.close();
      print(out, String.format("Earshot has stopped.%n"));
    } finally {
      Log.end();
      // exit() would wait for this very hook, and after a signal the status would be 143.
      Runtime.getRuntime().halt(0);
    }
  }
}
