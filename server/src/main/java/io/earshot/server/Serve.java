package io.earshot.server;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.BindException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A server, with the actions that it was given to serve.
 *
 * <p>Immutable; what it holds is thread-safe.
 *
 * @param server the server
 * @param actions where actions come from, or null if no folder was named
 */
record Serve(EarshotServer server, @Nullable ActionFolder actions) implements AutoCloseable {
  private static final String BIND = "--bind ADDRESS";

  /**
   * Starts a server and never returns: a signal (Ctrl-C, SIGTERM) says goodbye to all clients and
   * ends the process with status 0.
   *
   * @throws StartException if it cannot listen; the message says what to change
   * @throws SettingsException if its folder of actions is none
   * @throws InterruptedException if this thread is not wanted any more; the server is closed
   */
  static void forever(Config config, PrintWriter out)
      throws SettingsException, StartException, InterruptedException {
    try (Serve serve = start(config)) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(serve, out), "stop"));
      // Since the JVM began: the process may have been the launcher before, and have built first.
      long now = System.currentTimeMillis();
      var took = Duration.ofMillis(now - ManagementFactory.getRuntimeMXBean().getStartTime());
      long pid = ProcessHandle.current().pid();
      EarshotServer server = serve.server();
      out.print(Banner.of(config, pid, took, server.tcpPort(), server.httpPort()));
      out.flush();
      new CountDownLatch(1).await();
    }
  }

  /**
   * Starts a server. Its actions are there before its doors open.
   *
   * @throws StartException if it cannot listen, or not compile; the message says what to change
   * @throws SettingsException if its folder of actions is none
   */
  static Serve start(Config config) throws SettingsException, StartException {
    ActionFolder actions = ActionFolder.of(config);
    try {
      return new Serve(EarshotServer.start(config, api -> supply(api, actions)), actions);
    } catch (BindException e) {
      close(actions);
      String why = String.valueOf(e.getMessage());
      String remedy = isUnresolved(e) ? BIND : remedy(config, why);
      throw new StartException(why + "; choose another with " + remedy, e);
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

  private static void supply(Api api, @Nullable ActionFolder actions) {
    PlugIns.addTo(api, Serve.class.getClassLoader());
    if (actions != null) {
      actions.supply(api);
    }
  }

  /** Says goodbye to all clients, and ends. */
  @Override
  public void close() {
    server.close();
    close(actions);
  }

  /** Whether the address to listen on is a name that nobody knows. */
  private static boolean isUnresolved(BindException e) {
    return e.getCause() instanceof UnknownHostException
        || e.getCause() instanceof UnresolvedAddressException;
  }

  /** The option that helps against this message, which names the port that it is about. */
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

  private static void stop(Serve serve, PrintWriter out) {
    out.println("Earshot is stopping.");
    try {
      serve.close();
      out.println("Earshot has stopped.");
    } finally {
      // Not exit(): that would wait for this very hook, and a signal would make the status 143.
      Runtime.getRuntime().halt(0);
    }
  }
}
