package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A client over TCP or WebSocket, and all that it has heard of one room, also over several
 * connections.
 *
 * <p>Thread-safe: all tapes are under one lock, so that a test can wait for what several have
 * heard.
 */
final class Tape implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final HttpClient WEB = HttpClient.newHttpClient();
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final Condition CHANGED = LOCK.newCondition();

  /** Something that the room told, and when it was heard. */
  record Heard(String text, String from, Cursor place, long at) {}

  /** What may be missing, as the server says. */
  record Gap(String epoch, long from, long to) {}

  /** What a connection can do. */
  private interface Line extends AutoCloseable {
    void send(String json) throws IOException;

    @Override
    void close();
  }

  private final String name;
  private final String room;
  private final boolean isWebSocket;
  private final BiConsumer<Tape, Heard> listener;

  // Under the lock.
  private final List<Heard> heard = new ArrayList<>();
  private final List<Heard> moves = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private final Map<Long, CompletableFuture<Json.Obj>> asked = new HashMap<>();
  private Peer peer;
  private @Nullable Line line;
  private Json.@Nullable Obj welcome;
  private Json.@Nullable Obj goodbye;
  private boolean ended;
  private long count;
  private int connections;
  private String id = "";

  /** Connects, and enters the room. */
  Tape(String name, Peer peer, String room, boolean isWebSocket, BiConsumer<Tape, Heard> listener) {
    this.name = name;
    this.peer = peer;
    this.room = room;
    this.isWebSocket = isWebSocket;
    this.listener = listener;
    connect(peer);
    Json.Obj answer = enter(null);
    if (answer.get("error") != null) {
      throw new AssertionError(name + ": " + Talker.encoded(answer));
    }
  }

  /** Connects, and enters the room. */
  Tape(String name, Peer peer, String room) {
    this(name, peer, room, false, (_, _) -> {});
  }

  /** Does something under the lock of all tapes. */
  static void locked(Runnable task) {
    LOCK.lock();
    try {
      task.run();
      CHANGED.signalAll();
    } finally {
      LOCK.unlock();
    }
  }

  /** Waits for something that tapes hear; says whether it came in time. */
  static boolean comes(Duration patience, BooleanSupplier condition) throws InterruptedException {
    long left = patience.toNanos();
    LOCK.lock();
    try {
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          return false;
        }
        left = CHANGED.awaitNanos(left);
      }
      return true;
    } finally {
      LOCK.unlock();
    }
  }

  /** Waits for something that tapes hear. */
  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    if (!comes(PATIENCE, condition)) {
      throw new AssertionError("not within " + PATIENCE + ": " + what);
    }
  }

  // --- connecting --------------------------------------------------------------------------------

  /** Connects there, and waits for the welcome; what was asked on another connection has failed. */
  void connect(Peer next) {
    int connection = begin(next);
    // Not under the lock: a WebSocket is there when its listener has been called.
    Line opened = isWebSocket ? webSocket(next, connection) : tcp(next, connection);
    locked(() -> line = opened);
    try {
      await("the welcome of " + next + " for " + name, () -> welcome != null || ended);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    locked(
        () -> {
          if (welcome == null) {
            throw new AssertionError(name + " is not let in");
          }
        });
    Json.Obj details = ask(Map.of("event", "detailsView"));
    locked(() -> id = text(details, "data", "id"));
  }

  private int begin(Peer next) {
    LOCK.lock();
    try {
      leave();
      peer = next;
      welcome = null;
      goodbye = null;
      ended = false;
      count = 0;
      return ++connections;
    } finally {
      LOCK.unlock();
    }
  }

  private Line tcp(Peer to, int connection) {
    try {
      var socket = new Socket(InetAddress.getLoopbackAddress(), to.tcpPort());
      socket.setTcpNoDelay(true);
      Thread.startVirtualThread(() -> read(socket, connection));
      return new Line() {
        @Override
        public void send(String json) throws IOException {
          socket.getOutputStream().write((json + "\r\n").getBytes(UTF_8));
        }

        @Override
        public void close() {
          try {
            socket.close();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read(Socket socket, int connection) {
    try (var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8))) {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        take(text, connection);
      }
    } catch (IOException e) {
      // It was cut off.
    }
    end(connection);
  }

  private Line webSocket(Peer to, int connection) {
    WebSocket socket =
        WEB.newWebSocketBuilder()
            .buildAsync(URI.create("ws://127.0.0.1:" + to.httpPort() + "/"), new Frames(connection))
            .join();
    return new Line() {
      private CompletableFuture<WebSocket> sent = CompletableFuture.completedFuture(socket);

      @Override
      public void send(String json) {
        sent = sent.thenCompose(ready -> ready.sendText(json, true));
      }

      @Override
      public void close() {
        socket.abort();
      }
    };
  }

  /** Puts frames together; the WebSocket calls it by one thread at a time. */
  private final class Frames implements WebSocket.Listener {
    private final int connection;
    private final StringBuilder part = new StringBuilder();

    Frames(int connection) {
      this.connection = connection;
    }

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket socket, CharSequence data, boolean isLast) {
      part.append(data);
      if (isLast) {
        take(part.toString(), connection);
        part.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      end(connection);
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      end(connection);
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

  /** Loses the connection, without a goodbye. */
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

  /** Asks for something; fails if the connection ends before the answer comes. */
  CompletableFuture<Json.Obj> send(Map<String, ?> question) {
    var answer = new CompletableFuture<Json.Obj>();
    LOCK.lock();
    try {
      if (line == null || ended) {
        answer.completeExceptionally(new IOException("there is no connection"));
      } else {
        asked.put(++count, answer);
        line.send(Talker.encoded(question));
      }
    } catch (IOException e) {
      // Whoever reads finds the end as well, and says so.
    } finally {
      LOCK.unlock();
    }
    return answer;
  }

  /** Asks for something, and waits for the answer. */
  Json.Obj ask(Map<String, ?> question) {
    try {
      return send(question).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
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

  /** The ids of who is in the room, as the server says. */
  List<String> members() {
    Json.Obj answer = ask(Map.of("event", "roomView"));
    if (!(answer.get("roomStatus") instanceof Json.Obj status)
        || !(status.get("members") instanceof Json.Array members)) {
      throw new AssertionError(name + " at " + peer + ": " + Talker.encoded(answer));
    }
    return members.items().stream().map(each -> ((Json.Text) each).value()).toList();
  }

  // --- hearing -----------------------------------------------------------------------------------

  private void take(String json, int connection) {
    long now = System.nanoTime();
    try {
      var told = (Json.Obj) Json.parse(json);
      locked(
          () -> {
            if (connection == connections) {
              take(told, now);
            }
          });
    } catch (MalformedJsonException e) {
      throw new AssertionError(json, e);
    }
  }

  private void take(Json.Obj told, long now) {
    switch (text(told, "context")) {
      case "api" -> welcome = told;
      case "response" -> {
        if (told.get("status") instanceof Json.Text(String status) && status.equals("Bye!")) {
          goodbye = told;
        }
        if (told.get("messageCount") != null) {
          CompletableFuture<Json.Obj> answer = asked.remove(number(told, "messageCount"));
          if (answer != null) {
            answer.complete(told);
          }
        }
      }
      case "user" -> {
        if (text(told, "room").equals(room)) {
          hear(told, now);
        }
      }
      case "gap" -> {
        if (text(told, "room").equals(room)) {
          gaps.add(new Gap(text(told, "epoch"), number(told, "from"), number(told, "to")));
        }
      }
      default -> throw new AssertionError(Talker.encoded(told));
    }
  }

  private void hear(Json.Obj told, long now) {
    String text = text(told, "message");
    var message =
        new Heard(
            text, text(told, "from"), new Cursor(text(told, "epoch"), number(told, "offset")), now);
    if (text.startsWith("I have ")) {
      moves.add(message);
    } else {
      heard.add(message);
    }
    listener.accept(this, message);
  }

  // --- what there is -----------------------------------------------------------------------------

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

  /** What it was told first. */
  Json.Obj welcome() {
    if (welcome == null) {
      throw new IllegalStateException(name + " is not connected");
    }
    return welcome;
  }

  Json.@Nullable Obj goodbye() {
    return goodbye;
  }

  /** What was said, as it was heard. */
  List<Heard> heard() {
    LOCK.lock();
    try {
      return List.copyOf(heard);
    } finally {
      LOCK.unlock();
    }
  }

  /** Who came and went, as it was heard. */
  List<Heard> moves() {
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

  /** How often somebody was heard to come, or to go. */
  long moves(String what, String who) {
    return moves().stream()
        .filter(each -> each.text.contains(what) && each.from.equals(who))
        .count();
  }

  /** The place of the last that was heard. */
  @Nullable Cursor last() {
    LOCK.lock();
    try {
      Cursor said = heard.isEmpty() ? null : heard.getLast().place;
      Cursor moved = moves.isEmpty() ? null : moves.getLast().place;
      if (said == null || moved == null) {
        return said == null ? moved : said;
      }
      return heard.getLast().at >= moves.getLast().at ? said : moved;
    } finally {
      LOCK.unlock();
    }
  }

  /** A field, or one of a field; empty where there is none. */
  static String text(Json.Obj fields, String... path) {
    @Nullable Json found = fields;
    for (String step : path) {
      found = found instanceof Json.Obj object ? object.get(step) : null;
    }
    if (found == null) {
      return "";
    }
    return found instanceof Json.Text(String value) ? value : Talker.encoded(found);
  }

  static long number(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Num(String literal) ? Long.parseLong(literal) : -1;
  }

  /** The place that an answer names. */
  static @Nullable Cursor place(Json.Obj answer) {
    return answer.get("epoch") == null
        ? null
        : new Cursor(text(answer, "epoch"), number(answer, "offset"));
  }

  @Override
  public void close() {
    LOCK.lock();
    try {
      if (line != null && !ended) {
        // The end comes from the server: who hangs up with unread input may not be heard any more.
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
