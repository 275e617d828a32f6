package io.earshot.netty.admin;

import io.earshot.monitor.Monitor;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.room.RoomUrl;
import io.earshot.protocol.Json;
import io.earshot.stats.Closings.Closing;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The state of the server in the admin API: now, in the last 15 minutes, and its slow consumers.
 *
 * <p>Immutable.
 */
record AdminOverview(Monitor monitor) {
  private static final int LOG_LINES = 20;
  private static final int MOST_LOG_LINES = 200;

  AdminReply now(AdminCall call) throws ProblemException {
    int lines = call.query().number("log", LOG_LINES, 0, MOST_LOG_LINES);
    return AdminReply.ok(monitor.overview(lines));
  }

  AdminReply history(AdminCall call) throws ProblemException {
    return AdminReply.ok(monitor.history(call.query().number("after", 0, 0, Integer.MAX_VALUE)));
  }

  /** The clients that do not read, those for which most bytes wait first. */
  CompletionStage<AdminReply> slow(AdminCall call) throws ProblemException {
    String room = call.param("room");
    return monitor
        .slowClients(room == null ? "" : RoomUrl.valid(room))
        .thenApply(slow -> AdminReply.ok(AdminPage.object("connections", List.<Json>copyOf(slow))));
  }

  /** Why connections of this server ended, the last one last. */
  AdminReply closed(AdminCall call) throws ProblemException {
    String id = call.param("id");
    String user = call.param("user");
    List<Closing> all = monitor.closed(id == null ? "" : id, user == null ? "" : user);
    List<Json> last =
        all.subList(Math.max(0, all.size() - call.limit()), all.size()).stream()
            .map(AdminOverview::encoded)
            .toList();
    return AdminReply.ok(AdminPage.object("closed", last));
  }

  private static Json encoded(Closing of) {
    return AdminPage.object(
        "id",
        of.id(),
        "user",
        of.user().isEmpty() ? new Json.Null() : Json.of(of.user()),
        "reason",
        of.reason(),
        "at",
        of.at());
  }
}
