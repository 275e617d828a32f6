package io.earshot.netty.operator;

import io.earshot.spi.MetricsExporter;
import io.earshot.spi.MetricsExporter.Format;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Renders the metrics on virtual threads, one text at a time, however many ask for them: whoever
 * asks again within a tenth of a second, or while a text is being made, gets the same text.
 *
 * <p>Thread-safe: its lock is held only to look at, and to replace, the last texts.
 */
final class Scrapes {
  private static final System.Logger LOG = System.getLogger(Scrapes.class.getName());
  private static final long FRESH = TimeUnit.MILLISECONDS.toNanos(100);

  private final MetricsExporter exporter;
  private final LongSupplier nanos;
  private final Map<Format, Text> texts = new EnumMap<>(Format.class);

  /** Completed when no text is being made. */
  private CompletableFuture<?> idle = CompletableFuture.completedFuture(null);

  /** A text, and when it was asked for. */
  private record Text(CompletableFuture<byte[]> bytes, long since) {}

  Scrapes(MetricsExporter exporter, LongSupplier nanos) {
    this.exporter = exporter;
    this.nanos = nanos;
  }

  /** The metrics, completed on any thread. A client that leaves may cancel this copy. */
  synchronized CompletableFuture<byte[]> text(Format format) {
    long now = nanos.getAsLong();
    @Nullable Text last = texts.get(format);
    if (last == null || (last.bytes.isDone() && now - last.since >= FRESH)) {
      CompletableFuture<byte[]> bytes =
          idle.thenApplyAsync(ignored -> render(format), Thread::startVirtualThread);
      idle = bytes.handle((ignored, failure) -> null);
      last = new Text(bytes, now);
      texts.put(format, last);
    }
    return last.bytes.copy();
  }

  private byte[] render(Format format) {
    try {
      return exporter.render(format);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "the metrics cannot be rendered", e);
      throw e;
    }
  }
}
