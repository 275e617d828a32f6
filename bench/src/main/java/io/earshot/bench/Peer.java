package io.earshot.bench;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A server that can be measured.
 *
 * <p>Immutable.
 *
 * @param name what it is called on the command line
 * @param title what it is called in tables
 * @param scripts how it is spoken to, by door
 * @param kit how it is started
 */
record Peer(String name, String title, Map<Transport, Script> scripts, Kit kit) {
  private static final String OK = "\"status\":\"OK\"";

  /** All of them, in the order of tables. */
  static List<Peer> all() {
    return List.of(
        bare(),
        earshot("earshot", "Earshot", new EarshotKit()),
        earshot("earshot-redis", "Earshot, over Redis", new ClusterKit()),
        nats(),
        vertx(),
        ws(),
        socketIo(),
        nettySocketIo(),
        actionHero());
  }

  /** By which door a cell comes in here; null if there is none. Who has TCP alone takes all. */
  @Nullable Transport door(Cell cell) {
    if (scripts.containsKey(cell.transport())) {
      return cell.transport();
    }
    return cell.transport() == Transport.WEBSOCKET ? Transport.TCP : null;
  }

  private static Peer earshot(String name, String title, Kit kit) {
    return new Peer(
        name,
        title,
        Map.of(
            Transport.WEBSOCKET,
            new Script(
                Wire.WEBSOCKET,
                "/",
                "{\"event\":\"roomChange\",\"room\":\"room%room%\"}",
                "{\"event\":\"listenToRoom\",\"room\":\"quiet%id%-%n%\"}",
                OK,
                "{\"event\":\"say\",\"message\":\"%msg%\"}",
                false),
            Transport.TCP,
            new Script(
                Wire.LINES,
                "",
                "roomChange room%room%",
                "listenToRoom quiet%id%-%n%",
                OK,
                "say %msg%",
                false)),
        kit);
  }

  private static Peer bare() {
    return new Peer(
        "bare",
        "bare C epoll, merged sends (the limit)",
        Map.of(
            Transport.WEBSOCKET,
            new Script(Wire.WEBSOCKET, "J %room%", "OK", "S %msg%"),
            Transport.TCP,
            new Script(Wire.LINES, "J %room%", "OK", "S %msg%")),
        new BareKit());
  }

  private static Peer nats() {
    return new Peer(
        "nats",
        "NATS (TCP)",
        Map.of(
            Transport.TCP,
            new Script(
                Wire.NATS,
                "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"lang\":\"java\",\"version\":\"1\"}\r\n"
                    + "SUB room.%room% 1\r\nPING",
                "PONG",
                "payload:{\"message\":\"%msg%\",\"room\":\"room%room%\",\"from\":\"%id%\",\"context\":\"user\"}")),
        new NatsKit());
  }

  private static Peer vertx() {
    return new Peer(
        "vertx", "Vert.x", overWebSocket(), new JavaKit("vertx", "vertx-core", "VertxRooms"));
  }

  private static Peer ws() {
    return new Peer("ws", "node ws", overWebSocket(), new NodeKit("node", "ws", "ws.js"));
  }

  private static Peer socketIo() {
    return new Peer(
        "socket.io", "Socket.IO", overSocketIo(), new NodeKit("node", "socket.io", "socketio.js"));
  }

  private static Peer nettySocketIo() {
    return new Peer(
        "netty-socketio",
        "netty-socketio",
        overSocketIo(),
        new JavaKit("netty-socketio", "netty-socketio", "NettySocketIoRooms"));
  }

  private static Peer actionHero() {
    return new Peer(
        "actionhero",
        "actionHero",
        Map.of(
            Transport.WEBSOCKET,
            new Script(
                Wire.WEBSOCKET,
                "/primus",
                "{\"event\":\"roomAdd\",\"room\":\"room%room%\"}",
                "",
                OK,
                "{\"event\":\"say\",\"room\":\"room%room%\",\"message\":\"%msg%\"}",
                true)),
        new NodeKit("actionhero", "actionhero", "server.js"));
  }

  /** What our own little servers on a WebSocket library understand. */
  private static Map<Transport, Script> overWebSocket() {
    return Map.of(
        Transport.WEBSOCKET,
        new Script(
            Wire.WEBSOCKET,
            "{\"event\":\"join\",\"room\":\"room%room%\"}",
            OK,
            "{\"event\":\"say\",\"message\":\"%msg%\"}"));
  }

  private static Map<Transport, Script> overSocketIo() {
    return Map.of(
        Transport.WEBSOCKET,
        new Script(
            Wire.SOCKET_IO,
            "/socket.io/?EIO=4&transport=websocket",
            "42[\"join\",\"room%room%\"]",
            "",
            OK,
            "42[\"say\",\"%msg%\"]",
            false));
  }
}
