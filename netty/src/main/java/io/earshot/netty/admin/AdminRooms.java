package io.earshot.netty.admin;

import io.earshot.Api;
import io.earshot.RoomCount;
import io.earshot.monitor.RoomLine;
import io.earshot.monitor.RoomQuery;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.publish.ManyPresent;
import io.earshot.netty.publish.Publishing;
import io.earshot.netty.room.RoomUrl;
import io.earshot.netty.room.RoomUrls;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of the admin API: lists, shows, reads and closes them, and sends messages to them.
 *
 * <p>Immutable.
 */
final class AdminRooms {
  private final Site site;
  private final Api api;
  private final Publishing publishing;
  private final ManyPresent present;

  AdminRooms(Site site) {
    this.site = site;
    this.api = site.engine().api();
    this.publishing = new Publishing(site);
    this.present = new ManyPresent(site);
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

  /** Who is in several rooms, and where several users are. */
  CompletionStage<AdminReply> presence(AdminCall call) throws ProblemException {
    return present.find(call.query()).thenApply(AdminReply::ok);
  }

  /** Earlier messages of a room, whatever its rule says. */
  CompletionStage<AdminReply> read(AdminCall call) throws ProblemException {
    return RoomUrl.ofMessages(call.room(), call.query())
        .read(site.engine().http(), 0)
        .thenApply(excerpt -> AdminReply.ok(excerpt.encode()));
  }

  CompletionStage<AdminReply> say(AdminCall call) throws ProblemException {
    String room = call.room();
    return publishing
        .publish(room, call.body(), call.repeats())
        .thenApply(
            place ->
                AdminReply.created(
                    AdminPage.object(
                        "room", room, "epoch", place.epoch(), "offset", place.offset()),
                    null));
  }

  /** Sends many messages to many rooms. */
  CompletionStage<AdminReply> publish(AdminCall call) throws ProblemException {
    return publishing
        .publish(call.body(), call.repeats())
        .thenApply(
            published ->
                published.failed() == 0
                    ? AdminReply.ok(published.toJson())
                    : AdminReply.partial(published.toJson()));
  }
}
