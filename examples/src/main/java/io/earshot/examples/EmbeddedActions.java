package io.earshot.examples;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.util.Map;

/** A server inside a program, with the program's own actions. */
public final class EmbeddedActions {
  private EmbeddedActions() {}

  /**
   * Starts a server. Its actions are registered before the first client connects.
   *
   * @param config the server's settings
   * @return the server
   * @throws IOException if it cannot listen
   */
  public static EarshotServer start(Config config) throws IOException {
    Action greet =
        Action.of("greet", call -> call.put("greeting", "Hello, " + call.text("name")))
            .withDescription("Says hello.")
            .withRequired("name")
            .withOutputExample(Map.of("greeting", "Hello, Ada"));

    Action vote =
        Action.of(
            "vote",
            call -> {
              if (!"true".equals(call.connection().attributes().get("auth"))) {
                throw new RefusedException("log in first");
              }
              call.api().chatRoom().socketRoomBroadcast(call.sender(), Map.of("voted", true));
            });

    return EarshotServer.start(
        config,
        api -> {
          api.actions().add(greet);
          api.actions().add(vote);
        });
  }
}
