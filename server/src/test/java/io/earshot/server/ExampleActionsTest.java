package io.earshot.server;

import static io.earshot.server.Talker.field;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Json;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The actions in examples/actions, dropped in as they are. */
class ExampleActionsTest {
  @SuppressWarnings("NullAway.Init")
  private static Serve serve;

  @SuppressWarnings("NullAway.Init")
  private Talker talker;

  @BeforeAll
  static void start() throws Exception {
    serve =
        Serve.start(
            Config.defaults()
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0)
                .with("rooms.announcements", false)
                .with("general.serverName", "the house")
                .with(
                    "general.actionsFolder",
                    System.getProperty("earshot.root") + "/examples/actions"));
  }

  @AfterAll
  static void stop() {
    serve.close();
  }

  @BeforeEach
  void connect() {
    talker = new Talker(serve);
  }

  @AfterEach
  void disconnect() {
    talker.close();
  }

  @Test
  void user_login_sets_auth_and_those_who_have_it_can_be_spoken_to() {
    try (var stranger = new Talker(serve)) {
      assertThat(field(talker.ask("userLogin"), "error"))
          .contains("userID is a required parameter");
      assertThat(field(talker.ask("userLogin", Map.of("userID", "ada")), "auth")).isEqualTo("true");
      stranger.line("paramAdd roomMatchKey=auth");
      stranger.line("paramAdd roomMatchValue=true");
      stranger.line("say members only");
      assertThat(field(talker.heard(), "message")).isEqualTo("\"members only\"");
    }
  }

  @Test
  void announce_speaks_to_all_in_the_name_of_the_server_and_to_the_asker_too() {
    try (var other = new Talker(serve)) {
      talker.ask("announce", Map.of("message", Map.of("doors", "open")));
      for (Talker each : new Talker[] {talker, other}) {
        Json.Obj heard = each.heard();
        assertThat(field(heard, "message")).isEqualTo("{\"doors\":\"open\"}");
        assertThat(field(heard, "from")).isEqualTo("\"the house\"");
        assertThat(field(heard, "room")).isEqualTo("\"defaultRoom\"");
      }
    }
  }

  @Test
  void say_as_speaks_under_an_id_that_keeps_its_type() {
    talker.line("roomChange attic");
    for (Object id : new Object[] {"ghost", "0", 0, 7}) {
      talker.ask("sayAs", Map.of("message", "boo", "room", "attic", "mid", id));
      assertThat(field(talker.heard(), "from")).isEqualTo(Talker.encoded(id));
    }
    talker.ask("sayAs", Map.of("message", "boo", "room", "attic"));
    assertThat(field(talker.heard(), "from")).isEqualTo("0");
    assertThat(field(talker.ask("sayAs", Map.of("message", "boo", "room", "\u0007")), "error"))
        .contains("a room is required: 1 to 256 characters");
  }

  @Test
  void say_as_without_a_room_speaks_in_the_default_room() {
    talker.ask("sayAs", Map.of("message", "boo"));
    assertThat(field(talker.heard(), "room")).isEqualTo("\"defaultRoom\"");
  }

  @Test
  void params_that_stay_are_the_params_of_an_action_asked_for_by_a_word() {
    talker.line("roomChange cellar");
    talker.line("paramAdd room=cellar");
    assertThat(field(talker.line("roomStatus"), "roomStatus"))
        .startsWith("{\"room\":\"cellar\",\"members\":[\"")
        .contains("\"],\"membersCount\":1,\"epoch\":");
  }

  @Test
  void room_status_says_who_is_there_or_why_not() {
    assertThat(field(talker.ask("roomStatus", Map.of("room", "nowhere")), "roomStatus"))
        .isEqualTo("{\"room\":\"nowhere\",\"members\":[],\"membersCount\":0}");
    assertThat(field(talker.ask("roomStatus", Map.of("room", "x".repeat(257))), "error"))
        .contains("a room is required: 1 to 256 characters");
  }

  @Test
  void sleep_test_answers_after_a_while_and_not_after_any() {
    Json.Obj answer = talker.ask("sleepTest", Map.of("sleepDuration", 20));
    assertThat(field(answer, "sleepDuration")).isEqualTo("20");
    assertThat(Long.parseLong(field(answer, "sleepDelta"))).isGreaterThanOrEqualTo(20);
    assertThat(Long.parseLong(field(answer, "sleepEnded")))
        .isEqualTo(
            Long.parseLong(field(answer, "sleepStarted"))
                + Long.parseLong(field(answer, "sleepDelta")));
    for (Object bad : new Object[] {10_001, -1, "long", 1.5, "99999999999999999999"}) {
      assertThat(field(talker.ask("sleepTest", Map.of("sleepDuration", bad)), "error"))
          .contains("from 0 to 10000");
    }
  }

  @Test
  void cache_test_reads_back_what_it_stored_and_does_not_grow_for_ever() {
    Json.Obj answer = talker.ask("cacheTest", Map.of("key", "k", "value", 1.50));
    assertThat(field(answer, "value")).isEqualTo("1.5");
    for (int i = 0; i < 150; i++) {
      answer = talker.ask("cacheTest", Map.of("key", "k" + i, "value", "v" + i));
    }
    assertThat(field(answer, "value")).isEqualTo("\"v149\"");
    assertThat(field(answer, "size")).isEqualTo("100");
  }
}
