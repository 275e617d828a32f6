package io.earshot.netty.admin;

import io.earshot.RefusedException;
import io.earshot.netty.console.ConsoleStreams;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.netty.room.RoomUrl;
import io.earshot.stats.Incidents.Incident;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The admin API, which back ends and moderators call over HTTP with a key. Requests are read and
 * their keys checked on the event loop; the work is done on virtual threads.
 *
 * <p>Thread-safe: only its keys and repeats change, and each has a lock.
 */
public final class Admin {
  private static final System.Logger LOG = System.getLogger(Admin.class.getName());

  private final AdminRoutes routes;
  private final AdminKeys keys;
  private final ConsoleStreams streams;
  private final AdminTraces traces;
  private final long start = System.nanoTime();
  private final AdminRepeats repeats;
  private final Executor threads = Thread::startVirtualThread;

  public Admin(Site site) {
    this.routes = new AdminRoutes(site);
    this.traces = new AdminTraces(site.engine().traces());
    this.keys =
        new AdminKeys(
            site.config().admin(), address -> site.engine().note(Incident.WRONG_KEY, address));
    this.streams = new ConsoleStreams(site);
    this.repeats = new AdminRepeats(site.config().general().repeatWindow().toNanos());
  }

  /** Whether a path belongs to the admin API, right or wrong. */
  public static boolean matches(String path) {
    return path.startsWith(Site.ADMIN_PATH);
  }

  /** Answers a request whose path {@link #matches}. */
  public Answer answer(WebExchange exchange) throws ProblemException {
    if (exchange.isFromAnotherOrigin()) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN, "pages of other sites have no business here");
    }
    exchange.checkLogin(false);
    AdminKeys.Key key =
        keys.check(exchange.headers(), exchange.user(), exchange.address().getAddress(), now());
    if (!exchange.isRead() && !key.mayWrite()) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN,
          key.name() + " may read here, and change nothing (admin.readKeys, admin.readUsers)");
    }
    AdminCall call = AdminCall.of(exchange.request(), key);
    if (call.shape().equals("stream")) {
      String room = call.param("room");
      return streams.open(exchange, room == null ? null : RoomUrl.valid(room));
    }
    if (traces.isStream(call) && !exchange.isHead()) {
      return traces.stream(call, exchange.headers());
    }
    CompletableFuture<AdminReply> work =
        call.key() == null
            ? work(key, call)
            : repeats.once(
                key.name() + " " + call.key(),
                call.digest(),
                System.nanoTime(),
                () -> work(key, call));
    return Answer.later(work, Admin::response);
  }

  /** Milliseconds since the start by a clock that nobody sets, plus one: 0 is a new bucket. */
  private long now() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + 1;
  }

  private CompletableFuture<AdminReply> work(AdminKeys.Key key, AdminCall call) {
    CompletableFuture<AdminReply> work =
        CompletableFuture.supplyAsync(() -> routes.reply(call), threads)
            .thenCompose(reply -> reply);
    if (!call.method().equals("GET")) {
      // Logged whether or not the client still waits for the answer.
      var unused = work.whenComplete((reply, failure) -> log(key, call, reply, failure));
    }
    return work.copy(); // a client that leaves cancels the copy
  }

  private static void log(
      AdminKeys.Key key, AdminCall call, @Nullable AdminReply reply, @Nullable Throwable failure) {
    // Messages are what a back end is for: they would fill the log.
    LOG.log(
        reply != null && call.isSay() ? Level.DEBUG : Level.INFO,
        "admin {0}: {1} {2}: {3}",
        key.name(),
        call.method(),
        call.uri().replaceAll("[^!-~]", "?"),
        (reply == null ? problem(failure).status() : reply.status()).code());
  }

  private static FullHttpResponse response(
      @Nullable AdminReply reply, @Nullable Throwable failure) {
    if (reply == null) {
      return Responses.problem(problem(failure));
    }
    FullHttpResponse response = Responses.json(reply.status(), reply.body());
    if (reply.location() != null) {
      response.headers().set(HttpHeaderNames.LOCATION, reply.location());
    }
    return response;
  }

  private static ProblemException problem(@Nullable Throwable failure) {
    Throwable cause = ProblemException.cause(failure);
    return switch (cause) {
      case ProblemException problem -> problem;
      case IllegalArgumentException wrong ->
          ProblemException.badRequest(String.valueOf(wrong.getMessage()));
      case RefusedException refused ->
          new ProblemException(HttpResponseStatus.CONFLICT, String.valueOf(refused.getMessage()));
      case null, default -> ProblemException.of(cause);
    };
  }
}
