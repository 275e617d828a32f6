import com.corundumstudio.socketio.Configuration;
import com.corundumstudio.socketio.SocketIOServer;
import com.corundumstudio.socketio.Transport;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** A room server on netty-socketio: one event loop, native epoll. Usage: NettySocketIoRooms PORT */
final class NettySocketIoRooms {
  public static void main(String[] args) {
    var configuration = new Configuration();
    configuration.setHostname("127.0.0.1");
    configuration.setPort(Integer.parseInt(args[0]));
    configuration.setBossThreads(1);
    configuration.setWorkerThreads(1);
    configuration.setUseLinuxNativeEpoll(true);
    configuration.setTransports(Transport.WEBSOCKET);
    configuration.getSocketConfig().setTcpNoDelay(true);
    configuration.getSocketConfig().setAcceptBackLog(4096);

    var server = new SocketIOServer(configuration);
    Map<UUID, String> rooms = new ConcurrentHashMap<>();
    server.addEventListener(
        "join",
        String.class,
        (client, room, _) -> {
          rooms.put(client.getSessionId(), room);
          client.joinRoom(room);
          client.sendEvent("ready", Map.of("status", "OK"));
        });
    server.addEventListener(
        "say",
        String.class,
        (client, message, _) -> {
          String room = rooms.get(client.getSessionId());
          Map<String, Object> said =
              Map.of(
                  "message", message,
                  "room", room,
                  "from", client.getSessionId().toString(),
                  "context", "user",
                  "sentAt", System.currentTimeMillis());
          server.getRoomOperations(room).sendEvent("said", client, said);
        });
    server.addDisconnectListener(client -> rooms.remove(client.getSessionId()));
    server.start();
  }
}
