package io.earshot.client;

import static io.earshot.client.MessageFields.number;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to its server, over one {@link Transport} after another.
 *
 * <p>Thread-safe: one lock guards this object, its {@link Session}, {@link Login}, {@link Rooms}
 * and {@link Requests}. No thread waits for the network or calls code of the program while it holds
 * the lock: futures are completed, and events published, on virtual threads.
 */
final class Connection {

  /** The close codes after which a client does not connect again; see docs/protocol.md. */
  private static final Set<Integer> FINAL_CODES = Set.of(1000, 1002, 1007, 1008, 4000);

  /** The reasons in the server's last message after which it does, where there is no close code. */
  private static final Pattern NOT_FINAL =
      Pattern.compile("(server shutdown|idle for|too far behind|internal error).*");

  /** The close code for a client that the server refuses. */
  private static final int REFUSED = 1008;

  private final URI uri;
  private final Backoff backoff;
  private final Duration heartbeat;
  private final ReentrantLock lock = new ReentrantLock();
  private final SubmissionPublisher<State> states = new SubmissionPublisher<>(Threads.PER_TASK, 16);
  private final CompletableFuture<@Nullable Void> opened = new CompletableFuture<>();
  private final Endpoint endpoint;
  private final Requests requests;
  private final Rooms rooms;
  private final Memberships memberships;
  private final Login login;
  private final Session session;
  private final RoomNotices notices;

  private State state = State.CONNECTING;
  private Attempt attempt;
  private int failures;

  /** How long the server asked to wait before the next attempt, in milliseconds. */
  private @Nullable Long reconnectAfter;

  /** The reason that the server gave for the end of the transport; null if it gave none. */
  private @Nullable String goodbye;

  /** Why the server has closed this client for good; null if it has not. */
  private @Nullable String dismissal;

  Connection(Settings settings) {
    this.uri = settings.uri();
    this.backoff = settings.backoff();
    this.heartbeat = settings.heartbeat();
    this.attempt = newAttempt();
    this.endpoint = new Endpoint(settings);
    this.requests = new Requests(this, settings);
    this.rooms = new Rooms(this, settings);
    var tokens = new RoomTokens(this, settings);
    this.memberships = new Memberships(this, requests, rooms, tokens, settings);
    this.login = new Login(this, requests, rooms, memberships, settings);
    this.session = new Session(this, requests, rooms, memberships, login, settings);
    this.notices = new RoomNotices(rooms, tokens, session, login, settings);
  }

  // --- the lock --------------------------------------------------------------------------------

  void locked(Runnable task) {
    lock.lock();
    try {
      task.run();
    } finally {
      lock.unlock();
    }
  }

  /** Computes a value under the lock. */
  <T extends @Nullable Object> T read(Supplier<T> value) {
    lock.lock();
    try {
      return value.get();
    } finally {
      lock.unlock();
    }
  }

  /** Runs a task under the lock after a delay. */
  void later(long millis, Runnable task) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, Threads.PER_TASK)
        .execute(() -> locked(task));
  }

  // --- transports ------------------------------------------------------------------------------

  /**
   * Opens the connection. The stage fails if the first attempt does; if the server refuses the
   * login, if the second one does.
   */
  CompletionStage<@Nullable Void> open() {
    locked(this::connect);
    return opened;
  }

  private Attempt newAttempt() {
    return new Attempt(this, heartbeat);
  }

  private void connect() {
    if (state == State.CLOSED) {
      return;
    }
    Attempt next = newAttempt();
    attempt = next;
    login.load(
        (token, failure) -> {
          if (failure == null) {
            connect(next, token);
          } else {
            disconnected(next, 0, String.valueOf(failure.getMessage()));
          }
        });
  }

  private void connect(Attempt next, @Nullable String token) {
    if (!endpoint.showsLogin()) {
      next.showLater(token);
    }
    CompletionStage<? extends Transport> opening;
    try {
      opening = endpoint.open(token, rooms.inbox().events().known(), next);
    } catch (IllegalArgumentException e) {
      fail(e);
      return;
    }
    var unused =
        opening.whenComplete(
            (open, failure) ->
                locked(
                    () -> {
                      if (failure == null) {
                        next.opened(open);
                      } else {
                        disconnected(next, 0, Transport.reason(failure));
                      }
                    }));
  }

  /** The server refuses this client on the current transport, or may take it in a moment. */
  void refused(String reason) {
    Attempt refused = attempt;
    refused.close();
    long wait = Requests.waitBeforeRepeating(reason);
    reconnectAfter = wait < 0 ? null : Long.valueOf(wait);
    disconnected(refused, wait < 0 ? REFUSED : 0, reason);
  }

  void disconnected(Attempt ended, int code, String reason) {
    if (attempt != ended || state == State.CLOSED) {
      return;
    }
    String told = goodbye;
    goodbye = null;
    boolean isFinal =
        code == 0
            ? told != null && reconnectAfter == null && !NOT_FINAL.matcher(told).matches()
            : FINAL_CODES.contains(code);
    boolean isRepeated = isFinal && login.mayShowAnother();
    if (isFinal && !isRepeated && opened.isDone()) {
      dismissal = told == null ? reason : told;
      end();
      return;
    }
    attempt = newAttempt(); // never opened: nothing is sent or received until the next attempt
    rooms.disconnected();
    login.disconnected();
    requests.disconnected(reason);
    if (!opened.isDone() && !isRepeated) {
      String what = isFinal ? "refused by the server at " : "no server at ";
      fail(new EarshotException(what + uri + ": " + reason));
      return;
    }
    become(State.RECONNECTING);
    long wait = reconnectAfter != null ? reconnectAfter : backoff.millis(failures);
    reconnectAfter = null;
    failures++;
    later(wait, this::connect);
  }

  /** The client was not connected, and tries no more. */
  private void fail(RuntimeException failure) {
    state = State.CLOSED;
    endpoint.close();
    Futures.fail(opened, failure);
  }

  /** Opens the connection to the program: the server knows the client and its rooms again. */
  void ready() {
    failures = 0;
    login.ready();
    become(State.OPEN);
    Futures.complete(opened, null);
    memberships.enterMissing();
    requests.flush();
  }

  private void become(State next) {
    if (state != next) {
      state = next;
      states.offer(next, (subscriber, dropped) -> false);
    }
  }

  /** Sends a text over the current transport, or once it is open. */
  void send(String text) {
    attempt.send(text);
  }

  Attempt current() {
    return attempt;
  }

  /** Whether an attempt is the current one, of a client that is not closed. */
  boolean isCurrent(Attempt other) {
    return attempt == other && state != State.CLOSED;
  }

  /** Whether a transport is open. False while requests of a lost transport fail. */
  boolean hasTransport() {
    return attempt.isOpen();
  }

  boolean isOpen() {
    return state == State.OPEN;
  }

  boolean isClosed() {
    return state == State.CLOSED;
  }

  // --- what the server sends -------------------------------------------------------------------

  void received(String text) {
    Json.Obj message = MessageFields.parsed(text);
    if (message == null) {
      return; // not this protocol: the attempt fails when requests are not answered
    }
    switch (text(message, "context")) {
      case "api" -> {
        if (message.get("limits") instanceof Json.Obj limits) {
          requests.limit(number(limits, "messageBytes"));
        }
        session.welcomed(message, attempt.welcomed());
      }
      case "response" -> answered(message);
      case "user" -> notices.received(message);
      case "gap" -> notices.gap(message);
      case "signal" -> notices.signal(message);
      case "token" -> notices.token(message);
      case "room" -> notices.room(message);
      default -> {}
    }
  }

  private void answered(Json.Obj reply) {
    if (reply.get("messageId") instanceof Json.Text messageId) {
      requests.answered(messageId.value(), reply);
      return;
    }
    if (text(reply, "status").equals("Bye!")) {
      goodbye = text(reply, "reason");
    }
    if (reply.get("reconnectAfter") instanceof Json.Num) {
      reconnectAfter = number(reply, "reconnectAfter");
    }
    requests.refuseTooLong(text(reply, "error"));
  }

  // --- what the program calls ------------------------------------------------------------------

  Requests requests() {
    return requests;
  }

  Memberships memberships() {
    return memberships;
  }

  Subscription onInbox(Consumer<Event> handler) {
    return read(() -> rooms.inbox().events().subscribe(handler));
  }

  @Nullable Cursor inboxStart() {
    return read(rooms.inbox()::start);
  }

  @Nullable User user() {
    return read(login::user);
  }

  String id() {
    return read(session::id);
  }

  State state() {
    return read(() -> state);
  }

  Flow.Publisher<State> states() {
    return states;
  }

  void close() {
    locked(
        () -> {
          if (state == State.CLOSED) {
            return;
          }
          attempt.quit();
          end();
        });
  }

  private void end() {
    become(State.CLOSED);
    states.close();
    requests.close();
    rooms.close();
    endpoint.close();
  }

  /** The failure of each request to a closed client. */
  EarshotException closedFailure() {
    return new EarshotException(
        dismissal == null
            ? "this client is closed"
            : "the server closed this client: " + dismissal);
  }
}
