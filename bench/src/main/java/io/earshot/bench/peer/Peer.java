package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.load.Script;
import io.earshot.bench.load.Wire;
import io.earshot.bench.work.Transport;
import java.nio.file.Path;
import java.util.EnumMap;
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
  private static final String WITH_ANSWERS = "bare-ack";
  private static final String OK = "\"status\":\"OK\"";

  /** All peers, in the order of tables. */
  public static List<Peer> all() {
    return List.of(
        bare(),
        bareWithAnswers(),
        haproxy(),
        openssl(),
        earshot("earshot", "Earshot", new EarshotLauncher(null)),
        earshot("earshot-redis", "Earshot, over Redis", new ClusterLauncher()),
        nats(),
        vertx(),
        ws(),
        socketIo(),
        nettySocketIo(),
        actionHero());
  }

  /**
   * Earshot of another checkout, to compare a change with what was before it.
   *
   * @param checkout the root of the other checkout
   */
  public static Peer before(Path checkout) {
    return earshot("earshot-before", "Earshot before", new EarshotLauncher(checkout));
  }

  /**
   * The transport by which this peer serves a load; null if it cannot. A peer that has only TCP
   * serves loads for WebSocket over TCP.
   */
  public @Nullable Transport transport(Cell cell) {
    if (name.equals(WITH_ANSWERS) && !cell.reference().equals(name)) {
      return null; // elsewhere the answers are too few to make a difference
    }
    if (scripts.containsKey(cell.transport())) {
      return cell.transport();
    }
    return cell.transport() == Transport.WEBSOCKET && scripts.containsKey(Transport.TCP)
        ? Transport.TCP
        : null;
  }

  private static Peer earshot(String name, String title, Launcher launcher) {
    var overWebSocket =
        new Script(
            Wire.WEBSOCKET,
            "/",
            "{\"event\":\"roomChange\",\"room\":\"room%room%\"}",
            "{\"event\":\"listenToRoom\",\"room\":\"quiet%id%-%n%\"}",
            OK,
            "{\"event\":\"say\",\"message\":\"%msg%\"}",
            false);
    return new Peer(
        name,
        title,
        Map.of(
            Transport.WEBSOCKET,
            overWebSocket,
            Transport.WSS,
            overWebSocket,
            Transport.DEFLATE,
            overWebSocket,
            Transport.TLS,
            Script.NONE,
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
            bareScript(),
            Transport.TCP,
            new Script(Wire.LINES, "J %room%", "OK", "S %msg%")),
        new BareLauncher(false));
  }

  private static Script bareScript() {
    return new Script(Wire.WEBSOCKET, "J %room%", "OK", "S %msg%");
  }

  private static Peer bareWithAnswers() {
    return new Peer(
        WITH_ANSWERS,
        "bare C with answers",
        Map.of(Transport.WEBSOCKET, bareScript()),
        new BareLauncher(true));
  }

  private static Peer haproxy() {
    return new Peer(
        "haproxy",
        "HAProxy and bare C",
        Map.of(Transport.WSS, bareScript(), Transport.TLS, Script.NONE),
        new HaproxyLauncher());
  }

  private static Peer openssl() {
    return new Peer(
        "openssl", "openssl s_server", Map.of(Transport.TLS, Script.NONE), new OpensslLauncher());
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
        "vertx",
        "Vert.x",
        overWebSocket(false),
        new JavaLauncher("vertx", "vertx-core", "VertxRooms"));
  }

  private static Peer ws() {
    return new Peer("ws", "node ws", overWebSocket(true), new NodeLauncher("node", "ws", "ws.js"));
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

  /** The scripts of the servers in bench/peers that use a WebSocket library. */
  private static Map<Transport, Script> overWebSocket(boolean compresses) {
    var script =
        new Script(
            Wire.WEBSOCKET,
            "{\"event\":\"join\",\"room\":\"room%room%\"}",
            OK,
            "{\"event\":\"say\",\"message\":\"%msg%\"}");
    var scripts = new EnumMap<Transport, Script>(Transport.class);
    scripts.put(Transport.WEBSOCKET, script);
    scripts.put(Transport.WSS, script);
    scripts.put(Transport.TLS, Script.NONE);
    if (compresses) {
      scripts.put(Transport.DEFLATE, script);
    }
    return scripts;
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
