package io.earshot.netty;

import io.earshot.netty.action.ActionRoute;
import io.earshot.netty.admin.Admin;
import io.earshot.netty.console.ConsoleFiles;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.RequestCheck;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.netty.operator.MetricsRoute;
import io.earshot.netty.page.DevelopmentLoginRoute;
import io.earshot.netty.page.StaticFiles;
import io.earshot.netty.room.Handshake;
import io.earshot.netty.room.RoomUrl;
import io.earshot.netty.room.RoomUrls;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The table of HTTP routes: which part of the server answers which path.
 *
 * <p>Immutable.
 */
final class Routes {
  private static final String ACTION_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

  private final Site site;
  private final Handshake handshake;
  private final ActionRoute actions;
  private final ForOperators forOperators;

  /** The routes; the first whose path matches answers. */
  private final List<Route> table = new ArrayList<>();

  /**
   * A row of the table.
   *
   * @param path whether the route answers a path, which is not decoded
   */
  private record Route(Predicate<String> path, Handler handler) {}

  private interface Handler {
    Answer answer(WebExchange exchange) throws MalformedRequestException, ProblemException;
  }

  /** The routes of the port of clients. */
  Routes(Site site, Handshake handshake, ForOperators forOperators) {
    this.site = site;
    this.handshake = handshake;
    this.forOperators = forOperators;
    this.actions = new ActionRoute(site);
    table.add(new Route(StaticFiles::serves, exchange -> new Answer.File(exchange.rawPath())));
    addOperators();
    table.add(new Route(Site.LOGIN_PATH::equals, new DevelopmentLoginRoute(site)::answer));
    table.add(new Route(RoomUrl::matches, new RoomUrls(site, handshake)::answer));
    table.add(new Route(ignored -> true, this::webSocketOrAction));
  }

  private Routes(Site site, Handshake handshake, ForOperators forOperators, String why) {
    this.site = site;
    this.handshake = handshake;
    this.forOperators = forOperators;
    this.actions = new ActionRoute(site);
    addOperators();
    table.add(
        new Route(
            ignored -> true,
            ignored -> {
              throw new ProblemException(HttpResponseStatus.NOT_FOUND, why);
            }));
  }

  /** The routes of the port of operators. */
  static Routes ofManagement(Site site, Handshake handshake, ForOperators forOperators) {
    String why =
        site.hasAdmin()
            ? "this is the port of operators: /livez, /readyz, /metrics, /console, /admin/"
            : "this is the port of operators: /livez, /readyz, /metrics, and with admin.keys /admin/";
    return new Routes(site, handshake, forOperators, why);
  }

  private void addOperators() {
    if (site.hasAdmin()) {
      table.add(new Route(Admin::matches, new Admin(site)::answer));
    }
    if (site.servesOperators()) {
      var console = new ConsoleFiles(site);
      table.add(new Route(console::matches, console::answer));
    }
    MetricsRoute metrics = forOperators.metrics();
    if (metrics != null && site.servesOperators()) {
      table.add(new Route(MetricsRoute::matches, metrics::answer));
    }
  }

  /** The answer to a request for the health, which nothing may refuse; null for other requests. */
  @Nullable Answer health(WebExchange exchange) {
    return Health.matches(exchange.rawPath()) ? forOperators.health().answer(exchange) : null;
  }

  /**
   * Decides what to do with a request.
   *
   * @throws MalformedRequestException if the request is not understood; the connection is to be
   *     closed
   * @throws ProblemException if the request is refused
   */
  Answer answer(WebExchange exchange) throws MalformedRequestException, ProblemException {
    FullHttpRequest request = exchange.request();
    RequestCheck.check(request);
    exchange.checkHost();
    request.setUri(request.uri().replaceFirst("^(?i:https?)://[^/?#]*", ""));
    String rawPath = exchange.rawPath();
    for (Route route : table) {
      if (route.path.test(rawPath)) {
        return route.handler.answer(exchange);
      }
    }
    throw new IllegalStateException("the last route answers each path");
  }

  /** Whether a request is an operator's, and counts for no limit of clients. */
  boolean isOperators(WebExchange exchange) {
    MetricsRoute metrics = forOperators.metrics();
    return metrics != null && site.servesOperators() && metrics.serves(exchange);
  }

  private Answer webSocketOrAction(WebExchange exchange)
      throws MalformedRequestException, ProblemException {
    FullHttpRequest request = exchange.request();
    Query query = Query.of(exchange.uri());
    boolean isHandshake = Handshake.isRequested(request);
    boolean isSocketPath = query.path().equals("/ws") || query.path().equals("/ws/");
    if (isHandshake && request.content().isReadable()) {
      throw new MalformedRequestException(Handshake.HAS_BODY.error());
    }
    if (isHandshake && (query.path().equals("/") || isSocketPath)) {
      return webSocket(exchange);
    }
    if (isSocketPath) {
      FullHttpResponse response =
          Responses.error(HttpResponseStatus.UPGRADE_REQUIRED, "connect here with a WebSocket");
      response.headers().set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
      return Answer.now(response);
    }
    if (request.method().equals(HttpMethod.OPTIONS)) {
      return site.crossOrigin().options(request, ACTION_METHODS);
    }
    String file = file(request, query);
    return file == null ? actions.answer(exchange, query) : new Answer.File(file);
  }

  private Answer webSocket(WebExchange exchange) {
    FullHttpRequest request = exchange.request();
    Handshake.Refusal refusal = handshake.check(request, exchange.addressed());
    return refusal == null
        ? new Answer.WebSocket(site.defaultJoin())
        : Handshake.refused(Responses.error(refusal.status(), refusal.error()));
  }

  /** The path under /public of the file that is requested; null if an action is requested. */
  private @Nullable String file(FullHttpRequest request, Query query) {
    String path = query.rawPath();
    if (site.hasFilesAtRoot()) {
      return path.equals("/api") || path.startsWith("/api/") ? null : Site.PUBLIC_PATH + path;
    }
    boolean wantsPage =
        request.headers().getAll(HttpHeaderNames.ACCEPT).stream()
                .anyMatch(accept -> accept.contains("text/html"))
            && !query.params().containsKey("action");
    return path.equals("/") && wantsPage ? Site.PUBLIC_PATH + "/" : null;
  }
}
