package io.earshot.browser;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import org.junit.jupiter.api.Test;

/**
 * The npm clients that users of the described system have, installed from the registry and put to
 * use.
 */
final class PeriodClientsTest {

  @Test
  void both_generations_of_npm_clients_connect_change_rooms_say_and_hear() throws Exception {
    NodeProgram program = NodeProgram.install("npm");
    try (EarshotServer server = Kind.EPOLL_LINES.start(Config.defaults())) {
      assertThat(program.run("node", "talk.js", String.valueOf(server.tcpPort())))
          .contains("both clients are content");
    }
  }
}
