package io.earshot.netty.publish;

import io.earshot.Api;
import io.earshot.UserPresence;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.Site;
import io.earshot.netty.room.RoomUrl;
import io.earshot.netty.room.RoomUrls;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Shows who is in several rooms, and where several users are, with one request.
 *
 * <p>Immutable.
 */
public final class ManyPresent {
  private static final int MOST = 100;
  private static final String DEFAULT_LIMIT = "100";

  private final Api api;
  private final int answerBytes;

  public ManyPresent(Site site) {
    this.api = site.engine().api();
    this.answerBytes = site.config().limits().answerBytes();
  }

  /**
   * Finds what a query names.
   *
   * @param query {@code room} and {@code user}, each as often as the caller likes; {@code limit} is
   *     the number of members and users of each room
   * @return the answer; failed if the other servers cannot be asked
   */
  public CompletionStage<Json> find(Query query) throws ProblemException {
    List<String> rooms = query.params().getOrDefault("room", List.of());
    List<String> users = query.params().getOrDefault("user", List.of());
    int count = rooms.size() + users.size();
    if (count < 1 || count > MOST || users.contains("")) {
      throw ProblemException.badRequest(
          "name 1 to " + MOST + " rooms and users, as in room=ROOM&room=ROOM&user=ID");
    }
    RoomStatus.Page page = page(query.param("limit"));
    for (String room : rooms) {
      RoomUrl.valid(room);
    }
    var statuses = new ArrayList<CompletableFuture<Json>>();
    for (String room : rooms) {
      statuses.add(
          api.chatRoom()
              .socketRoomStatus(room, page)
              .<Json>thenApply(status -> RoomUrls.bounded(status, answerBytes / count))
              .toCompletableFuture());
    }
    List<CompletableFuture<Json>> found =
        users.stream()
            .map(
                user ->
                    api.users()
                        .find(user)
                        .<Json>thenApply(UserPresence::toJson)
                        .toCompletableFuture())
            .toList();
    return list(statuses).thenCombine(list(found), ManyPresent::answer);
  }

  private static RoomStatus.Page page(@Nullable String limit) throws ProblemException {
    try {
      RoomStatus.Page page =
          RoomStatus.Page.parse(limit == null ? DEFAULT_LIMIT : limit, null, null);
      return page == null ? new RoomStatus.Page(RoomStatus.Page.MAX_LIMIT, null, null) : page;
    } catch (IllegalArgumentException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
  }

  private static CompletableFuture<Json> list(List<CompletableFuture<Json>> parts) {
    return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
        .thenApply(ignored -> new Json.Array(parts.stream().map(CompletableFuture::join).toList()));
  }

  private static Json answer(Json rooms, Json users) {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("rooms", rooms);
    fields.put("users", users);
    return new Json.Obj(fields);
  }
}
