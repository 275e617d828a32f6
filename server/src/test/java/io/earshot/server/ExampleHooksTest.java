package io.earshot.server;

import static io.earshot.server.LineClient.field;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Json;
import org.junit.jupiter.api.Test;

/** The hooks in examples/hooks, in an actions folder. */
class ExampleHooksTest {

  @Test
  void the_moderator_changes_words_refuses_anonymous_clients_and_greets() throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("rooms.announcements", false)
            .with("general.actionsFolder", System.getProperty("earshot.root") + "/examples/hooks");
    try (Serve serve = Serve.start(config);
        var client = new LineClient(serve);
        var other = new LineClient(serve)) {
      client.line("roomChange lobby.de");
      assertThat(field(client.received(), "message")).contains("Be nice");
      other.line("roomChange lobby.de");
      assertThat(field(other.received(), "message")).contains("Be nice");
      client.line("say Darn it");
      Json.Obj received = other.received();
      assertThat(field(received, "message")).isEqualTo("\"**** it\"");
      assertThat(field(client.line("roomChange staff.room"), "error"))
          .isEqualTo("\"Error: log in first\"");
      assertThat(field(client.line("{\"event\":\"say\",\"message\":{\"a\":1}}"), "error"))
          .isEqualTo("\"Error: only texts here\"");
      client.line("roomChange elsewhere");
      other.line("roomChange elsewhere");
      client.line("say darn");
      assertThat(field(other.received(), "message")).isEqualTo("\"darn\"");
      client.line("roomChange receipts.today");
      client.line("say one");
      assertThat(field(client.received(), "message")).isEqualTo("\"number 1\"");
    }
  }
}
