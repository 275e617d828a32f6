package io.earshot.netty.admin;

import io.earshot.Api;
import io.earshot.RoomCount;
import io.earshot.StandIn;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.room.RoomUrls;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of the admin API: lists, shows and closes them, and sends messages to them.
 *
 * <p>Immutable.
 */
final class AdminRooms {
  private final Site site;
  private final Api api;

  AdminRooms(Site site) {
    this.site = site;
    this.api = site.engine().api();
  }

  CompletionStage<AdminReply> list(AdminCall call) throws ProblemException {
    int limit = call.limit();
    return api.chatRoom()
        .rooms(call.after(), limit + 1)
        .thenApply(
            rooms -> AdminPage.of("rooms", rooms, limit, RoomCount::room, AdminRooms::encoded));
  }

  private static Json encoded(RoomCount room) {
    return AdminPage.object("room", room.room(), "membersCount", room.members());
  }

  CompletionStage<AdminReply> find(AdminCall call) throws ProblemException {
    int maxLength = site.config().limits().answerBytes();
    return api.chatRoom()
        .socketRoomStatus(call.room())
        .thenApply(status -> AdminReply.ok(RoomUrls.encoded(status, maxLength)));
  }

  CompletionStage<AdminReply> close(AdminCall call) throws ProblemException {
    call.only("seconds", "reason");
    Duration time = call.body().containsKey("seconds") ? call.time() : Duration.ZERO;
    return api.moderation()
        .closeRoom(call.room(), time, call.reason())
        .thenApply(closure -> AdminReply.ok(closure.toJson()));
  }

  CompletionStage<AdminReply> say(AdminCall call) throws ProblemException {
    call.only("message", "from", "match");
    Json message = call.body().get("message");
    if (message == null) {
      throw ProblemException.badRequest("a message is required");
    }
    if (message.encode().length > site.maxMessageLength()) {
      throw ProblemException.bodyTooLarge(site.maxMessageLength());
    }
    String from = call.text("from");
    String room = call.room();
    Json name = Json.of(from == null ? site.config().general().serverName() : from);
    return api.chatRoom()
        .socketRoomBroadcast(new StandIn(room, name, audience(call)), message)
        .thenApply(_ -> AdminReply.created(Json.from(Map.of("room", room)), null));
  }

  private static @Nullable Audience audience(AdminCall call) throws ProblemException {
    return switch (call.body().get("match")) {
      case null -> null;
      case Json.Obj match
          when match.fields().size() == 2
              && match.get("key") instanceof Json.Text(String key)
              && match.get("value") instanceof Json.Text(String value) ->
          new Audience(key, value);
      default -> throw ProblemException.badRequest("match is {\"key\":TEXT,\"value\":TEXT}");
    };
  }
}
