package io.earshot.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.engine.Extensions;
import io.earshot.netty.EarshotServer;
import io.earshot.stats.Gauge;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;

/** The server itself: its version and start, its certificates, its loops and its memory. */
final class ServerMeters {
  private ServerMeters() {}

  static void addTo(Meters meters) {
    EarshotServer server = meters.server();
    meters.gauge(
        "info",
        null,
        "The version of Earshot; the value is always 1.",
        Tags.of("version", version()),
        ignored -> 1);
    meters.seconds(
        "start.time",
        "When the server was started, in seconds since 1970.",
        Tags.empty(),
        each -> each.startedAt().toEpochMilli() / 1e3);
    meters.gauge(
        "draining",
        "Whether the server is being emptied before it stops (1), or not (0); earshot_connections has"
            + " who is left.",
        each -> each.isDraining() ? 1 : 0);
    server
        .certificateEnds()
        .keySet()
        .forEach(
            section ->
                meters.seconds(
                    "tls.certificate.expiry.timestamp",
                    "When the certificate of a port ends, in seconds since 1970.",
                    Tags.of("port", section.equals("tcpServer") ? "tcp" : "http"),
                    each -> end(each, section)));
    for (int i = 0; i < server.stats().loops().size(); i++) {
      int loop = i;
      meters.seconds(
          "loop.lag",
          "How late an event loop was with its task of each second, or with one submitted then.",
          Tags.of("loop", Integer.toString(loop)),
          each -> each.stats().loops().get(loop).get(Gauge.LAG_NANOS) / 1e9);
    }
    for (Extensions.Metric each : server.extensions().metrics()) {
      String name = each.name().replaceFirst("^earshot\\.", "");
      var tags = new ArrayList<Tag>();
      each.tags().forEach((key, value) -> tags.add(Tag.of(key, value)));
      if (name.endsWith(".waiting") || name.endsWith(".paused")) {
        meters.gauge(
            name, null, each.meaning(), Tags.of(tags), ignored -> each.value().getAsLong());
      } else {
        meters.counter(name, each.meaning(), Tags.of(tags), ignored -> each.value().getAsLong());
      }
    }
    if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider provider) {
      ByteBufAllocatorMetric memory = provider.metric();
      meters.bytes(
          "buffer.memory",
          "Memory outside the heap that the allocator of network buffers has reserved.",
          ignored -> memory.usedDirectMemory());
    }
  }

  private static double end(EarshotServer server, String section) {
    Instant end = server.certificateEnds().get(section);
    return end == null ? Double.NaN : end.getEpochSecond();
  }

  /** The version, which the build writes into a resource. */
  static String version() {
    try (InputStream in = ServerMeters.class.getResourceAsStream("version.txt")) {
      return in == null ? "unknown" : new String(in.readAllBytes(), UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("version.txt cannot be read", e);
    }
  }
}
