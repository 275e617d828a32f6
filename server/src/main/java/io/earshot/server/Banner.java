package io.earshot.server;

import io.earshot.Config;
import io.earshot.server.log.OneLine;
import java.time.Duration;

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
    text.append("Earshot ").append(Version.number()).append(" is listening (pid ").append(pid);
    text.append(", started in ").append(seconds(took)).append(" s)").append(System.lineSeparator());
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
    text.append("  Stop with Ctrl-C.  Settings: ./earshot config   Help: ./earshot help");
    return text.append(System.lineSeparator()).toString();
  }

  // Not by String.format, which takes 10 ms when it is used for the first time.

  private static void line(StringBuilder text, String what, String where, String then) {
    String line = "  " + padded(what, 10) + " " + padded(where, 24) + "  " + then;
    text.append(line.stripTrailing()).append(System.lineSeparator());
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  /** A time in seconds, with two digits after the point. */
  static String seconds(Duration time) {
    long hundredths = (time.toMillis() + 5) / 10;
    long fraction = hundredths % 100;
    return hundredths / 100 + (fraction < 10 ? ".0" : ".") + fraction;
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
