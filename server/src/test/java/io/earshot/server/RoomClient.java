package io.earshot.server;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A client in one room, over TCP or WebSocket. It records all messages of the room, also over
 * several connections one after the other.
 *
 * <p>Thread-safe: all clients share one lock, so that a test can wait for what several clients
 * receive.
 */
final class RoomClient implements AutoCloseable {
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final Condition CHANGED = LOCK.newCondition();

  /** A message of the room, and when it was received. */
  record Received(String text, String from, Cursor place, long at) {}

  /** Offsets that may be missing, as the server announces them. */
  record Gap(String epoch, long from, long to) {}

  private final String name;
  private final String room;
  private final boolean isWebSocket;
  private final BiConsumer<RoomClient, Received> listener;

  // Under the lock.
  private final List<Received> received = new ArrayList<>();
  private final List<Received> moves = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private final Map<Long, CompletableFuture<Json.Obj>> asked = new HashMap<>();
  private Peer peer;
  private @Nullable ClientLine line;
  private Json.@Nullable Obj welcome;
  private Json.@Nullable Obj closing;
  private boolean ended;
  private long count;
  private int connections;
  private String id = "";

  /** Connects, and enters the room. */
  RoomClient(
      String name,
      Peer peer,
      String room,
      boolean isWebSocket,
      BiConsumer<RoomClient, Received> listener) {
    this.name = name;
    this.peer = peer;
    this.room = room;
    this.isWebSocket = isWebSocket;
    this.listener = listener;
    connect(peer);
    Json.Obj answer = enter(null);
    if (answer.get("error") != null) {
      throw new AssertionError(name + ": " + LineClient.encoded(answer));
    }
  }

  /** Connects, and enters the room. */
  RoomClient(String name, Peer peer, String room) {
    this(name, peer, room, false, (_, _) -> {});
  }

  /** Runs a task under the lock of all clients, and wakes those who wait. */
  static void locked(Runnable task) {
    LOCK.lock();
    try {
      task.run();
      CHANGED.signalAll();
    } finally {
      LOCK.unlock();
    }
  }

  /** Waits for a condition on what clients have received; returns whether it holds in time. */
  static boolean comes(Duration patience, BooleanSupplier condition) throws InterruptedException {
    return Await.signalled(LOCK, CHANGED, patience, condition);
  }

  /** Waits for a condition on what clients have received. */
  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    if (!comes(Await.LIMIT, condition)) {
      throw new AssertionError("not within " + Await.LIMIT + ": " + what);
    }
  }

  // --- connecting --------------------------------------------------------------------------------

  /** Connects to a server and waits for the welcome; open requests of the old connection fail. */
  void connect(Peer next) {
    int connection = begin(next);
    // Not under the lock: a WebSocket calls its listener before it is connected.
    var receiver = new Receiver(connection);
    ClientLine opened =
        isWebSocket ? ClientLine.webSocket(next, receiver) : ClientLine.tcp(next, receiver);
    locked(() -> line = opened);
    try {
      await("the welcome of " + next + " for " + name, () -> welcome != null || ended);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    locked(
        () -> {
          if (welcome == null) {
            throw new AssertionError(name + " received no welcome");
          }
        });
    Json.Obj details = ask(Map.of("event", "detailsView"));
    locked(() -> id = JsonFields.text(details, "data", "id"));
  }

  private int begin(Peer next) {
    LOCK.lock();
    try {
      leave();
      peer = next;
      welcome = null;
      closing = null;
      ended = false;
      count = 0;
      return ++connections;
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * Passes on what arrives on one connection, unless there is a newer one.
   *
   * <p>Immutable.
   */
  private final class Receiver implements ClientLine.Receiver {
    private final int connection;

    Receiver(int connection) {
      this.connection = connection;
    }

    @Override
    public void text(String json) {
      take(json, connection);
    }

    @Override
    public void end() {
      RoomClient.this.end(connection);
    }
  }

  private void end(int connection) {
    locked(
        () -> {
          if (connection == connections) {
            ended = true;
            failAll();
          }
        });
  }

  private void failAll() {
    var open = List.copyOf(asked.values());
    asked.clear();
    open.forEach(each -> each.completeExceptionally(new IOException("the connection has ended")));
  }

  /** Closes the connection without "quit". */
  void cut() {
    locked(
        () -> {
          leave();
          ended = true;
        });
  }

  private void leave() {
    connections++;
    if (line != null) {
      line.close();
      line = null;
    }
    failAll();
  }

  // --- asking ------------------------------------------------------------------------------------

  /** Sends a request; the stage fails if the connection ends before the answer arrives. */
  CompletableFuture<Json.Obj> send(Map<String, ?> question) {
    var answer = new CompletableFuture<Json.Obj>();
    LOCK.lock();
    try {
      if (line == null || ended) {
        answer.completeExceptionally(new IOException("there is no connection"));
      } else {
        asked.put(++count, answer);
        line.send(LineClient.encoded(question));
      }
    } catch (IOException e) {
      // The reader of the connection notices the end as well, and fails the request.
    } finally {
      LOCK.unlock();
    }
    return answer;
  }

  /** Sends a request and waits for the answer. */
  Json.Obj ask(Map<String, ?> question) {
    try {
      return send(question).get(Await.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError(name + " asks " + peer + " for " + question, e);
    }
  }

  /** Enters the room. */
  Json.Obj enter(@Nullable Cursor after) {
    var question = new LinkedHashMap<String, Object>();
    question.put("event", "roomChange");
    question.put("room", room);
    if (after != null) {
      question.put("after", after.toString());
    }
    return ask(question);
  }

  Json.Obj say(String text) {
    return ask(Map.of("event", "say", "message", text));
  }

  /** The ids of the members, as the server lists them. */
  List<String> members() {
    Json.Obj answer = ask(Map.of("event", "roomView"));
    if (!(answer.get("roomStatus") instanceof Json.Obj status)
        || !(status.get("members") instanceof Json.Array members)) {
      throw new AssertionError(name + " at " + peer + ": " + LineClient.encoded(answer));
    }
    return members.items().stream().map(each -> ((Json.Text) each).value()).toList();
  }

  // --- receiving ---------------------------------------------------------------------------------

  private void take(String json, int connection) {
    long now = System.nanoTime();
    try {
      var message = (Json.Obj) Json.parse(json);
      locked(
          () -> {
            if (connection == connections) {
              take(message, now);
            }
          });
    } catch (MalformedJsonException e) {
      throw new AssertionError(json, e);
    }
  }

  private void take(Json.Obj message, long now) {
    switch (JsonFields.text(message, "context")) {
      case "api" -> welcome = message;
      case "response" -> {
        if (message.get("status") instanceof Json.Text(String status) && status.equals("Bye!")) {
          closing = message;
        }
        if (message.get("messageCount") != null) {
          CompletableFuture<Json.Obj> answer =
              asked.remove(JsonFields.number(message, "messageCount"));
          if (answer != null) {
            answer.complete(message);
          }
        }
      }
      case "user" -> {
        if (JsonFields.text(message, "room").equals(room)) {
          record(message, now);
        }
      }
      case "gap" -> {
        if (JsonFields.text(message, "room").equals(room)) {
          gaps.add(
              new Gap(
                  JsonFields.text(message, "epoch"),
                  JsonFields.number(message, "from"),
                  JsonFields.number(message, "to")));
        }
      }
      default -> throw new AssertionError(LineClient.encoded(message));
    }
  }

  private void record(Json.Obj fields, long now) {
    String text = JsonFields.text(fields, "message");
    var place = new Cursor(JsonFields.text(fields, "epoch"), JsonFields.number(fields, "offset"));
    var message = new Received(text, JsonFields.text(fields, "from"), place, now);
    if (text.startsWith("I have ")) {
      moves.add(message);
    } else {
      received.add(message);
    }
    listener.accept(this, message);
  }

  // --- what was received -------------------------------------------------------------------------

  String name() {
    return name;
  }

  String id() {
    return id;
  }

  Peer peer() {
    return peer;
  }

  boolean ended() {
    return ended;
  }

  /** The first message of the connection. */
  Json.Obj welcome() {
    if (welcome == null) {
      throw new IllegalStateException(name + " is not connected");
    }
    return welcome;
  }

  /** The server's last message before it closed the connection; null if there was none. */
  Json.@Nullable Obj closing() {
    return closing;
  }

  /** The messages of clients, in the order received. */
  List<Received> received() {
    LOCK.lock();
    try {
      return List.copyOf(received);
    } finally {
      LOCK.unlock();
    }
  }

  /** The joins and leaves, in the order received. */
  List<Received> moves() {
    LOCK.lock();
    try {
      return List.copyOf(moves);
    } finally {
      LOCK.unlock();
    }
  }

  List<Gap> gaps() {
    LOCK.lock();
    try {
      return List.copyOf(gaps);
    } finally {
      LOCK.unlock();
    }
  }

  /** How often a member was announced to have "entered" or "left". */
  long moves(String what, String who) {
    return moves().stream()
        .filter(each -> each.text.contains(what) && each.from.equals(who))
        .count();
  }

  /** The cursor of the last message; null if there is none. */
  @Nullable Cursor last() {
    LOCK.lock();
    try {
      Cursor said = received.isEmpty() ? null : received.getLast().place;
      Cursor moved = moves.isEmpty() ? null : moves.getLast().place;
      if (said == null || moved == null) {
        return said == null ? moved : said;
      }
      return received.getLast().at >= moves.getLast().at ? said : moved;
    } finally {
      LOCK.unlock();
    }
  }

  @Override
  public void close() {
    LOCK.lock();
    try {
      if (line != null && !ended) {
        // The server closes: a client that closes with unread input may lose what it sent.
        line.send("{\"event\":\"quit\"}");
      } else {
        leave();
      }
    } catch (IOException e) {
      leave();
    } finally {
      LOCK.unlock();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
