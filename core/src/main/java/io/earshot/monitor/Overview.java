package io.earshot.monitor;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.cluster.Cluster;
import io.earshot.protocol.Json;
import io.earshot.spi.Clocks;
import io.earshot.spi.ProgramInfo;
import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.earshot.stats.LoopStats;
import io.earshot.stats.ServerCounts;
import io.earshot.stats.ServerStats;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the state of a server as JSON.
 *
 * <p>Owned by the thread that makes it.
 */
final class Overview {
  private final Map<String, Json> fields = new LinkedHashMap<>();

  /** An object with number fields, in order. */
  private static final class Numbers {
    private final Map<String, Json> fields = new LinkedHashMap<>();

    Numbers with(String name, long number) {
      fields.put(name, Json.of(number));
      return this;
    }

    Numbers with(String name, double number) {
      fields.put(name, Trend.rounded(number));
      return this;
    }

    Json.Obj toJson() {
      return new Json.Obj(fields);
    }
  }

  Json.Obj toJson() {
    return new Json.Obj(fields);
  }

  Overview server(Config config, String version, long uptime, Clocks clocks) {
    fields.put("id", Json.of(config.general().id()));
    fields.put("name", Json.of(config.general().serverName()));
    fields.put("version", Json.of(version));
    fields.put("at", Json.of(clocks.wall().millis()));
    fields.put("uptimeSeconds", Json.of(uptime));
    return this;
  }

  Overview rates(Reading.Change now) {
    fields.put(
        "perSecond",
        new Numbers()
            .with("messages", now.rate(Counter.MESSAGES))
            .with("deliveries", now.rate(Counter.DELIVERIES))
            .with("receivedBytes", now.rate(Counter.RECEIVED_BYTES))
            .with("sentBytes", now.rate(Counter.SENT_BYTES))
            .with("connects", now.opened())
            .with("closes", now.closed())
            .with("refused", now.refusedPerSecond())
            .toJson());
    fields.put(
        "sayToDeliver",
        new Numbers()
            .with("p50Micros", now.micros(0.5))
            .with("p99Micros", now.micros(0.99))
            .with("timed", now.timed())
            .toJson());
    return this;
  }

  Overview connections(ServerCounts counts) {
    var numbers = new Numbers();
    for (Transport each : Transport.values()) {
      numbers.with(each.name().toLowerCase(Locale.ROOT), counts.open(each));
    }
    fields.put("connections", numbers.toJson());
    return this;
  }

  Overview sizes(ServerStats stats) {
    Runtime runtime = Runtime.getRuntime();
    long reserved = runtime.totalMemory();
    fields.put("rooms", Json.of(stats.sum(Gauge.ROOMS)));
    fields.put("messages", Json.of(stats.sum(Counter.MESSAGES)));
    fields.put("historyBytes", Json.of(stats.sum(Gauge.HISTORY_BYTES)));
    fields.put(
        "memory",
        new Numbers()
            .with("usedBytes", reserved - runtime.freeMemory())
            .with("reservedBytes", reserved)
            .with("maxBytes", runtime.maxMemory())
            .toJson());
    return this;
  }

  Overview loops(List<LoopStats> loops) {
    fields.put(
        "loops",
        new Json.Array(
            loops.stream()
                .<Json>map(
                    loop ->
                        new Numbers()
                            .with("lagMicros", loop.get(Gauge.LAG_NANOS) / 1_000.0)
                            .with("backlogBytes", loop.get(Gauge.BACKLOG_BYTES))
                            .with("backloggedClients", loop.get(Gauge.BACKLOGGED_CLIENTS))
                            .with("rooms", loop.get(Gauge.ROOMS))
                            .toJson())
                .toList()));
    return this;
  }

  Overview slow(ServerStats stats) {
    fields.put(
        "slowConsumers",
        new Numbers()
            .with("clients", stats.sum(Gauge.BACKLOGGED_CLIENTS))
            .with("waitingBytes", stats.sum(Gauge.BACKLOG_BYTES))
            .with("disconnected", stats.sum(Counter.CUT_OFF))
            .with("messagesLeftOut", stats.sum(Counter.LEFT_OUT))
            .toJson());
    return this;
  }

  Overview refused(Map<String, Long> counts) {
    fields.put("refused", Json.from(counts));
    return this;
  }

  Overview cluster(@Nullable Cluster others) {
    if (others != null) {
      var about = new LinkedHashMap<String, Json>();
      about.put("connected", Json.of(others.isUp()));
      about.put("servers", new Json.Array(others.peers().stream().map(Json::of).toList()));
      about.put("clockSkewMillis", Json.of(others.clockSkew()));
      if (others.roundTrip() >= 0) {
        about.put("roundTripMillis", Trend.rounded(others.roundTrip() / 1e6));
      }
      fields.put("cluster", new Json.Obj(about));
    }
    return this;
  }

  /** Whether history is written to the disk; null where it is not to be. */
  Overview historyStored(@Nullable Boolean isStored) {
    if (isStored != null) {
      fields.put("historyStored", Json.of(isStored));
    }
    return this;
  }

  Overview problems(List<Problem> problems) {
    fields.put("problems", new Json.Array(problems.stream().map(Problem::toJson).toList()));
    return this;
  }

  Overview log(List<ProgramInfo.LogLine> lines) {
    fields.put("log", new Json.Array(lines.stream().map(line -> Json.of(line.text())).toList()));
    return this;
  }
}
