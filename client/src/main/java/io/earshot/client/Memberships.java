package io.earshot.client;

import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.Start;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Enters and leaves the rooms of a client: when the program asks for it, and again on each new
 * transport.
 *
 * <p>To enter a room is to join it or to listen to it.
 *
 * <p>Guarded by the lock of its {@link Connection}; {@link #enter(String, boolean, Start,
 * Consumer)}, {@link #leave} and {@link #home} take it.
 */
final class Memberships {

  /** The number of failures after which a backoff starts when there is no token for a room. */
  private static final int TOKEN_RETRY = 4;

  /** How long other rooms wait for a room's token after a reconnect, in milliseconds. */
  private static final long TOKEN_GRACE = 1_000;

  /** How the server refuses a client that it has let into the room by itself. */
  private static final Pattern ALREADY_IN =
      Pattern.compile("(Error: )?you are already (in|listening to) this room");

  private final Connection connection;
  private final Requests requests;
  private final Rooms rooms;
  private final RoomTokens tokens;
  private final Backoff backoff;
  private final Duration patience;

  /** The rooms that the program has left, until the server has answered that the client is out. */
  private final Set<String> leaving = new HashSet<>();

  Memberships(
      Connection connection, Requests requests, Rooms rooms, RoomTokens tokens, Settings settings) {
    this.connection = connection;
    this.requests = requests;
    this.rooms = rooms;
    this.tokens = tokens;
    this.backoff = settings.backoff();
    this.patience = settings.patience();
  }

  // --- entering --------------------------------------------------------------------------------

  Room home() {
    RoomState home = connection.read(rooms::home);
    if (home == null) {
      throw new EarshotException("not connected yet");
    }
    return room(home, true);
  }

  private Room room(RoomState state, boolean joins) {
    return new Room(this, requests, connection, state, joins);
  }

  CompletionStage<Room> enter(
      String name, boolean joins, Start start, @Nullable Consumer<Event> handler) {
    if (!RoomName.isValid(name)) {
      return CompletableFuture.failedFuture(
          new EarshotException(
              "room names have 1 to "
                  + RoomName.MAX_LENGTH
                  + " characters and no control characters"));
    }
    var entered = new CompletableFuture<RoomState>();
    connection.locked(
        () -> {
          if (connection.isClosed()) {
            entered.completeExceptionally(connection.closedFailure());
          } else if (start.after() != null && rooms.get(name) != null) {
            entered.completeExceptionally(
                new EarshotException(
                    "this client is in "
                        + name
                        + " already, so it cannot begin after "
                        + start.after()));
          } else {
            RoomState room = rooms.getOrAdd(name, start);
            leaving.remove(name);
            Subscription subscription = handler == null ? null : room.events.subscribe(handler);
            var unused =
                entered.whenComplete(
                    (ignored, failure) -> {
                      if (failure != null && subscription != null) {
                        subscription.close();
                      }
                      giveUp(room, joins, failure);
                    });
            enter(room, joins, entered);
          }
        });
    return entered
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .thenApply(room -> room(room, joins));
  }

  /** A program that got no answer in time is not in the room, also if an answer comes later. */
  private void giveUp(RoomState room, boolean joins, @Nullable Throwable failure) {
    if (failure instanceof TimeoutException) {
      var unused = leave(room, joins);
    }
  }

  private void enter(RoomState room, boolean joins, CompletableFuture<RoomState> entered) {
    boolean hasEntered = room.isMember || (!joins && room.isListener);
    boolean wasListener = joins && room.isListener;
    if (joins) {
      room.joins++;
    } else {
      room.listens++;
    }
    room.isMember |= joins;
    room.isListener = !room.isMember;
    if (hasEntered && room.isLive()) {
      entered.complete(room);
      return;
    }
    room.entering.add(entered);
    room.isRetryScheduled = false;
    if (connection.isOpen() && !(hasEntered && room.isEntering)) {
      boolean isListening = wasListener && room.isLive();
      var unused =
          enter(room)
              .thenRun(
                  () -> {
                    if (isListening && room.isMember) {
                      var unusedAnswer =
                          requests.control(Map.of("event", "silenceRoom", "room", room.name));
                    }
                  });
    }
  }

  /** Asks the server to let the client into a room. Completed when the answer is processed. */
  private CompletableFuture<?> enter(RoomState room) {
    var done = new CompletableFuture<@Nullable Void>();
    room.isEntering = true;
    tokens.with(
        room,
        token -> {
          if (!rooms.contains(room) || !room.isWanted()) {
            done.complete(null); // the program has left while it was asked for the token
            return;
          }
          var answers = new ArrayList<CompletableFuture<Json.Obj>>();
          if (room.isMember) {
            answers.add(
                requests.control(room.entry(room.isHome ? "roomChange" : "roomAdd", token)));
          }
          if (room.isListener) {
            answers.add(requests.control(room.entry("listenToRoom", token)));
          }
          CompletableFuture<?>[] processed =
              answers.stream()
                  .map(each -> each.whenComplete((answer, e) -> entered(room, answer, e)))
                  .toArray(CompletableFuture<?>[]::new);
          var unused =
              CompletableFuture.allOf(processed)
                  .whenComplete((ignored, failure) -> done.complete(null));
        });
    return done;
  }

  private void entered(RoomState room, Json.@Nullable Obj answer, @Nullable Throwable failure) {
    room.isEntering = false;
    if (!rooms.contains(room)) {
      return; // left in the meantime; the request to leave follows
    }
    if (answer != null && !text(answer, "room").equals(room.name)) {
      refused(
          room, new EarshotException("the server let this client into " + text(answer, "room")));
    } else if (answer != null) {
      live(room, answer);
    } else if (failure instanceof EarshotException refusal && connection.hasTransport()) {
      if (ALREADY_IN.matcher(String.valueOf(refusal.getMessage())).matches()) {
        live(room, new Json.Obj(Map.of()));
      } else {
        refused(room, refusal);
      }
    }
  }

  /** The server delivers the room's messages from now on, the missed ones first. */
  private void live(RoomState room, Json.Obj answer) {
    room.events.begin(answer);
    room.refusedAt = null;
    for (CompletableFuture<RoomState> each : room.drainEntering()) {
      Futures.complete(each, room);
    }
  }

  private void refused(RoomState room, EarshotException refusal) {
    List<CompletableFuture<RoomState>> entering = room.drainEntering();
    RuntimeException noToken = room.tokenFailure;
    if (noToken != null && entering.isEmpty()) {
      // The client was in the room before, and tokens may be available again.
      retryLater(room, TOKEN_RETRY);
      return;
    }
    if (entering.isEmpty() && room.mayBeAdmittedLater(connection.isOpen(), patience)) {
      retryLater(room, room.refusals);
      return;
    }
    EarshotException failure =
        noToken == null
            ? refusal
            : new EarshotException(
                "no token for " + room.name + ": " + Transport.reason(noToken), noToken);
    if (entering.isEmpty()) {
      rooms.expelled(room, String.valueOf(failure.getMessage()));
    } else {
      rooms.remove(room);
    }
    entering.forEach(each -> Futures.fail(each, failure));
  }

  /** An action of the program has succeeded: rooms that refused the client may admit it now. */
  void acted() {
    for (RoomState room : rooms.all()) {
      if (room.refusedAt != null && room.isRetryScheduled && room.isWanted()) {
        room.isRetryScheduled = false;
        var unused = enter(room);
      }
    }
  }

  private void retryLater(RoomState room, int failures) {
    if (room.isRetryScheduled) {
      return;
    }
    room.isRetryScheduled = true;
    Attempt attempt = connection.current();
    connection.later(
        backoff.millis(failures),
        () -> {
          if (connection.isCurrent(attempt) && room.isRetryScheduled && room.isWanted()) {
            room.isRetryScheduled = false;
            var unused = enter(room);
          }
        });
  }

  // --- all rooms on a new transport ------------------------------------------------------------

  /** The server has resumed the session in these rooms. Enters the other rooms again. */
  void resumed(List<Json> answers) {
    for (Json each : answers) {
      if (each instanceof Json.Obj answer) {
        String name = text(answer, "room");
        RoomState room = rooms.get(name);
        if (name.equals(rooms.inbox().room())) {
          rooms.inbox().begin(answer);
        } else if (room != null) {
          live(room, answer);
        } else if (leaving.contains(name)) {
          var unused = exit(name, List.of("roomLeave", "silenceRoom"));
        } // else the server has let the client in by itself
      }
    }
    for (RoomState room : rooms.all()) {
      if (!room.isLive()) {
        var unused = enter(room);
      }
    }
  }

  /** The server has begun another session. Enters all rooms in it. */
  List<CompletableFuture<?>> enterAll() {
    leaving.clear();
    var entering = new ArrayList<CompletableFuture<?>>();
    for (RoomState room : rooms.all()) {
      // A token that takes long holds up its own room only.
      entering.add(enter(room).copy().completeOnTimeout(null, TOKEN_GRACE, TimeUnit.MILLISECONDS));
    }
    return entering;
  }

  /** Enters the rooms that the program has asked for while the connection was not open. */
  void enterMissing() {
    for (RoomState room : rooms.all()) {
      if (room.isMissing()) {
        var unused = enter(room);
      }
    }
  }

  // --- leaving ---------------------------------------------------------------------------------

  /**
   * Leaves a room, or stops listening to it, unless the program is in it by another call.
   *
   * @param joined whether the call that ends was a join
   */
  CompletionStage<@Nullable Void> leave(RoomState room, boolean joined) {
    var left = new CompletableFuture<@Nullable Void>();
    connection.locked(
        () -> {
          if (room.isHome) {
            left.completeExceptionally(new EarshotException("the default room cannot be left"));
            return;
          }
          boolean wasMember = room.isMember;
          boolean wasListener = room.isListener;
          room.joins -= joined ? 1 : 0;
          room.listens -= joined ? 0 : 1;
          var answers = new ArrayList<CompletableFuture<?>>();
          if (room.joins > 0 || (room.listens > 0 && wasListener)) {
            left.complete(null);
            return;
          }
          if (room.listens > 0 && wasMember) {
            room.isMember = false;
            room.isListener = true;
            if (connection.isOpen()) {
              answers.add(enter(room));
            }
          } else {
            var failure = new EarshotException("you have left this room");
            room.drainEntering().forEach(each -> Futures.fail(each, failure));
            rooms.remove(room);
            leaving.add(room.name);
          }
          if (connection.isOpen() && wasMember) {
            answers.add(exit(room.name, List.of("roomLeave")));
          }
          if (connection.isOpen() && wasListener) {
            answers.add(exit(room.name, List.of("silenceRoom")));
          }
          var unused =
              CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                  .whenComplete((ignored, failure) -> Futures.complete(left, null));
        });
    return left.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Asks the server to take the client out of a room. Completed when it has answered. */
  private CompletableFuture<?> exit(String room, List<String> verbs) {
    CompletableFuture<?>[] answers =
        verbs.stream()
            .map(verb -> requests.control(Map.of("event", verb, "room", room)))
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(answers)
        .whenComplete(
            (ignored, failure) -> {
              if (connection.hasTransport()) {
                leaving.remove(room);
              } // else the request may be lost, and is repeated when the session resumes
            });
  }
}
