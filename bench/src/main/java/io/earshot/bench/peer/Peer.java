package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.load.Script;
import io.earshot.bench.load.Transport;
import io.earshot.bench.load.Wire;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A server that the bench can measure: Earshot or another one.
 *
 * <p>Immutable.
 *
 * @param name the name on the command line
 * @param title the name in tables
 * @param scripts the texts that its clients send, by transport
 * @param launcher how it is built and started
 */
public record Peer(String name, String title, Map<Transport, Script> scripts, Launcher launcher) {
  private static final String OK = "\"status\":\"OK\"";

  /** All peers, in the order of tables. */
  public static List<Peer> all() {
    return List.of(
        bare(),
        earshot("earshot", "Earshot", new EarshotLauncher()),
        earshot("earshot-redis", "Earshot, over Redis", new ClusterLauncher()),
        nats(),
        vertx(),
        ws(),
        socketIo(),
        nettySocketIo(),
        actionHero());
  }

  /**
   * The transport by which this peer serves a load; null if it cannot. A peer that has only TCP
   * serves loads for WebSocket over TCP.
   */
  public @Nullable Transport transport(Cell cell) {
    if (scripts.containsKey(cell.transport())) {
      return cell.transport();
    }
    return cell.transport() == Transport.WEBSOCKET ? Transport.TCP : null;
  }

  private static Peer earshot(String name, String title, Launcher launcher) {
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
        launcher);
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
        new BareLauncher());
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
        new NatsLauncher());
  }

  private static Peer vertx() {
    return new Peer(
        "vertx", "Vert.x", overWebSocket(), new JavaLauncher("vertx", "vertx-core", "VertxRooms"));
  }

  private static Peer ws() {
    return new Peer("ws", "node ws", overWebSocket(), new NodeLauncher("node", "ws", "ws.js"));
  }

  private static Peer socketIo() {
    return new Peer(
        "socket.io",
        "Socket.IO",
        overSocketIo(),
        new NodeLauncher("node", "socket.io", "socketio.js"));
  }

  private static Peer nettySocketIo() {
    return new Peer(
        "netty-socketio",
        "netty-socketio",
        overSocketIo(),
        new JavaLauncher("netty-socketio", "netty-socketio", "NettySocketIoRooms"));
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
        new NodeLauncher("actionhero", "actionhero", "server.js"));
  }

  /** The script of the servers in bench/peers that use a WebSocket library. */
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
