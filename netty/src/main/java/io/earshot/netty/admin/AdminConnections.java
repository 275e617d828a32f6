package io.earshot.netty.admin;

import io.earshot.AddressRange;
import io.earshot.Api;
import io.earshot.Connection;
import io.earshot.Target;
import io.earshot.Users;
import io.earshot.monitor.Monitor;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.room.RoomUrl;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * The connections of the admin API: lists, shows, moves and ends them.
 *
 * <p>Immutable.
 */
record AdminConnections(Api api, Monitor monitor) {

  AdminReply list(AdminCall call) throws ProblemException {
    String room = call.param("room");
    String range = call.param("address");
    Predicate<Connection> filter = each -> room == null || each.room().equals(room);
    if (range != null && Target.address(range) instanceof Target.Address(AddressRange in)) {
      filter = filter.and(each -> in.contains(address(each)));
    }
    int limit = call.limit();
    List<Connection> page =
        AdminPage.first(
            api.connections().stream().filter(filter), Connection::id, call.after(), limit + 1);
    return AdminPage.of("connections", page, limit, Connection::id, AdminConnections::encoded);
  }

  private static InetAddress address(Connection connection) {
    InetAddress address =
        connection.remoteAddress() instanceof InetSocketAddress socket ? socket.getAddress() : null;
    if (address == null) {
      return new InetSocketAddress(0).getAddress();
    }
    return AddressRange.of(address, address.getAddress().length * Byte.SIZE).start();
  }

  private static Json encoded(Connection connection) {
    return AdminPage.object(
        "id",
        connection.id(),
        "transport",
        connection.transport().name().toLowerCase(Locale.ROOT),
        "room",
        connection.room(),
        "address",
        address(connection).getHostAddress(),
        "connectedAt",
        connection.connectedAt().toEpochMilli(),
        "attributes",
        new TreeMap<>(connection.attributes()));
  }

  /** One connection of this server, with its rooms and what waits for it. */
  CompletionStage<AdminReply> find(AdminCall call) {
    return monitor
        .client(call.name())
        .thenCompose(
            client ->
                client == null
                    ? CompletableFuture.failedStage(unknown("on this server"))
                    : AdminReply.ok(client).now());
  }

  /** Where a user is online, on all servers of the cluster. */
  CompletionStage<AdminReply> findUser(AdminCall call) {
    return api.users().find(call.name()).thenApply(found -> AdminReply.ok(found.toJson()));
  }

  /** Makes a user join or leave a room, with all connections on all servers. */
  CompletionStage<AdminReply> moveUser(AdminCall call, boolean joins) throws ProblemException {
    call.only();
    String id = call.name();
    String room = RoomUrl.valid(call.names().getLast());
    return (joins ? api.users().join(id, room) : api.users().leave(id, room))
        .thenApply(moved -> reply(id, room, moved));
  }

  /** Makes a connection join or leave a room, on whichever server of the cluster it is. */
  CompletionStage<AdminReply> move(AdminCall call, boolean joins) throws ProblemException {
    call.only();
    String id = call.name();
    String room = RoomUrl.valid(call.names().getLast());
    return (joins ? api.join(id, room) : api.leave(id, room))
        .thenApply(moved -> reply(id, room, moved));
  }

  private static AdminReply reply(String id, String room, Users.Moved moved) {
    return AdminReply.ok(
        AdminPage.object(
            "id",
            id,
            "room",
            room,
            "connections",
            moved.connections(),
            "complete",
            moved.isComplete()));
  }

  private static ProblemException unknown(String where) {
    return new ProblemException(
        HttpResponseStatus.NOT_FOUND, "nobody of this id is connected " + where);
  }

  /** Ends a connection, on whichever server of the cluster it is. */
  CompletionStage<AdminReply> kick(AdminCall call) throws ProblemException {
    call.only("reason");
    return api.moderation()
        .kick(call.name(), call.reason())
        .thenCompose(
            isDone ->
                isDone
                    ? AdminReply.ok(Json.from(Map.of("id", call.name()))).now()
                    : CompletableFuture.failedStage(unknown("anywhere")));
  }
}
