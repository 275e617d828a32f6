package io.earshot.hook;

import io.earshot.Hooks;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.User;
import io.earshot.spi.ConnectRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client that connects, as hooks see it, and what they have decided about it.
 *
 * <p>Thread-safe: a lock. Hooks write on their threads; the connection's loop reads the decision,
 * after which it does not change.
 */
public final class NewClient implements Hooks.Connecting {
  private final ConnectRequest request;
  private final Json.@Nullable Obj claims;
  private final boolean isInSeveralRooms;
  private final List<String> rooms = new ArrayList<>();
  private @Nullable User user;
  private boolean isDecided;

  /**
   * A client.
   *
   * @param claims the claims of its login; null without one
   * @param isInSeveralRooms whether it can be in several rooms
   */
  public NewClient(ConnectRequest request, Json.@Nullable Obj claims, boolean isInSeveralRooms) {
    this.request = request;
    this.claims = claims;
    this.isInSeveralRooms = isInSeveralRooms;
  }

  @Override
  public Map<String, List<String>> headers() {
    return request.headers();
  }

  @Override
  public Map<String, String> cookies() {
    return request.cookies();
  }

  @Override
  public Map<String, List<String>> query() {
    return request.query();
  }

  @Override
  public Json.@Nullable Obj claims() {
    return claims;
  }

  @Override
  public synchronized void user(User now) {
    if (!isDecided) {
      user = now;
    }
  }

  @Override
  public synchronized void join(String room) {
    if (!RoomName.isValid(room)) {
      throw new IllegalArgumentException(
          "room names have 1 to " + RoomName.MAX_LENGTH + " characters and no control characters");
    }
    if (RoomName.isInbox(room)) {
      throw new IllegalArgumentException("nobody can join " + room + ": it is the inbox of a user");
    }
    if (!isInSeveralRooms) {
      throw new IllegalStateException("an HTTP client is in one room");
    }
    if (!isDecided && !rooms.contains(room)) {
      rooms.add(room);
    }
  }

  /** The user that hooks have chosen; null if they have not. What they say later is ignored. */
  public synchronized @Nullable User decided() {
    isDecided = true;
    return user;
  }

  /** The rooms that hooks have chosen. */
  public synchronized List<String> rooms() {
    return List.copyOf(rooms);
  }
}
