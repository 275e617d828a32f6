package io.earshot.examples;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.StandIn;
import io.earshot.netty.EarshotServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Earshot inside a program: it uses free ports, sends messages to rooms, and lists members. */
public final class EmbeddedServer {

  private EmbeddedServer() {}

  /**
   * Runs the example.
   *
   * @param args none
   * @throws Exception if the server cannot start, or the connection fails
   */
  public static void main(String[] args) throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("general.defaultChatRoom", "lobby");
    try (EarshotServer server = EarshotServer.start(config);
        Socket client = new Socket(InetAddress.getLoopbackAddress(), server.tcpPort())) {
      var lines =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
      System.out.println("welcome:   " + lines.readLine());

      Api api = server.api();
      Connection connection = api.connections().iterator().next();
      connection.set("team", "red");

      // A message to all members of the default room, with the server as the sender.
      api.chatRoom().socketRoomBroadcast(null, "The doors are open.");
      System.out.println("broadcast: " + lines.readLine());

      // A message to any room under any id, only to connections with this attribute.
      StandIn referee = StandIn.in("lobby").withId("referee").to("team", "red");
      api.chatRoom().socketRoomBroadcast(referee, "Red team, get ready.");
      System.out.println("stand-in:  " + lines.readLine());

      api.chatRoom()
          .socketRoomStatus("lobby")
          .thenAccept(status -> System.out.println("in lobby:  " + status.membersCount()))
          .toCompletableFuture()
          .join();
    }
  }
}
