package io.earshot.web;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.ChatRoom;
import io.earshot.Connection;
import io.earshot.RefusedException;
import io.earshot.action.ActionCall;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.BrokerException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The shipped action {@code chat}: the chat for HTTP clients. Its methods {@code roomView}, {@code
 * say}, {@code messages}, {@code roomChange} and {@code detailsView} are those of actionHero's chat
 * documentation; {@code tokenRefresh}, and the params {@code wait}, {@code token}, {@code limit}
 * and {@code after}, are additions.
 *
 * <p>Immutable.
 */
public final class ChatAction implements Action {

  static final String NAME = "chat";

  /** The longest time to wait for a message, in milliseconds. */
  static final int MAX_WAIT = 25_000;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "Chat over HTTP: roomView, say, messages, roomChange, tokenRefresh, detailsView.";
  }

  @Override
  public List<String> required() {
    return List.of("method");
  }

  @Override
  public List<String> optional() {
    return List.of("message", "room", "wait", "token", "limit", "after", "usersAfter");
  }

  @Override
  public Map<String, Object> outputExample() {
    return Map.of("roomStatus", new RoomStatus("defaultRoom", List.of(), null).toJson());
  }

  @Override
  public void run(Call call) throws Exception {
    if (!(call.connection() instanceof WebConnection client)) {
      throw new RefusedException(
          "the chat action is only for web clients; other clients send verbs such as say");
    }
    if (!(call.params().get("method") instanceof Json.Text method)) {
      throw new RefusedException("method must be given once, as a text");
    }
    ChatRoom chatRoom = call.api().chatRoom();
    switch (method.value()) {
      case "roomView" -> {
        client.checkAccess(call.text("token"));
        RoomStatus.Page page = page(call.params());
        call.put(
            "roomStatus",
            result(
                    page == null
                        ? chatRoom.socketRoomStatus(client.room())
                        : chatRoom.socketRoomStatus(client.room(), page))
                .toJson());
      }
      case "say" -> {
        Json message = call.params().get("message");
        if (message == null) {
          throw new RefusedException("message is required to use the say method");
        }
        var unused = result(client.say(message, Audience.of(call.params()), call.text("token")));
      }
      case "messages" -> {
        long wait = wait(call.text("wait"));
        if (wait > 0) {
          // A waiting call does no work, so it must not take a permit from another action. The
          // number of waiting calls is bounded all the same: each queue has one.
          if (call instanceof ActionCall running) {
            running.permit().release();
          }
        }
        call.put("message", WebConnection.parsed(result(client.takeMessage(wait))));
      }
      case "roomChange" ->
          call.put("room", result(client.changeRoom(room(call.text("room")), call.text("token"))));
      case "tokenRefresh" -> {
        Reply.Refreshed newer = result(client.refreshToken(token(call.text("token"))));
        call.put("rooms", newer.rooms());
        call.put("expiresAt", newer.expiresAt());
      }
      case "detailsView" -> call.put("details", details(client));
      default -> throw new RefusedException(method.value() + " is not a known chat method");
    }
  }

  private static RoomStatus.@Nullable Page page(Map<String, Json> params) throws RefusedException {
    try {
      return RoomStatus.Page.fromJson(
          params.get("limit"), params.get("after"), params.get("usersAfter"));
    } catch (IllegalArgumentException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
  }

  private static Map<String, Object> details(Connection client) {
    var identity = new LinkedHashMap<String, Object>();
    identity.put("id", client.id());
    identity.put("connectedAt", client.connectedAt().toEpochMilli());
    var details = new LinkedHashMap<String, Object>();
    details.put("public", identity);
    details.put("room", client.room());
    return details;
  }

  private static String room(@Nullable String room) throws RefusedException {
    if (room == null || room.isEmpty()) {
      throw new RefusedException("room is required to use the roomChange method");
    }
    if (!RoomName.isValid(room)) {
      throw new RefusedException(
          "room names have 1 to " + RoomName.MAX_LENGTH + " characters and no control characters");
    }
    return room;
  }

  private static String token(@Nullable String token) throws RefusedException {
    if (token == null || token.isEmpty()) {
      throw new RefusedException("token is required to use the tokenRefresh method");
    }
    return token;
  }

  private static long wait(@Nullable String wait) throws RefusedException {
    if (wait == null) {
      return 0;
    }
    if (!wait.matches("\\d{1,9}")) {
      throw new RefusedException("wait is a number of milliseconds");
    }
    return Math.min(MAX_WAIT, Long.parseLong(wait));
  }

  private static <T extends @Nullable Object> T result(CompletionStage<T> stage) throws Exception {
    CompletableFuture<T> future = stage.toCompletableFuture();
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw switch (e.getCause()) {
        case RefusedException refused -> refused;
        // An outage of the broker is not an error of the action; the broker logs it.
        case BrokerException away -> new RefusedException(BrokerException.explained(away));
        case null, default -> e;
      };
    } catch (InterruptedException e) {
      future.cancel(true); // the client is gone, or the call took too long
      throw e;
    }
  }
}
