package io.earshot.server;

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

/** Runs a server for as long as the process lives. */
final class Serve {
  private static final String BIND = "--bind ADDRESS";

  private Serve() {}

  /**
   * Starts a server and never returns: a signal (Ctrl-C, SIGTERM) says goodbye to all clients and
   * ends the process with status 0.
   *
   * @throws StartException if it cannot listen; the message says what to change
   * @throws InterruptedException if this thread is not wanted any more; the server is closed
   */
  static void forever(Config config, PrintWriter out) throws StartException, InterruptedException {
    try (EarshotServer server = start(config)) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, out), "stop"));
      long now = System.currentTimeMillis();
      var took = Duration.ofMillis(now - ManagementFactory.getRuntimeMXBean().getStartTime());
      long pid = ProcessHandle.current().pid();
      out.print(Banner.of(config, pid, took, server.tcpPort(), server.httpPort()));
      out.flush();
      new CountDownLatch(1).await();
    }
  }

  private static EarshotServer start(Config config) throws StartException {
    try {
      return EarshotServer.start(config);
    } catch (BindException e) {
      String why = String.valueOf(e.getMessage());
      String remedy = isUnresolved(e) ? BIND : remedy(config, why);
      throw new StartException(why + "; choose another with " + remedy, e);
    } catch (IOException e) {
      throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
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

  private static void stop(EarshotServer server, PrintWriter out) {
    out.println("Earshot is stopping.");
    try {
      server.close();
      out.println("Earshot has stopped.");
    } finally {
      // Not exit(): that would wait for this very hook, and a signal would make the status 143.
      Runtime.getRuntime().halt(0);
    }
  }
}
