package io.earshot.netty.admin;

import io.earshot.monitor.Monitor;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.room.RoomUrl;
import io.earshot.protocol.Json;
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
}
