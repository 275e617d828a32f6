package io.earshot;

import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Loop;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The rooms of one server, without its sockets. Transports bring connections here; programs use
 * what {@link #api} gives.
 *
 * <p>Thread-safe: the loops own what changes, but for the table of connections, which is a
 * concurrent one.
 */
public final class Earshot {
  private final Config config;
  private final Rooms rooms;
  private final Map<Loop, Shard> shards;
  private final Map<String, ClientConnection> connections = new ConcurrentHashMap<>();
  private final SecureRandom random = new SecureRandom();
  private final Api api;

  /**
   * A server without connections.
   *
   * @param config its settings
   * @param loops the event loops that share the work; each connection lives on one of them
   * @param clock what tells when a message was sent
   */
  public Earshot(Config config, List<? extends Loop> loops, InstantSource clock) {
    this.config = config;
    this.rooms = new Rooms(loops, config.rooms(), clock);
    this.shards = new HashMap<>();
    for (int i = 0; i < loops.size(); i++) {
      shards.put(loops.get(i), rooms.shards().get(i));
    }
    this.api = new Api(this);
    api.actions().add(new Status(this, clock));
    api.actions().add(new ActionsView());
    api.actions().add(new RandomNumber());
  }

  /**
   * What programs call.
   *
   * @return the API of this server
   */
  public Api api() {
    return api;
  }

  Config config() {
    return config;
  }

  Rooms rooms() {
    return rooms;
  }

  Map<String, ClientConnection> connections() {
    return connections;
  }

  /**
   * Brings in a new connection. It joins the default room and is told welcome. Called on the
   * connection's loop.
   *
   * @param loop the connection's loop, one of those that this server was made with
   * @param outbound where its bytes go
   * @param wire how they are framed
   * @param transport how it came
   * @param remoteAddress where from
   * @return whom to tell what comes in
   */
  public Intake connect(
      Loop loop, Outbound outbound, Wire wire, Transport transport, SocketAddress remoteAddress) {
    Shard shard = shards.get(loop);
    if (shard == null) {
      throw new IllegalArgumentException("not a loop of this server");
    }
    byte[] id = new byte[16];
    random.nextBytes(id);
    var connection =
        new ClientConnection(
            this, shard, outbound, wire, HexFormat.of().formatHex(id), transport, remoteAddress);
    connections.put(connection.id(), connection);
    connection.open();
    return connection;
  }

  void forget(ClientConnection connection) {
    connections.remove(connection.id());
  }

  /** Says goodbye to everybody. Returns at once; each loop does its part. */
  public void dismissAll() {
    connections
        .values()
        .forEach(connection -> connection.tell(() -> connection.dismiss(Ending.SHUTDOWN)));
  }
}
