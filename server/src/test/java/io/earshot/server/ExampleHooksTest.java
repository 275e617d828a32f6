package io.earshot.server;

import static io.earshot.server.Talker.field;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Json;
import org.junit.jupiter.api.Test;

/** The hooks in examples/hooks, dropped in as they are. */
class ExampleHooksTest {

  @Test
  void the_moderator_changes_words_keeps_strangers_out_and_greets() throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("rooms.announcements", false)
            .with("general.actionsFolder", System.getProperty("earshot.root") + "/examples/hooks");
    try (Serve serve = Serve.start(config);
        var talker = new Talker(serve);
        var other = new Talker(serve)) {
      talker.line("roomChange lobby.de");
      assertThat(field(talker.heard(), "message")).contains("Be nice");
      other.line("roomChange lobby.de");
      assertThat(field(other.heard(), "message")).contains("Be nice");
      talker.line("say Darn it");
      Json.Obj heard = other.heard();
      assertThat(field(heard, "message")).isEqualTo("\"**** it\"");
      assertThat(field(talker.line("roomChange staff.room"), "error"))
          .isEqualTo("\"Error: log in first\"");
      assertThat(field(talker.line("{\"event\":\"say\",\"message\":{\"a\":1}}"), "error"))
          .isEqualTo("\"Error: only texts here\"");
      talker.line("roomChange elsewhere");
      other.line("roomChange elsewhere");
      talker.line("say darn");
      assertThat(field(other.heard(), "message")).isEqualTo("\"darn\"");
    }
  }
}
