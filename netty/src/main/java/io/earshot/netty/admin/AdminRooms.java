package io.earshot.netty.admin;

import io.earshot.Api;
import io.earshot.RoomCount;
import io.earshot.StandIn;
import io.earshot.monitor.RoomLine;
import io.earshot.monitor.RoomQuery;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.room.RoomUrls;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
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
    if (call.param("sort") != null || call.param("match") != null) {
      return sorted(call, limit);
    }
    return api.chatRoom()
        .rooms(call.after(), limit + 1)
        .thenApply(
            rooms -> AdminPage.of("rooms", rooms, limit, RoomCount::room, AdminRooms::encoded));
  }

  private static Json encoded(RoomCount room) {
    return AdminPage.object("room", room.room(), "membersCount", room.members());
  }

  /** The first rooms in some order, with their rates. */
  private CompletionStage<AdminReply> sorted(AdminCall call, int limit) throws ProblemException {
    RoomQuery.Sort sort = sort(call.param("sort"));
    String match = call.param("match");
    if (sort != RoomQuery.Sort.NAME && !call.after().isEmpty()) {
      throw ProblemException.badRequest("after works with sort=name alone");
    }
    return site.engine()
        .monitor()
        .rooms()
        .find(new RoomQuery(sort, match == null ? "" : match, call.after(), limit + 1))
        .thenApply(
            rooms -> AdminPage.of("rooms", rooms, limit, RoomLine::room, AdminRooms::encoded));
  }

  private static RoomQuery.Sort sort(@Nullable String name) throws ProblemException {
    return switch (name) {
      case null -> RoomQuery.Sort.NAME;
      case "name" -> RoomQuery.Sort.NAME;
      case "members" -> RoomQuery.Sort.MEMBERS;
      case "rate" -> RoomQuery.Sort.RATE;
      case "lag" -> RoomQuery.Sort.LAG;
      default -> throw ProblemException.badRequest("sort is name, members, rate or lag");
    };
  }

  private static Json encoded(RoomLine room) {
    return AdminPage.object(
        "room",
        room.room(),
        "membersCount",
        room.members(),
        "messagesPerSecond",
        room.rate() < 0 ? new Json.Null() : Json.from(Math.round(room.rate() * 10) / 10.0),
        "waitingBytes",
        room.waitingBytes());
  }

  CompletionStage<AdminReply> find(AdminCall call) throws ProblemException {
    int maxLength = site.config().limits().answerBytes();
    RoomStatus.Page page =
        RoomStatus.Page.parse(call.param("limit"), call.param("after"), call.param("usersAfter"));
    return (page == null
            ? api.chatRoom().socketRoomStatus(call.room())
            : api.chatRoom().socketRoomStatus(call.room(), page))
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
        .thenApply(ignored -> AdminReply.created(Json.from(Map.of("room", room)), null));
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
