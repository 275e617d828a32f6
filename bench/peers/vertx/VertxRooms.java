import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A room server on Vert.x: one event loop, native epoll. Usage: VertxRooms PORT [CERTIFICATE KEY]
 */
final class VertxRooms {
  private static final Map<String, Set<ServerWebSocket>> ROOMS = new HashMap<>();

  public static void main(String[] args) {
    var options = new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true);
    var server = new HttpServerOptions().setPerMessageWebSocketCompressionSupported(false);
    if (args.length > 1) {
      server.setSsl(true).setKeyCertOptions(
          new PemKeyCertOptions().setCertPath(args[1]).setKeyPath(args[2]));
    }
    Vertx.vertx(options)
        .createHttpServer(server)
        .webSocketHandler(VertxRooms::serve)
        .listen(Integer.parseInt(args[0]), "127.0.0.1")
        .onFailure(
            failure -> {
              failure.printStackTrace();
              System.exit(1);
            });
  }

  private static void serve(ServerWebSocket socket) {
    var room = new AtomicReference<String>();
    socket.textMessageHandler(
        text -> {
          JsonObject said = new JsonObject(text);
          if (said.getString("event").equals("join")) {
            room.set(said.getString("room"));
            ROOMS.computeIfAbsent(room.get(), _ -> new LinkedHashSet<>()).add(socket);
            socket.writeTextMessage("{\"status\":\"OK\"}");
            return;
          }
          String delivery =
              new JsonObject()
                  .put("message", said.getString("message"))
                  .put("room", room.get())
                  .put("from", socket.textHandlerID())
                  .put("context", "user")
                  .put("sentAt", System.currentTimeMillis())
                  .encode();
          for (ServerWebSocket member : ROOMS.get(room.get())) {
            if (member != socket) {
              member.writeTextMessage(delivery);
            }
          }
        });
    socket.closeHandler(
        _ -> {
          if (room.get() != null) {
            ROOMS.get(room.get()).remove(socket);
          }
        });
  }
}
