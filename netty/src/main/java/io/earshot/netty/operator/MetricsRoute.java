package io.earshot.netty.operator;

import io.earshot.Config;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.spi.MetricsExporter;
import io.earshot.spi.MetricsExporter.Format;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code GET /metrics}. It takes no identity, and counts for no limit of clients.
 *
 * <p>Thread-safe: immutable, and so are its parts.
 */
public final class MetricsRoute {
  private final OperatorAccess access;
  private final Scrapes scrapes;

  public MetricsRoute(Config config, MetricsExporter exporter) {
    this.access = OperatorAccess.of(config.metrics().networks(), "metrics.networks");
    this.scrapes = new Scrapes(exporter, System::nanoTime);
  }

  /** Whether a path is that of the metrics. */
  public static boolean matches(String path) {
    return path.equals(Site.METRICS_PATH);
  }

  /** Whether a request is for the metrics, and may read them. */
  public boolean serves(WebExchange exchange) {
    return matches(exchange.rawPath()) && access.admits(exchange);
  }

  /** Answers a request whose path {@link #matches}. */
  public Answer answer(WebExchange exchange) throws ProblemException {
    access.check(exchange);
    if (!exchange.isRead()) {
      throw ProblemException.methodNotAllowed(exchange.method(), "GET, HEAD");
    }
    Format format = format(exchange.headers().get(HttpHeaderNames.ACCEPT));
    CompletableFuture<byte[]> text = scrapes.text(format);
    return Answer.later(text, (body, failure) -> response(format, body, failure));
  }

  /** Prometheus, unless the client names the other one: both have a version, and few have q. */
  private static Format format(@Nullable String accept) {
    return accept != null
            && accept.toLowerCase(Locale.ROOT).contains("application/openmetrics-text")
        ? Format.OPEN_METRICS
        : Format.PROMETHEUS;
  }

  private static FullHttpResponse response(
      Format format, byte @Nullable [] body, @Nullable Throwable failure) {
    if (body == null) {
      return Responses.failed(failure);
    }
    FullHttpResponse response = Responses.of(HttpResponseStatus.OK, format.type(), body);
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    return response;
  }
}
