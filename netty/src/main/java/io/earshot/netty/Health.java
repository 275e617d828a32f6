package io.earshot.netty;

import io.earshot.engine.Engine;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.WebExchange;
import io.earshot.netty.loop.Drain;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What load balancers and supervisors ask: whether the server works ({@code /livez}) and whether it
 * should get new clients ({@code /readyz}). The answers need no identity, ask nobody, and are given
 * before any limit is checked.
 *
 * <p>Immutable.
 */
final class Health {
  /** After this time without a turn a loop is stuck. */
  private static final Duration STUCK = Duration.ofSeconds(30);

  private static final String LIVE = "/livez";
  private static final String READY = "/readyz";

  private final Engine engine;
  private final Collection<NettyLoop> loops;
  private final Drain drain;

  Health(Engine engine, Collection<NettyLoop> loops, Drain drain) {
    this.engine = engine;
    this.loops = List.copyOf(loops);
    this.drain = drain;
  }

  /** Whether a request, given by its path, asks for the health. */
  static boolean matches(String path) {
    return path.equals(LIVE) || path.equals(READY);
  }

  /** Answers a request whose path {@link #matches}. */
  Answer answer(WebExchange exchange) {
    if (!exchange.isRead()) {
      var refused = Responses.error(HttpResponseStatus.METHOD_NOT_ALLOWED, "send GET or HEAD");
      refused.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
      return Answer.now(refused);
    }
    return exchange.rawPath().equals(LIVE)
        ? answer("live", stuck())
        : answer("ready", whyNotReady());
  }

  private static Answer answer(String what, List<String> whyNot) {
    Map<String, Json> fields = new LinkedHashMap<>();
    fields.put(what, Json.from(whyNot.isEmpty()));
    if (!whyNot.isEmpty()) {
      fields.put("reasons", Json.from(whyNot));
    }
    HttpResponseStatus status =
        whyNot.isEmpty() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE;
    return Answer.now(Responses.json(status, new Json.Obj(fields).encode()));
  }

  private List<String> stuck() {
    long stuck = loops.stream().filter(loop -> loop.idleFor().compareTo(STUCK) > 0).count();
    return stuck == 0
        ? List.of()
        : List.of(
            stuck
                + " of "
                + loops.size()
                + " event loops have made no turn for "
                + STUCK.toSeconds()
                + " s");
  }

  private List<String> whyNotReady() {
    var reasons = new ArrayList<>(engine.whyNotReady());
    reasons.addAll(stuck());
    if (drain.plan() != null) {
      reasons.add("the server is draining, and will stop");
    }
    return reasons;
  }
}
