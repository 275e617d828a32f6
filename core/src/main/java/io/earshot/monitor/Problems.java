package io.earshot.monitor;

import io.earshot.spi.Refusal;
import io.earshot.spi.SlowClient;
import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.LoopStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Finds what is wrong with a server at the moment, and says where to look.
 *
 * <p>Owned by the thread that makes it.
 */
final class Problems {
  /** From how many waiting bytes on a client is one that does not read. */
  static final int SLOW_BYTES = 64 * 1024;

  /** A loop whose tasks wait so long is late, in milliseconds. */
  private static final long LATE = 100;

  /** Redis is slow if it takes so long, in milliseconds: each message of a cluster waits for it. */
  private static final long SLOW_REDIS = 100;

  /** The clocks of a cluster may differ by so much, in milliseconds. */
  private static final long MOST_SKEW = 2_000;

  /** How many problems of one kind are listed. */
  private static final int MOST_OF_A_KIND = 5;

  /** Refusals about which other problems say more, or which are no sign of a problem. */
  private static final Set<String> QUIET =
      Set.of(
          Refusal.ROOM_MESSAGES.key(),
          Refusal.TOKEN.key(),
          Refusal.IDLE.key(),
          Refusal.DEADLINE.key());

  private final List<Problem> all = new ArrayList<>();

  List<Problem> all() {
    return List.copyOf(all);
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  private void add(String kind, String see, String text, Object... numbers) {
    all.add(new Problem(kind, String.format(Locale.ROOT, text, numbers), see, ""));
  }

  void ofCluster(boolean isConnected, long roundTripNanos, long skew) {
    long millis = roundTripNanos / 1_000_000;
    if (!isConnected) {
      add(
          "redis",
          "cluster",
          "Redis cannot be reached: messages to rooms are refused until it can (redis.url)");
    } else if (millis >= SLOW_REDIS) {
      add(
          "redis",
          "cluster",
          "Redis answers slowly (%,d ms): each message waits for it (redis-cli --latency)",
          millis);
    }
    if (Math.abs(skew) > MOST_SKEW) {
      add(
          "clock",
          "cluster",
          "the clock of this server and that of Redis differ by %,d ms (use a time service)",
          Math.abs(skew));
    }
  }

  void ofHistory(boolean isStored) {
    if (!isStored) {
      add(
          "history",
          "log",
          "history is not written to the disk, and is lost with a restart (rooms.historyFolder; the"
              + " log says why)");
    }
  }

  void ofLoops(List<LoopStats> loops) {
    for (int i = 0; i < loops.size(); i++) {
      long lag = loops.get(i).get(Gauge.LAG_NANOS) / 1_000_000;
      if (lag >= LATE) {
        add(
            "loop",
            "overview",
            "event loop %d is late by %,d ms: the CPU is busy, or something blocks the loop",
            i,
            lag);
      }
    }
  }

  void ofMemory(long used, long max) {
    if (used > max * 0.95) {
      add(
          "memory",
          "overview",
          "the heap is nearly full: %,d of %,d MB are in use",
          used >> 20,
          max >> 20);
    }
  }

  /**
   * Slow consumers.
   *
   * @param now those for which bytes wait now
   * @param minute what happened in the last minute
   */
  void ofClients(List<SlowClient> now, Reading.Change minute) {
    List<SlowClient> slow = now.stream().filter(each -> each.bytes() >= SLOW_BYTES).toList();
    if (!slow.isEmpty()) {
      long bytes = slow.stream().mapToLong(SlowClient::bytes).sum();
      add(
          "slowConsumers",
          "slow",
          "%s: %,d KB wait for %s (slow consumers; limits.outboundBytes)",
          slow.size() == 1 ? "1 client does not read" : slow.size() + " clients do not read",
          bytes >> 10,
          slow.size() == 1 ? "it" : "them");
    }
    long cutOff = minute.count(Counter.CUT_OFF);
    long leftOut = minute.count(Counter.LEFT_OUT);
    if (cutOff > 0) {
      add(
          "slowConsumers",
          "slow",
          "slow consumers were disconnected: %,d in the last minute (limits.outboundBytes)",
          cutOff);
    }
    if (leftOut > 0) {
      add(
          "slowConsumers",
          "slow",
          "messages were left out for slow consumers: %,d in the last minute (slow consumers)",
          leftOut);
    }
  }

  void ofIncidents(List<Incidents.Entry> recent) {
    for (Incident kind : Incident.values()) {
      recent.stream()
          .filter(each -> each.kind() == kind)
          .limit(MOST_OF_A_KIND)
          .forEach(each -> all.add(problem(each)));
    }
  }

  private static Problem problem(Incidents.Entry of) {
    String name = of.name();
    return switch (of.kind()) {
      case ROOM_RATE ->
          new Problem(
              "roomRate",
              "room "
                  + name
                  + " refuses messages, its rate limit is reached: "
                  + number(of.count())
                  + " refused (rooms.messagesPerSecond, rooms.rules)",
              "room",
              name);
      case SLOW_ACTION ->
          new Problem(
              "action",
              "the action "
                  + name
                  + " took longer than "
                  + of.detail()
                  + " and was interrupted: "
                  + calls(of.count())
                  + " (general.actionTimeout)",
              "log",
              "");
      case FAILED_ACTION ->
          new Problem(
              "action",
              "the action "
                  + name
                  + " fails: "
                  + calls(of.count())
                  + "; the last because: "
                  + of.detail()
                  + " (the log has the stack trace)",
              "log",
              "");
      case SLOW_HOOK ->
          new Problem(
              "hook",
              "the "
                  + name
                  + " is slow, clients wait for it: the last slow call took "
                  + of.detail()
                  + " (hooks.timeout)",
              "log",
              "");
      case FAILED_HOOK ->
          new Problem(
              "hook",
              "the "
                  + name
                  + " fails: "
                  + calls(of.count())
                  + "; the last because: "
                  + of.detail()
                  + " (a request whose hook fails is refused; the log has the stack trace)",
              "log",
              "");
      case WRONG_KEY ->
          new Problem(
              "keys",
              "wrong keys of the admin API are shown from "
                  + name
                  + ": "
                  + number(of.count())
                  + " (admin.keys)",
              "log",
              "");
      case TOKEN ->
          new Problem(
              "tokens",
              "tokens "
                  + name
                  + " are refused: "
                  + number(of.count())
                  + "; the last because: "
                  + of.detail().replaceFirst("^Error: ", "")
                  + " (tokens.keys)",
              "refused",
              "");
      case FEED ->
          new Problem(
              "feed", name + ": " + of.detail() + " (" + times(of.count()) + ")", "log", "");
      case BACK_END ->
          new Problem(
              "backEnd", name + ": " + of.detail() + " (" + times(of.count()) + ")", "log", "");
    };
  }

  private static String calls(long count) {
    return count == 1 ? "1 call" : number(count) + " calls";
  }

  private static String times(long count) {
    return count == 1 ? "once" : number(count) + " times";
  }

  private static String number(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  void ofRefusals(Map<String, Long> minute) {
    var kinds = new StringJoiner(", ");
    long sum = 0;
    for (Map.Entry<String, Long> each : minute.entrySet()) {
      if (!QUIET.contains(each.getKey())) {
        sum += each.getValue();
        kinds.add(each.getKey() + " " + number(each.getValue()));
      }
    }
    if (sum > 0) {
      add("refusals", "refused", "refused in the last minute by limits or rules: %s", kinds);
    }
  }
}
