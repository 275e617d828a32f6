package io.earshot.netty.admin;

import io.earshot.Measure;
import io.earshot.engine.Extensions.Route;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.publish.OpenApi;
import io.earshot.protocol.Json;
import io.earshot.spi.ExtensionContext.AdminRequest;
import io.earshot.spi.Visitor;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The table of the admin API: for each path the methods that work there, and what they do.
 *
 * <p>Immutable.
 */
final class AdminRoutes {
  private final Site site;

  /** The handlers by method, by the shape of the path; {@code *} stands for any name. */
  private final Map<String, Map<String, Handler>> table = new LinkedHashMap<>();

  private interface Handler {
    CompletionStage<AdminReply> reply(AdminCall call) throws ProblemException;
  }

  AdminRoutes(Site site) {
    this.site = site;
    var rooms = new AdminRooms(site);
    var connections = new AdminConnections(site.engine().api(), site.engine().monitor());
    var measures = new AdminMeasures(site.engine().api().moderation());
    var overview = new AdminOverview(site.engine().monitor());
    add("GET", "status", ignored -> status());
    add("GET", "key", call -> key(call).now());
    add("GET", "overview", call -> overview.now(call).now());
    add("GET", "history", call -> overview.history(call).now());
    add("GET", "slow", overview::slow);
    add("GET", "closed", call -> overview.closed(call).now());
    add("GET", "rooms", rooms::list);
    add("GET", "rooms/*", rooms::find);
    add("DELETE", "rooms/*", rooms::close);
    add("GET", "rooms/*/messages", rooms::read);
    add("POST", "rooms/*/messages", rooms::say);
    add("POST", "publish", rooms::publish);
    add("GET", "presence", rooms::presence);
    add("GET", "openapi.json", ignored -> AdminReply.ok(OpenApi.document()).now());
    add("GET", "connections", call -> connections.list(call).now());
    add("GET", "connections/*", connections::find);
    add("DELETE", "connections/*", connections::kick);
    add("PUT", "connections/*/rooms/*", call -> connections.move(call, true));
    add("DELETE", "connections/*/rooms/*", call -> connections.move(call, false));
    add("GET", "users/*", connections::findUser);
    add("PUT", "users/*/rooms/*", call -> connections.moveUser(call, true));
    add("DELETE", "users/*/rooms/*", call -> connections.moveUser(call, false));
    var log = new AdminLog(site.engine().program());
    add("GET", "log", ignored -> log.find().now());
    add("PUT", "log/*", call -> log.change(call).now());
    var drain = new AdminDrain(site);
    add("GET", "drain", ignored -> drain.find());
    add("POST", "drain", drain::begin);
    var explain = new AdminExplain(site);
    var traces = new AdminTraces(site.engine().traces());
    add("GET", "explain", explain::explain);
    add("POST", "traces", call -> traces.begin(call).now());
    add("GET", "traces/*", call -> traces.describe(call).now());
    add("DELETE", "traces/*", call -> traces.end(call).now());
    add("GET", "bans", call -> measures.list(call, Measure.Kind.BAN).now());
    add("POST", "bans", measures::ban);
    add("GET", "bans/*", call -> measures.find(call, Measure.Kind.BAN).now());
    add("DELETE", "bans/*", call -> measures.lift(call, Measure.Kind.BAN));
    add("GET", "mutes", call -> measures.list(call, Measure.Kind.MUTE).now());
    add("POST", "mutes", measures::mute);
    add("GET", "mutes/*", call -> measures.find(call, Measure.Kind.MUTE).now());
    add("DELETE", "mutes/*", call -> measures.lift(call, Measure.Kind.MUTE));
    add("GET", "closures", call -> measures.list(call, Measure.Kind.CLOSURE).now());
    add("GET", "closures/*", call -> measures.find(call, Measure.Kind.CLOSURE).now());
    add("DELETE", "closures/*", call -> measures.lift(call, Measure.Kind.CLOSURE));
    site.engine()
        .extensions()
        .routes()
        .forEach(route -> add(route.method(), route.shape(), new ExtensionRoute(route)::reply));
  }

  private void add(String method, String shape, Handler handler) {
    table.computeIfAbsent(shape, ignored -> new LinkedHashMap<>()).put(method, handler);
  }

  /** The methods of each path, by its shape. */
  Map<String, Set<String>> methods() {
    var methods = new LinkedHashMap<String, Set<String>>();
    table.forEach((shape, handlers) -> methods.put(shape, Set.copyOf(handlers.keySet())));
    return methods;
  }

  /** Does what a call asks for. A {@link ProblemException} fails the stage. */
  CompletionStage<AdminReply> reply(AdminCall call) {
    try {
      return handler(call).reply(call);
    } catch (ProblemException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private Handler handler(AdminCall call) throws ProblemException {
    Map<String, Handler> methods = table.get(call.shape());
    if (methods == null) {
      throw new ProblemException(HttpResponseStatus.NOT_FOUND, "there is no such thing here");
    }
    Handler handler = methods.get(call.method());
    if (handler == null) {
      throw ProblemException.methodNotAllowed(HttpMethod.valueOf(call.method()), allowed(methods));
    }
    return handler;
  }

  private static String allowed(Map<String, Handler> methods) {
    var allowed = new StringJoiner(", ");
    methods.keySet().forEach(method -> allowed.add(method.equals("GET") ? "GET, HEAD" : method));
    return allowed.toString();
  }

  /** What the key of the request may do. */
  private static AdminReply key(AdminCall call) {
    return AdminReply.ok(
        AdminPage.object("name", call.by().name(), "mayWrite", call.by().mayWrite()));
  }

  private CompletionStage<AdminReply> status() {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var visitor = new Visitor("admin", site.config().general().defaultChatRoom(), address);
    return site.engine()
        .http()
        .askOnce(visitor, "status")
        .thenApply(
            answer ->
                new AdminReply(
                    HttpResponseStatus.valueOf(answer.status()),
                    new Json.Obj(answer.fields()).encode(),
                    null));
  }

  /**
   * A path that an extension has added.
   *
   * <p>Immutable.
   */
  private record ExtensionRoute(Route route) {

    CompletionStage<AdminReply> reply(AdminCall call) {
      List<String> shape = List.of(route.shape().split("/", -1));
      var names = new ArrayList<String>();
      for (int i = 0; i < shape.size(); i++) {
        if (shape.get(i).equals("*")) {
          names.add(call.names().get(i));
        }
      }
      var query = new HashMap<String, String>();
      call.query().params().forEach((name, values) -> query.put(name, values.getFirst()));
      return CompletableFuture.completedFuture(new AdminRequest(names, query, call.body()))
          .thenCompose(route.reply())
          .handle(ExtensionRoute::reply)
          .thenCompose(reply -> reply);
    }

    private static CompletionStage<AdminReply> reply(
        @Nullable Json json, @Nullable Throwable failure) {
      if (json != null) {
        return AdminReply.ok(json).now();
      }
      Throwable cause = ProblemException.cause(failure);
      return CompletableFuture.failedStage(
          cause instanceof NoSuchElementException
              ? new ProblemException(
                  HttpResponseStatus.NOT_FOUND, String.valueOf(cause.getMessage()))
              : cause == null ? new IllegalStateException("no reply") : cause);
    }
  }
}
