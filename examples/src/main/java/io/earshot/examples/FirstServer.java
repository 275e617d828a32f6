package io.earshot.examples;

import io.earshot.*;
import io.earshot.netty.EarshotServer;

/** A program with a server in it: TCP on 5000, HTTP and WebSocket on 8080, one action. */
public final class FirstServer {

  public static void main(String[] args) throws Exception {
    start(Config.defaults());
  }

  static EarshotServer start(Config config) throws Exception {
    EarshotServer server = EarshotServer.start(config);
    Api api = server.api();
    // The line "doors", or GET /doors: a message to all members of the default room.
    api.actions()
        .add(Action.of("doors", call -> api.chatRoom().socketRoomBroadcast(null, "Doors open.")));
    return server;
  }
}
