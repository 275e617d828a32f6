package io.earshot.client;

import static io.earshot.client.MessageFields.cursor;
import static io.earshot.client.MessageFields.number;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of a client: entering and leaving them, their tokens, and their events.
 *
 * <p>To enter a room is to join it or to listen to it.
 *
 * <p>Guarded by the lock of its {@link Connection}; {@link #enter(String, boolean)}, {@link #leave}
 * and {@link #home} take it.
 */
final class Rooms {
  private static final String JOINED = "I have entered the room";
  private static final String LEFT = "I have left the room";

  /** The number of failures after which a backoff starts when there is no token for a room. */
  private static final int TOKEN_RETRY = 4;

  private final Connection connection;
  private final Requests requests;
  private final Function<String, @Nullable String> tokens;
  private final Backoff backoff;
  private final Duration patience;
  private final Map<String, RoomState> rooms = new LinkedHashMap<>();

  /** The server's default room; null before the first welcome. */
  private @Nullable RoomState home;

  Rooms(
      Connection connection,
      Requests requests,
      Function<String, @Nullable String> tokens,
      Backoff backoff,
      Duration patience) {
    this.connection = connection;
    this.requests = requests;
    this.tokens = tokens;
    this.backoff = backoff;
    this.patience = patience;
  }

  private Room handle(RoomState room) {
    return new Room(this, requests, room);
  }

  private List<RoomState> all() {
    return List.copyOf(rooms.values());
  }

  // --- entering --------------------------------------------------------------------------------

  CompletionStage<Room> enter(String name, boolean joins) {
    var entered = new CompletableFuture<Room>();
    connection.locked(
        () -> {
          if (connection.isClosed()) {
            entered.completeExceptionally(Connection.closedFailure());
          } else {
            enter(rooms.computeIfAbsent(name, _ -> new RoomState(name, false)), joins, entered);
          }
        });
    return entered.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void enter(RoomState room, boolean joins, CompletableFuture<Room> entered) {
    boolean hasEntered = room.isMember || (!joins && room.isListener);
    boolean wasListener = joins && room.isListener;
    room.isMember |= joins;
    room.isListener = !room.isMember;
    if (hasEntered && room.isLive) {
      entered.complete(handle(room));
      return;
    }
    room.entering.add(entered);
    room.isRetryScheduled = false;
    if (connection.isOpen()) {
      boolean isListening = wasListener && room.isLive;
      var _ =
          enter(room)
              .thenRun(
                  () -> {
                    if (isListening && room.isMember) {
                      var _ = requests.control(Map.of("event", "silenceRoom", "room", room.name));
                    }
                  });
    }
  }

  /** Asks the server to let the client into a room. Completed when the answer is processed. */
  private CompletableFuture<?> enter(RoomState room) {
    var done = new CompletableFuture<@Nullable Void>();
    withToken(
        room,
        token -> {
          var answers = new ArrayList<CompletableFuture<Json.Obj>>();
          if (room.isMember) {
            answers.add(
                requests.control(entry(room.isHome ? "roomChange" : "roomAdd", room, token)));
          }
          if (room.isListener) {
            answers.add(requests.control(entry("listenToRoom", room, token)));
          }
          CompletableFuture<?>[] processed =
              answers.stream()
                  .map(each -> each.whenComplete((answer, e) -> entered(room, answer, e)))
                  .toArray(CompletableFuture<?>[]::new);
          var _ = CompletableFuture.allOf(processed).whenComplete((_, _) -> done.complete(null));
        });
    return done;
  }

  private static Map<String, Object> entry(String verb, RoomState room, @Nullable String token) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", verb);
    fields.put("room", room.name);
    if (room.cursor != null) {
      fields.put("after", room.cursor.toString());
    }
    if (token != null) {
      fields.put("token", token);
    }
    return fields;
  }

  private void entered(RoomState room, Json.@Nullable Obj answer, @Nullable Throwable failure) {
    if (answer != null) {
      live(room, answer);
    } else if (failure instanceof EarshotException refusal && connection.hasTransport()) {
      refused(room, refusal);
    }
  }

  /** The server delivers the room's messages from now on, the missed ones first. */
  private void live(RoomState room, Json.Obj answer) {
    boolean isRecovered = Json.of(true).equals(answer.get("recovered"));
    boolean isBack = room.cursor != null && !room.isLive;
    Cursor now = cursor(answer);
    if (!isRecovered && now != null && !room.isLive) {
      room.cursor = now;
    }
    room.isLive = true;
    if (isBack) {
      room.publish(new Event.Resumed(isRecovered));
    }
    for (CompletableFuture<Room> each : drained(room.entering)) {
      Futures.complete(each, handle(room));
    }
  }

  private void refused(RoomState room, EarshotException refusal) {
    List<CompletableFuture<Room>> entering = drained(room.entering);
    RuntimeException noToken = room.tokenFailure;
    if (noToken != null && entering.isEmpty()) {
      retryLater(room); // the client was in the room before, and tokens may be available again
      return;
    }
    EarshotException failure =
        noToken == null
            ? refusal
            : new EarshotException(
                "no token for " + room.name + ": " + Transport.reason(noToken), noToken);
    if (entering.isEmpty()) {
      room.publish(new Event.Expelled(String.valueOf(failure.getMessage())));
    }
    forget(room);
    entering.forEach(each -> Futures.fail(each, failure));
  }

  private static List<CompletableFuture<Room>> drained(List<CompletableFuture<Room>> futures) {
    List<CompletableFuture<Room>> all = List.copyOf(futures);
    futures.clear();
    return all;
  }

  private void retryLater(RoomState room) {
    if (room.isRetryScheduled) {
      return;
    }
    room.isRetryScheduled = true;
    Connection.Attempt attempt = connection.current();
    connection.later(
        backoff.millis(TOKEN_RETRY),
        () -> {
          if (connection.isCurrent(attempt) && room.isRetryScheduled && room.isWanted()) {
            room.isRetryScheduled = false;
            var _ = enter(room);
          }
        });
  }

  /**
   * Asks the program for a room's token, on a virtual thread since the program may block. Then runs
   * {@code next} under the lock, unless the transport was lost in the meantime. If the program
   * throws, {@code next} gets null: the failure matters only if the server asks for a token.
   */
  private void withToken(RoomState room, Consumer<@Nullable String> next) {
    Connection.Attempt attempt = connection.current();
    Futures.THREADS.execute(
        () -> {
          String found = null;
          RuntimeException thrown = null;
          try {
            found = tokens.apply(room.name);
          } catch (RuntimeException e) {
            thrown = e;
          }
          String token = found;
          RuntimeException failure = thrown;
          connection.locked(
              () -> {
                if (connection.isCurrent(attempt)) {
                  room.tokenFailure = failure;
                  next.accept(token);
                }
              });
        });
  }

  // --- the default room, and all rooms on a new transport --------------------------------------

  boolean hasHome() {
    return home != null;
  }

  /** The client is in its default room, which the welcome names. */
  void enteredHome(Json.Obj welcome) {
    var room = new RoomState(text(welcome, "room"), true);
    room.isMember = true;
    room.isLive = true;
    room.cursor = cursor(welcome);
    rooms.put(room.name, room);
    home = room;
  }

  Room home() {
    return connection.read(
        () -> {
          if (home == null) {
            throw new EarshotException("not connected yet");
          }
          return handle(home);
        });
  }

  /** The last position that was received of each room, after which the server continues. */
  Map<String, Object> cursors() {
    var cursors = new LinkedHashMap<String, Object>();
    rooms.forEach(
        (name, room) -> {
          if (room.cursor != null) {
            cursors.put(name, room.cursor.toString());
          }
        });
    return cursors;
  }

  /** The server has resumed the session in these rooms. Enters the other rooms again. */
  void resumed(List<Json> answers) {
    for (Json each : answers) {
      if (each instanceof Json.Obj answer) {
        RoomState room = rooms.get(text(answer, "room"));
        if (room != null) {
          live(room, answer);
        }
      }
    }
    for (RoomState room : all()) {
      if (!room.isLive) {
        var _ = enter(room);
      }
    }
  }

  List<CompletableFuture<?>> enterAll() {
    var entering = new ArrayList<CompletableFuture<?>>();
    for (RoomState room : all()) {
      entering.add(enter(room));
    }
    return entering;
  }

  /** Enters the rooms that the program has asked for while the connection was not open. */
  void enterMissing() {
    for (RoomState room : all()) {
      if (!room.isLive && !room.isRetryScheduled && room.isWanted()) {
        var _ = enter(room);
      }
    }
  }

  void disconnected() {
    for (RoomState room : rooms.values()) {
      room.isLive = false;
      room.isRetryScheduled = false;
    }
  }

  // --- what the server sends about a room ------------------------------------------------------

  void received(Json.Obj said, Session session) {
    RoomState room = rooms.get(text(said, "room"));
    Cursor at = cursor(said);
    Json message = said.get("message");
    if (room == null || !room.isLive || at == null || message == null) {
      return;
    }
    Cursor last = room.cursor;
    if (last != null && last.epoch().equals(at.epoch()) && at.offset() <= last.offset()) {
      return;
    }
    room.cursor = at;
    String from = text(said, "from");
    if (session.isOwn(from)) {
      return;
    }
    if (message.equals(Json.of(JOINED))) {
      room.publish(new Event.Joined(from));
    } else if (message.equals(Json.of(LEFT))) {
      room.publish(new Event.Left(from));
    } else {
      room.publish(new Event.Message(message, from, number(said, "sentAt"), at));
    }
  }

  void gap(Json.Obj gap) {
    RoomState room = rooms.get(text(gap, "room"));
    if (room != null && room.isLive) {
      room.publish(new Event.Gap(number(gap, "from"), number(gap, "to")));
    }
  }

  /** A room's token has expired, or is about to: then the program is asked for a newer one. */
  void token(Json.Obj notice) {
    RoomState room = rooms.get(text(notice, "room"));
    if (room == null) {
      return;
    }
    if (text(notice, "status").equals("expired")) {
      expelled(room, "the token has expired");
      return;
    }
    withToken(
        room,
        token -> {
          if (token != null) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("event", "tokenRefresh");
            fields.put("token", token);
            // If the server refuses it, the notice that the token has expired will follow.
            var _ = requests.control(fields).exceptionally(_ -> null);
          }
        });
  }

  /** The server has closed a room to the client. */
  void closed(Json.Obj notice) {
    RoomState room = rooms.get(text(notice, "room"));
    if (room != null) {
      expelled(room, text(notice, "reason"));
    }
  }

  private void expelled(RoomState room, String reason) {
    room.publish(new Event.Expelled(reason));
    forget(room);
  }

  private void forget(RoomState room) {
    room.isMember = false;
    room.isListener = false;
    room.isLive = false;
    if (!room.isHome) {
      rooms.remove(room.name);
    }
  }

  // --- leaving ---------------------------------------------------------------------------------

  CompletionStage<@Nullable Void> leave(RoomState room) {
    var left = new CompletableFuture<@Nullable Void>();
    connection.locked(
        () -> {
          if (room.isHome) {
            left.completeExceptionally(new EarshotException("the default room cannot be left"));
            return;
          }
          boolean wasMember = room.isMember;
          boolean wasListener = room.isListener;
          forget(room);
          var answers = new ArrayList<CompletableFuture<?>>();
          if (connection.isOpen() && wasMember) {
            answers.add(requests.control(Map.of("event", "roomLeave", "room", room.name)));
          }
          if (connection.isOpen() && wasListener) {
            answers.add(requests.control(Map.of("event", "silenceRoom", "room", room.name)));
          }
          var _ =
              CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                  .whenComplete((_, _) -> Futures.complete(left, null));
        });
    return left.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  void close() {
    EarshotException failure = Connection.closedFailure();
    for (RoomState room : rooms.values()) {
      room.entering.forEach(each -> Futures.fail(each, failure));
      room.events.close();
    }
  }
}
