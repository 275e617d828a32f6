package io.earshot.client;

import static io.earshot.client.MessageFields.number;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Json;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to its server, over one {@link Transport} after another.
 *
 * <p>Thread-safe: one lock guards this object and its {@link Session}, {@link Rooms} and {@link
 * Requests}. No thread waits for the network or calls code of the program while it holds the lock:
 * futures are completed, and events published, on virtual threads.
 */
final class Connection {

  /** The time between two pings, in milliseconds. */
  private static final long PING_INTERVAL = 25_000;

  /** How long the server may take to send its welcome, in milliseconds. */
  private static final long WELCOME_TIMEOUT = 10_000;

  private final URI uri;
  private final Backoff backoff;
  private final ReentrantLock lock = new ReentrantLock();
  private final SubmissionPublisher<State> states = new SubmissionPublisher<>(Futures.THREADS, 16);
  private final CompletableFuture<@Nullable Void> opened = new CompletableFuture<>();
  private final Requests requests;
  private final Rooms rooms;
  private final Session session;

  private State state = State.CONNECTING;
  private Attempt attempt = new Attempt();
  private int failures;

  /** How long the server asked to wait before the next attempt, in milliseconds. */
  private @Nullable Long reconnectAfter;

  Connection(
      URI uri, Function<String, @Nullable String> tokens, Backoff backoff, Duration patience) {
    this.uri = uri;
    this.backoff = backoff;
    this.requests = new Requests(this, patience);
    this.rooms = new Rooms(this, requests, tokens, backoff, patience);
    this.session = new Session(this, requests, rooms);
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
  <T> T read(Supplier<T> value) {
    lock.lock();
    try {
      return value.get();
    } finally {
      lock.unlock();
    }
  }

  /** Runs a task under the lock after a delay. */
  void later(long millis, Runnable task) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, Futures.THREADS)
        .execute(() -> locked(task));
  }

  // --- transports ------------------------------------------------------------------------------

  /** One transport, from the attempt to open it to its end. Guarded by the connection's lock. */
  final class Attempt implements Transport.Receiver {
    private final List<String> unsent = new ArrayList<>();
    private @Nullable Transport transport;

    /** Whether the server has sent anything. If it sends nothing, the attempt has failed. */
    private boolean hasReceived;

    private void send(String text) {
      if (transport == null) {
        unsent.add(text);
      } else {
        transport.send(text);
      }
    }

    @Override
    public void received(String text) {
      locked(
          () -> {
            if (attempt == this && state != State.CLOSED) {
              hasReceived = true;
              Connection.this.received(text);
            }
          });
    }

    @Override
    public void ended(String reason) {
      locked(() -> disconnected(this, reason));
    }

    private void opened(Transport open) {
      if (attempt != this || state == State.CLOSED) {
        open.close();
        return;
      }
      transport = open;
      unsent.forEach(open::send);
      unsent.clear();
      keepAlive(open);
      later(
          WELCOME_TIMEOUT,
          () -> {
            if (attempt == this && !hasReceived) {
              open.close();
              disconnected(this, "the server sent no welcome in " + WELCOME_TIMEOUT + " ms");
            }
          });
    }

    private void keepAlive(Transport open) {
      later(
          PING_INTERVAL,
          () -> {
            if (attempt == this && state != State.CLOSED) {
              open.ping();
              keepAlive(open);
            }
          });
    }
  }

  /** Opens the connection. The stage fails if the first attempt does. */
  CompletionStage<@Nullable Void> open() {
    locked(this::connect);
    return opened;
  }

  private void connect() {
    if (state == State.CLOSED) {
      return;
    }
    var next = new Attempt();
    attempt = next;
    CompletionStage<? extends Transport> opening;
    try {
      opening = Transport.open(uri, next);
    } catch (IllegalArgumentException e) {
      state = State.CLOSED;
      opened.completeExceptionally(e);
      return;
    }
    var _ =
        opening.whenComplete(
            (open, failure) ->
                locked(
                    () -> {
                      if (failure == null) {
                        next.opened(open);
                      } else {
                        disconnected(next, Transport.reason(failure));
                      }
                    }));
  }

  private void disconnected(Attempt ended, String reason) {
    if (attempt != ended || state == State.CLOSED) {
      return;
    }
    attempt = new Attempt(); // never opened: nothing is sent or received until the next attempt
    rooms.disconnected();
    requests.disconnected(reason);
    if (!opened.isDone()) {
      state = State.CLOSED;
      Futures.fail(opened, new EarshotException("no server at " + uri + ": " + reason));
      return;
    }
    become(State.RECONNECTING);
    long wait = reconnectAfter != null ? reconnectAfter : backoff.millis(failures);
    reconnectAfter = null;
    failures++;
    later(wait, this::connect);
  }

  /** Opens the connection to the program: the server knows the client and its rooms again. */
  void ready() {
    failures = 0;
    become(State.OPEN);
    Futures.complete(opened, null);
    rooms.enterMissing();
    requests.flush();
  }

  private void become(State next) {
    if (state != next) {
      state = next;
      states.offer(next, (_, _) -> false);
    }
  }

  /** Sends a text over the current transport, or once it is open. */
  void send(String text) {
    attempt.send(text);
  }

  Attempt current() {
    return attempt;
  }

  boolean isCurrent(Attempt other) {
    return attempt == other;
  }

  /** Whether a transport is open. False while requests of a lost transport fail. */
  boolean hasTransport() {
    return attempt.transport != null;
  }

  boolean isOpen() {
    return state == State.OPEN;
  }

  boolean isClosed() {
    return state == State.CLOSED;
  }

  // --- what the server sends -------------------------------------------------------------------

  private void received(String text) {
    Json.Obj message = MessageFields.parsed(text);
    if (message == null) {
      return; // not this protocol: the attempt fails when requests are not answered
    }
    switch (text(message, "context")) {
      case "api" -> session.welcomed(message);
      case "response" -> answered(message);
      case "user" -> rooms.received(message, session);
      case "gap" -> rooms.gap(message);
      case "token" -> rooms.token(message);
      case "room" -> rooms.closed(message);
      default -> {}
    }
  }

  private void answered(Json.Obj reply) {
    if (reply.get("messageId") instanceof Json.Text(String messageId)) {
      requests.answered(messageId, reply);
      return;
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

  Rooms rooms() {
    return rooms;
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
          become(State.CLOSED);
          states.close();
          Transport transport = attempt.transport;
          if (transport != null) {
            transport.send("{\"event\":\"quit\"}");
            transport.close();
          }
          requests.close();
          rooms.close();
        });
  }

  /** The failure of each request to a closed client. */
  static EarshotException closedFailure() {
    return new EarshotException("this client is closed");
  }
}
