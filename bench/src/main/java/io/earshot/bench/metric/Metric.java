package io.earshot.bench.metric;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A quantity that is measured. The keys are the names in the file of raw results. */
public enum Metric {
  DELIVERIES("deliveries/s", "Deliveries per second", 0),
  MESSAGES("messages/s", "Messages per second", 0),
  CPU("µs/delivery", "Server CPU per delivery, µs", 2),
  SCHEDULED("µs/delivery (sched)", "Server CPU per delivery by schedstat, µs", 2),
  CORE("µs/delivery (core)", "Busy time of the server's core per delivery, µs", 2),
  P50("p50 ms", "Median latency, ms", 2),
  P99("p99 ms", "99th percentile of latency, ms", 2),
  P999("p99.9 ms", "99.9th percentile of latency, ms", 2),
  MAX("max ms", "Longest latency, ms", 2),
  RESIDENT("RSS MB", "Resident memory of the server, MB", 0),
  EMPTY("RSS MB empty", "Resident memory without clients, MB", 0),
  PER_CONNECTION("bytes/connection", "Server memory per idle connection, bytes", 0),
  CONNECTED("connects/s", "Clients that connected and joined, per second", 0),
  CONNECTED_COLD("connects/s cold", "Clients that connected and joined, per second, cold", 0),
  CONNECT_CPU("µs/connect", "Server CPU per connect, µs", 0),
  CONNECT_CPU_COLD("µs/connect cold", "Server CPU per connect, cold, µs", 0),
  RESUMED("resumed %", "Handshakes that resumed a session, %", 0),
  PER_READ("deliveries/read", "Deliveries per read of a client", 1),
  BYTES("bytes/delivery", "Bytes received per delivery", 0),
  EXPECTED("expected", "Deliveries expected", 0),
  LOST("lost", "Deliveries that did not arrive", 0),
  DISCONNECTED("disconnected", "Clients that were disconnected", 0),
  STALLS("stalls", "Times without a delivery for two seconds", 0),
  GENERATOR("generator %", "Busy time of the load generator, %", 0),
  /** Of two values of another metric; calculated for reports. */
  RATIO("ratio", "Ratio", 2);

  /** The metrics of clients that connect: of a warm server, then of a cold one. */
  public static final List<Metric> CONNECT_METRICS =
      List.of(CONNECTED, CONNECT_CPU, CONNECTED_COLD, CONNECT_CPU_COLD);

  private static final Set<Metric> MORE_IS_BETTER =
      EnumSet.of(DELIVERIES, MESSAGES, CONNECTED, CONNECTED_COLD, PER_READ);

  private final String key;
  private final String title;
  private final int digits;

  Metric(String key, String title, int digits) {
    this.key = key;
    this.title = title;
    this.digits = digits;
  }

  /** The short name, with the unit. */
  public String key() {
    return key;
  }

  /** The full name, with the unit. */
  public String title() {
    return title;
  }

  /** Whether a server with a greater value is better. */
  public boolean isMoreBetter() {
    return MORE_IS_BETTER.contains(this);
  }

  /** A value, with as many digits as are significant. */
  public String shown(double value) {
    double size = Math.abs(value);
    if (digits == 0 && size >= 1e6) {
      return String.format(Locale.ROOT, "%.2f M", value / 1e6);
    }
    if (digits == 0 && size >= 1e4) {
      return String.format(Locale.ROOT, size >= 1e5 ? "%.0f k" : "%.1f k", value / 1e3);
    }
    int shown = size >= 100 ? 0 : size >= 10 ? Math.min(1, digits) : digits;
    if (digits > 0 && size > 0 && size < 1 && this != RATIO) {
      shown = 3;
    }
    return String.format(Locale.ROOT, "%." + shown + "f", value);
  }
}
