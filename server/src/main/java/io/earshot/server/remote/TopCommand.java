package io.earshot.server.remote;

import io.earshot.protocol.Json;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Shows the state of a running server in a terminal, again and again.
 *
 * <p>Owned by the thread of the command.
 */
@Command(
    name = "top",
    description = "show rates, latency, memory, problems and the busiest rooms of a running server",
    footer = {"", "Example:", "  EARSHOT_KEY=SECRET ./earshot top --url http://127.0.0.1:8080"})
public final class TopCommand extends RemoteCommand {
  /** Moves the cursor of the terminal to its first line, and clears the rest. */
  private static final String FROM_THE_TOP = "\033[H\033[J";

  private static final int ROOMS = 8;
  private static final int LOG_LINES = 5;
  private static final int WIDTH = 160;

  @Option(
      names = "--every",
      paramLabel = "SECONDS",
      defaultValue = "2",
      description = "how often to ask the server; default: 2")
  private int every;

  @Option(names = "--once", description = "show it once, and end")
  private boolean isOnce;

  private final boolean isTerminal;

  /**
   * A command that is not run yet.
   *
   * @param isTerminal whether the output is a terminal, which each page begins anew
   */
  public TopCommand(Map<String, String> environment, PrintWriter out, boolean isTerminal) {
    super(environment, out);
    this.isTerminal = isTerminal;
  }

  @Override
  public Integer call() throws SettingsException, StartException, InterruptedException {
    if (every < 1 || every > 3_600) {
      throw new SettingsException("--every: from 1 to 3600 seconds");
    }
    try (AdminClient admin = admin()) {
      print(page(admin)); // the first answer shows whether address and key are right
      while (!isOnce && !out.checkError()) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(every));
        print(nextPage(admin));
      }
    }
    return 0;
  }

  private String nextPage(AdminClient admin) throws StartException, InterruptedException {
    try {
      return page(admin);
    } catch (StartException e) {
      if (e instanceof AdminRefusal refusal && !refusal.mayPass()) {
        throw e;
      }
      return e.getMessage() + "; asking again every " + every + " s\n";
    }
  }

  private void print(String page) {
    out.print(isTerminal && !isOnce ? FROM_THE_TOP + page : page);
    out.flush();
  }

  private static String page(AdminClient admin) throws StartException, InterruptedException {
    Json.Obj now = admin.get("/admin/overview?log=" + LOG_LINES);
    Json.Obj rooms = admin.get("/admin/rooms?sort=rate&limit=" + ROOMS);
    var page = new StringBuilder();
    head(page, now);
    for (Json loop : list(now, "loops")) {
      line(
          page,
          "loop",
          "lag %s  %s wait for %s clients  %s rooms",
          millis(loop, "lagMicros"),
          bytes(loop, "backlogBytes"),
          count(loop, "backloggedClients"),
          count(loop, "rooms"));
    }
    if (now.get("cluster") instanceof Json.Obj cluster) {
      boolean isUp = Json.of(true).equals(cluster.get("connected"));
      line(
          page,
          "cluster",
          "%s  %d servers  Redis %.1f ms  clock %+.0f ms",
          isUp ? "connected" : "NOT CONNECTED",
          list(cluster, "servers").size(),
          number(cluster, "roundTripMillis"),
          number(cluster, "clockSkewMillis"));
    }
    for (Json each : list(now, "problems")) { // in full: the end of the line says what to do
      page.append("PROBLEM   ").append(EventTable.printable(text(each, "text")));
      page.append(System.lineSeparator());
    }
    for (Json each : list(rooms, "rooms")) {
      line(
          page,
          "room",
          "%-40s %s members  %.1f messages/s",
          text(each, "room"),
          count(each, "membersCount"),
          number(each, "messagesPerSecond"));
    }
    for (Json each : list(now, "log")) {
      line(page, "log", "%s", each instanceof Json.Text(String text) ? text : "");
    }
    return page.toString();
  }

  private static void head(StringBuilder page, Json.Obj now) {
    Json rates = now.get("perSecond");
    Json transports = now.get("connections");
    Json slow = now.get("slowConsumers");
    Json memory = now.get("memory");
    Json latency = now.get("sayToDeliver");
    line(
        page,
        "earshot",
        "%s %s, up %s",
        text(now, "id"),
        text(now, "version"),
        Duration.ofSeconds((long) number(now, "uptimeSeconds"))
            .toString()
            .substring(2)
            .toLowerCase(Locale.ROOT));
    line(
        page,
        "clients",
        "tcp %s  websocket %s  stream %s  web %s  +%.1f/s  -%.1f/s  refused %.1f/s",
        count(transports, "tcp"),
        count(transports, "websocket"),
        count(transports, "stream"),
        count(transports, "web"),
        number(rates, "connects"),
        number(rates, "closes"),
        number(rates, "refused"));
    line(
        page,
        "messages",
        "%.1f/s  deliveries %.1f/s  in %s/s  out %s/s  rooms %s",
        number(rates, "messages"),
        number(rates, "deliveries"),
        bytes(rates, "receivedBytes"),
        bytes(rates, "sentBytes"),
        count(now, "rooms"));
    line(
        page,
        "latency",
        number(latency, "timed") == 0
            ? "nothing timed in the last seconds"
            : "p50 %s  p99 %s from a say to its delivery",
        millis(latency, "p50Micros"),
        millis(latency, "p99Micros"));
    line(
        page,
        "memory",
        "%s used of %s, at most %s  history %s",
        bytes(memory, "usedBytes"),
        bytes(memory, "reservedBytes"),
        bytes(memory, "maxBytes"),
        bytes(now, "historyBytes"));
    line(
        page,
        "slow",
        "%s clients, for whom %s wait  disconnected %s  messages left out %s",
        count(slow, "clients"),
        bytes(slow, "waitingBytes"),
        count(slow, "disconnected"),
        count(slow, "messagesLeftOut"));
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  private static void line(StringBuilder page, String name, String format, Object... values) {
    String text = EventTable.printable(String.format(Locale.ROOT, format, values));
    String line = String.format(Locale.ROOT, "%-9s %s", name, text);
    page.append(line, 0, Math.min(WIDTH, line.length())).append(System.lineSeparator());
  }

  private static List<Json> list(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Array(List<Json> items) ? items : List.of();
  }

  private static String text(Json fields, String name) {
    return fields instanceof Json.Obj some ? AdminClient.text(some, name) : "";
  }

  /** A number; 0 if there is none. */
  private static double number(@Nullable Json fields, String name) {
    return fields instanceof Json.Obj some && some.get(name) instanceof Json.Num(String number)
        ? Double.parseDouble(number)
        : 0;
  }

  private static String count(@Nullable Json fields, String name) {
    return String.format(Locale.ROOT, "%,.0f", number(fields, name));
  }

  private static String millis(@Nullable Json fields, String name) {
    return String.format(Locale.ROOT, "%.1f ms", number(fields, name) / 1_000);
  }

  private static String bytes(@Nullable Json fields, String name) {
    double bytes = number(fields, name);
    return bytes < 1e6
        ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
        : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
  }
}
