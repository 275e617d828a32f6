package io.earshot.server;

import io.earshot.Config;
import io.earshot.server.log.OneLine;
import java.time.Duration;
import java.util.Locale;

/** The text that a server prints when it has started: its addresses, and how to try them. */
final class Banner {
  private Banner() {}

  /**
   * The text, of several lines.
   *
   * @param config the settings in force
   * @param pid the id of the process
   * @param took the time from the start of the JVM
   * @param tcpPort the port for TCP; 0 if there is none
   * @param httpPort the port for HTTP; 0 if there is none
   * @param managementPort the port for operators; 0 if there is none
   */
  static String of(
      Config config, long pid, Duration took, int tcpPort, int httpPort, int managementPort) {
    var text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "Earshot %s is listening (pid %d, started in %.2f s)%n",
            Version.number(),
            pid,
            took.toMillis() / 1000.0));
    if (tcpPort != 0) {
      String host = host(config.tcpServer().bindIP());
      String address =
          config.tcpServer().secure()
              ? "openssl s_client -quiet -connect " + authority(host, tcpPort)
              : "nc " + host + " " + tcpPort;
      line(text, "TCP", address, "then type:  say hello  (help lists more)");
    }
    if (httpPort != 0) {
      String s = config.httpServer().secure() ? "s" : "";
      String where = s + "://" + authority(host(config.httpServer().bindIP()), httpPort) + "/";
      String say = "then send:  {\"event\":\"say\",\"message\":\"hello\"}";
      line(text, "WebSocket", "ws" + where, say);
      line(text, "Browser", "http" + where, "");
    }
    if (managementPort != 0) {
      String where = authority(host(config.management().bindIP()), managementPort);
      line(text, "Operators", "http://" + where + "/readyz", "");
    }
    text.append(
        String.format("  Stop with Ctrl-C.  Settings: ./earshot config   Help: ./earshot help%n"));
    return text.toString();
  }

  private static void line(StringBuilder text, String what, String where, String then) {
    String line = String.format("  %-10s %-24s  %s", what, where, then);
    text.append(line.stripTrailing()).append(System.lineSeparator());
  }

  private static String authority(String host, int port) {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  private static String host(String bindIp) {
    return switch (bindIp) {
      case "", "*", "0.0.0.0", "::", "127.0.0.1", "::1" -> "localhost";
      default -> OneLine.of(bindIp);
    };
  }
}
