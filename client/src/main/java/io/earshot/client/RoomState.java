package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Start;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The state of one room at a client.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class RoomState {
  final String name;
  final boolean isHome;
  final RoomEvents events;
  final Presence presence;

  /** Joins and listens that are completed when the server delivers the room's messages. */
  final List<CompletableFuture<RoomState>> entering = new ArrayList<>();

  /** How many rooms that the program has joined, and not left, are this one. */
  int joins;

  /** The same for listening. */
  int listens;

  /** Whether a request to enter is under way over the current transport. */
  boolean isEntering;

  /** Whether the program wants the client to be a member. */
  boolean isMember;

  /** Whether the program wants the client to listen. False for a member. */
  boolean isListener;

  /** Why the program's token source failed the last time; null if it did not. */
  @Nullable RuntimeException tokenFailure;

  /** Whether the client will enter the room again later: there was no token, or it was refused. */
  boolean isRetryScheduled;

  /**
   * When the room first refused the client on the current transport, by {@link System#nanoTime};
   * null while it has not. The client was in the room before.
   */
  @Nullable Long refusedAt;

  /** How often the room has refused the client since then. */
  int refusals;

  RoomState(Connection connection, String name, boolean isHome, Start start) {
    this.name = name;
    this.isHome = isHome;
    this.events = new RoomEvents(start);
    this.presence = new Presence(connection, name);
  }

  /** Whether the server delivers the room's messages over the current transport. */
  boolean isLive() {
    return events.isLive;
  }

  /** Whether the program wants the room's messages. */
  boolean isWanted() {
    return isMember || isListener;
  }

  /** Whether the program wants the room's messages, and nothing is under way to get them. */
  boolean isMissing() {
    return isWanted() && !isLive() && !isEntering && !isRetryScheduled;
  }

  void disconnected() {
    events.isLive = false;
    isEntering = false;
    isRetryScheduled = false;
    refusedAt = null;
    presence.forget();
  }

  /** The program is no longer in the room. */
  void left() {
    events.isLive = false;
    isMember = false;
    isListener = false;
    joins = 0;
    listens = 0;
  }

  /** The request to enter this room after the last position that the client has received. */
  Map<String, Object> entry(String verb, @Nullable String token) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", verb);
    fields.put("room", name);
    Cursor after = events.cursor();
    if (after != null) {
      fields.put("after", after.toString());
    }
    if (events.history > 0) {
      fields.put("history", events.history);
    }
    if (token != null) {
      fields.put("token", token);
    }
    return fields;
  }

  /** Takes out {@link #entering}. */
  List<CompletableFuture<RoomState>> drainEntering() {
    List<CompletableFuture<RoomState>> all = List.copyOf(entering);
    entering.clear();
    return all;
  }

  /**
   * Whether a room that refuses the client after a reconnect may admit it in a moment: the program
   * may have to log in first, and can do so only once the client is open.
   *
   * @param isOpen whether the client is open
   * @param patience how long the room may refuse
   */
  boolean mayBeAdmittedLater(boolean isOpen, Duration patience) {
    long now = System.nanoTime();
    if (refusedAt == null) {
      if (isOpen) {
        return false;
      }
      refusedAt = now;
      refusals = 0;
    }
    refusals++;
    return now - refusedAt < patience.toNanos();
  }
}
