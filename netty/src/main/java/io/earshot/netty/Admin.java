package io.earshot.netty;

import io.earshot.AddressRange;
import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Measure;
import io.earshot.Moderation;
import io.earshot.RefusedException;
import io.earshot.RoomCount;
import io.earshot.StandIn;
import io.earshot.Target;
import io.earshot.engine.Engine;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The admin API: what back ends and moderators ask over HTTP with a key. Requests are read and
 * judged on the event loop, and worked on virtual threads.
 *
 * <p>Thread-safe: what changes is in its keys and repeats.
 */
final class Admin {
  private static final System.Logger LOG = System.getLogger(Admin.class.getName());

  /** What all its paths begin with. */
  static final String PATH = "/admin/";

  /** What can be done with what. */
  private static final Map<String, String> METHODS =
      Map.ofEntries(
          Map.entry("status", "GET, HEAD"),
          Map.entry("rooms", "GET, HEAD"),
          Map.entry("rooms/*", "GET, HEAD, DELETE"),
          Map.entry("rooms/*/messages", "POST"),
          Map.entry("connections", "GET, HEAD"),
          Map.entry("connections/*", "GET, HEAD, DELETE"),
          Map.entry("bans", "GET, HEAD, POST"),
          Map.entry("bans/*", "GET, HEAD, DELETE"),
          Map.entry("mutes", "GET, HEAD, POST"),
          Map.entry("mutes/*", "GET, HEAD, DELETE"),
          Map.entry("closures", "GET, HEAD"),
          Map.entry("closures/*", "GET, HEAD, DELETE"));

  private final Doors doors;
  private final Engine earshot;
  private final Api api;
  private final Moderation moderation;
  private final Config.General general;
  private final AdminKeys keys;
  private final AdminRepeats repeats;
  private final Executor threads = Thread::startVirtualThread;

  Admin(Doors doors, Engine earshot, Config config) {
    this.doors = doors;
    this.earshot = earshot;
    this.api = earshot.api();
    this.moderation = api.moderation();
    this.general = config.general();
    this.keys = new AdminKeys(config.admin().keys(), config.admin().requestsPerSecond());
    this.repeats = new AdminRepeats(general.repeatWindow().toNanos());
  }

  /** Whether a path is one of these, or would be if it were right. */
  static boolean isOne(String path) {
    return path.startsWith(PATH);
  }

  /**
   * What is answered.
   *
   * @param body JSON
   * @param location the path of what was made, or null
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Said(HttpResponseStatus status, byte[] body, @Nullable String location) {
    static Said ok(Json json) {
      return new Said(HttpResponseStatus.OK, json.encode(), null);
    }
  }

  /** Says what to do for a request whose path {@link #isOne}. */
  RoomUrls.Answer answer(Channel channel, FullHttpRequest request) {
    try {
      if (doors.isFromAnotherSite(request)) {
        throw new ProblemException(
            HttpResponseStatus.FORBIDDEN, "pages of other sites have no business here");
      }
      long now = System.nanoTime();
      AdminKeys.Key key =
          keys.check(
              request.headers().get(HttpHeaderNames.AUTHORIZATION),
              doors.address(channel, request),
              now);
      AdminCall call = AdminCall.of(request);
      String path = request.uri();
      CompletableFuture<Said> work =
          call.key() == null
              ? work(key, call, path)
              : repeats.once(
                  key.name() + " " + call.key(), call.digest(), now, () -> work(key, call, path));
      return new RoomUrls.Later<>(work, Admin::words, false);
    } catch (ProblemException e) {
      return new RoomUrls.Now(e.response(), false);
    }
  }

  private CompletableFuture<Said> work(AdminKeys.Key key, AdminCall call, String path) {
    CompletableFuture<Said> work =
        CompletableFuture.supplyAsync(() -> routed(call), threads).thenCompose(said -> said);
    if (!call.method().equals("GET")) {
      // What was done is told whether or not anybody waits for the answer.
      var _ = work.whenComplete((said, failure) -> log(key, call, path, said, failure));
    }
    return work.copy(); // who waits no more cancels a copy
  }

  private static void log(
      AdminKeys.Key key,
      AdminCall call,
      String path,
      @Nullable Said said,
      @Nullable Throwable failure) {
    LOG.log(
        Level.INFO,
        "admin {0}: {1} {2}: {3}",
        key.name(),
        call.method(),
        path.replaceAll("[^!-~]", "?"),
        (said == null ? problem(failure).status() : said.status).code());
  }

  private CompletionStage<Said> routed(AdminCall call) {
    try {
      return route(call);
    } catch (ProblemException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private static FullHttpResponse words(@Nullable Said said, @Nullable Throwable failure) {
    if (said == null) {
      return problem(failure).response();
    }
    FullHttpResponse response = RoomUrls.json(said.status, said.body);
    if (said.location != null) {
      response.headers().set(HttpHeaderNames.LOCATION, said.location);
    }
    return response;
  }

  private static ProblemException problem(@Nullable Throwable failure) {
    Throwable cause = RoomUrls.cause(failure);
    return switch (cause) {
      case ProblemException problem -> problem;
      case IllegalArgumentException wrong ->
          ProblemException.badRequest(String.valueOf(wrong.getMessage()));
      case RefusedException refused ->
          new ProblemException(HttpResponseStatus.CONFLICT, String.valueOf(refused.getMessage()));
      case null, default -> RoomUrls.problem(cause);
    };
  }

  // --- what there is ---------------------------------------------------------------------------

  private CompletionStage<Said> route(AdminCall call) throws ProblemException {
    return switch (call.method() + " " + call.shape()) {
      case "GET status" -> status();
      case "GET rooms" -> rooms(call);
      case "GET rooms/*" -> room(call);
      case "DELETE rooms/*" -> closeRoom(call);
      case "POST rooms/*/messages" -> say(call);
      case "GET connections" -> now(connections(call));
      case "GET connections/*" -> now(connection(call));
      case "DELETE connections/*" -> kick(call);
      case "GET bans" -> now(measures(call, moderation.bans()));
      case "GET mutes" -> now(measures(call, moderation.mutes()));
      case "GET closures" -> now(measures(call, moderation.closures()));
      case "POST bans" -> {
        call.only("target", "seconds", "reason");
        yield made(moderation.ban(call.target(), call.time(), call.reason()), "bans/");
      }
      case "POST mutes" -> {
        call.only("target", "room", "seconds", "reason");
        yield made(
            moderation.mute(call.target(), call.roomIfAny(), call.time(), call.reason()), "mutes/");
      }
      case "GET bans/*" -> now(Said.ok(found(call, Measure.Kind.BAN).toJson()));
      case "GET mutes/*" -> now(Said.ok(found(call, Measure.Kind.MUTE).toJson()));
      case "GET closures/*" -> now(Said.ok(found(call, Measure.Kind.CLOSURE).toJson()));
      case "DELETE bans/*" -> lift(found(call, Measure.Kind.BAN));
      case "DELETE mutes/*" -> lift(found(call, Measure.Kind.MUTE));
      case "DELETE closures/*" -> lift(found(call, Measure.Kind.CLOSURE));
      default -> throw none(call);
    };
  }

  private static ProblemException none(AdminCall call) {
    String methods = METHODS.get(call.shape());
    return methods == null
        ? new ProblemException(HttpResponseStatus.NOT_FOUND, "there is no such thing here")
        : new ProblemException(
            HttpResponseStatus.METHOD_NOT_ALLOWED,
            call.method() + " does not work here; " + methods,
            Map.of("allow", methods));
  }

  private static CompletionStage<Said> now(Said said) {
    return CompletableFuture.completedStage(said);
  }

  private CompletionStage<Said> status() {
    var nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var visitor = new Visitor("admin", general.defaultChatRoom(), nobody);
    return earshot
        .askApart(visitor, "status")
        .thenApply(
            answer ->
                new Said(
                    HttpResponseStatus.valueOf(answer.status()),
                    new Json.Obj(answer.fields()).encode(),
                    null));
  }

  // --- rooms -----------------------------------------------------------------------------------

  private CompletionStage<Said> rooms(AdminCall call) throws ProblemException {
    int limit = call.limit();
    return api.chatRoom()
        .rooms(call.after(), limit + 1)
        .thenApply(
            page ->
                paged(
                    "rooms",
                    page,
                    limit,
                    RoomCount::room,
                    each ->
                        Json.from(ordered("room", each.room(), "membersCount", each.members()))));
  }

  private CompletionStage<Said> room(AdminCall call) throws ProblemException {
    return api.chatRoom()
        .socketRoomStatus(call.room())
        .thenApply(
            status ->
                new Said(
                    HttpResponseStatus.OK, RoomUrls.fitting(status, doors.longestAnswer()), null));
  }

  private CompletionStage<Said> closeRoom(AdminCall call) throws ProblemException {
    call.only("seconds", "reason");
    Duration time = call.body().containsKey("seconds") ? call.time() : Duration.ZERO;
    return moderation
        .closeRoom(call.room(), time, call.reason())
        .thenApply(closure -> Said.ok(closure.toJson()));
  }

  private CompletionStage<Said> say(AdminCall call) throws ProblemException {
    call.only("message", "from", "match");
    Json message = call.body().get("message");
    if (message == null) {
      throw ProblemException.badRequest("a message is required");
    }
    if (message.encode().length > doors.longestMessage()) {
      throw new ProblemException(
          HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
          "a message has at most " + doors.longestMessage() + " bytes");
    }
    String from = call.text("from");
    String room = call.room();
    var sender =
        new StandIn(room, Json.of(from == null ? general.serverName() : from), match(call));
    return api.chatRoom()
        .socketRoomBroadcast(sender, message)
        .thenApply(
            _ ->
                new Said(
                    HttpResponseStatus.CREATED, Json.from(Map.of("room", room)).encode(), null));
  }

  private static @Nullable Audience match(AdminCall call) throws ProblemException {
    return switch (call.body().get("match")) {
      case null -> null;
      case Json.Obj match
          when match.fields().size() == 2
              && match.get("key") instanceof Json.Text(String key)
              && match.get("value") instanceof Json.Text(String value) ->
          new Audience(key, value);
      default -> throw ProblemException.badRequest("match is {\"key\":TEXT,\"value\":TEXT}");
    };
  }

  // --- connections -----------------------------------------------------------------------------

  private Said connections(AdminCall call) throws ProblemException {
    String room = call.param("room");
    String range = call.param("address");
    Predicate<Connection> isAsked = each -> room == null || each.room().equals(room);
    if (range != null && Target.address(range) instanceof Target.Address(AddressRange in)) {
      isAsked = isAsked.and(each -> in.contains(address(each)));
    }
    int limit = call.limit();
    List<Connection> page =
        first(api.connections().stream().filter(isAsked), Connection::id, call.after(), limit + 1);
    return paged("connections", page, limit, Connection::id, Admin::said);
  }

  private static InetAddress address(Connection connection) {
    InetAddress address =
        connection.remoteAddress() instanceof InetSocketAddress socket ? socket.getAddress() : null;
    if (address == null) {
      return new InetSocketAddress(0).getAddress();
    }
    return AddressRange.of(address, address.getAddress().length * Byte.SIZE).start();
  }

  private static Json said(Connection connection) {
    return Json.from(
        ordered(
            "id",
            connection.id(),
            "transport",
            connection.transport().name().toLowerCase(Locale.ROOT),
            "room",
            connection.room(),
            "address",
            address(connection).getHostAddress(),
            "connectedAt",
            connection.connectedAt().toEpochMilli(),
            "attributes",
            new TreeMap<>(connection.attributes())));
  }

  private Said connection(AdminCall call) throws ProblemException {
    return Said.ok(
        api.connection(call.name()).map(Admin::said).orElseThrow(() -> nobody("on this server")));
  }

  private static ProblemException nobody(String where) {
    return new ProblemException(
        HttpResponseStatus.NOT_FOUND, "nobody of this id is connected " + where);
  }

  private CompletionStage<Said> kick(AdminCall call) throws ProblemException {
    call.only("reason");
    return moderation
        .kick(call.name(), call.reason())
        .thenCompose(
            isDone ->
                isDone
                    ? now(Said.ok(Json.from(Map.of("id", call.name()))))
                    : CompletableFuture.failedStage(nobody("anywhere")));
  }

  // --- bans, mutes, closures -------------------------------------------------------------------

  private static Said measures(AdminCall call, List<Measure> all) throws ProblemException {
    int limit = call.limit();
    List<Measure> page = first(all.stream(), Measure::id, call.after(), limit + 1);
    String name = call.names().getFirst();
    return paged(name, page, limit, Measure::id, Measure::toJson);
  }

  private static CompletionStage<Said> made(CompletionStage<Measure> made, String where) {
    return made.thenApply(
        measure ->
            new Said(
                HttpResponseStatus.CREATED,
                measure.toJson().encode(),
                PATH + where + measure.id()));
  }

  private Measure found(AdminCall call, Measure.Kind kind) throws ProblemException {
    Measure found = moderation.find(call.name());
    if (found == null || found.kind() != kind) {
      throw new ProblemException(
          HttpResponseStatus.NOT_FOUND, "there is none of this id, or it is over");
    }
    return found;
  }

  private CompletionStage<Said> lift(Measure measure) {
    return moderation.lift(measure.id()).thenApply(_ -> Said.ok(measure.toJson()));
  }

  // --- pages -----------------------------------------------------------------------------------

  /** The first by name, after a name; without sorting all there are. */
  private static <T> List<T> first(
      Stream<T> all, Function<T, String> name, String after, int limit) {
    var first = new TreeMap<String, T>();
    all.forEach(
        each -> {
          String its = name.apply(each);
          if (its.compareTo(after) > 0
              && (first.size() < limit || its.compareTo(first.lastKey()) < 0)) {
            first.put(its, each);
            if (first.size() > limit) {
              first.pollLastEntry();
            }
          }
        });
    return List.copyOf(first.values());
  }

  /** A page, and where the next begins, if there is one. */
  private static <T> Said paged(
      String what, List<T> page, int limit, Function<T, String> name, Function<T, Json> words) {
    var items = new ArrayList<Json>();
    page.stream().limit(limit).map(words).forEach(items::add);
    var fields = new LinkedHashMap<String, Object>();
    fields.put(what, items);
    if (page.size() > limit) {
      fields.put("next", name.apply(page.get(limit - 1)));
    }
    return Said.ok(Json.from(fields));
  }

  private static Map<String, Object> ordered(Object... namesAndValues) {
    var fields = new LinkedHashMap<String, Object>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }
}
