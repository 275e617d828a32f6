package io.earshot.server;

import static io.earshot.server.LineClient.field;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Json;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The actions in examples/actions, in an actions folder. */
class ExampleActionsTest {
  @SuppressWarnings("NullAway.Init")
  private static Serve serve;

  @SuppressWarnings("NullAway.Init")
  private LineClient client;

  @BeforeAll
  static void start() throws Exception {
    serve =
        Serve.start(
            Config.defaults()
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0)
                .with("rooms.announcements", false)
                .with("general.serverName", "the server")
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
    client = new LineClient(serve);
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  @Test
  void user_login_sets_auth_and_messages_can_be_sent_to_members_that_have_it() {
    try (var sender = new LineClient(serve)) {
      assertThat(field(client.ask("userLogin"), "error"))
          .contains("userID is a required parameter");
      assertThat(field(client.ask("userLogin", Map.of("userID", "ada")), "auth")).isEqualTo("true");
      sender.line("paramAdd roomMatchKey=auth");
      sender.line("paramAdd roomMatchValue=true");
      sender.line("say members only");
      assertThat(field(client.received(), "message")).isEqualTo("\"members only\"");
    }
  }

  @Test
  void announce_sends_a_message_of_the_server_to_all_including_the_caller() {
    try (var other = new LineClient(serve)) {
      client.ask("announce", Map.of("message", Map.of("doors", "open")));
      for (LineClient each : new LineClient[] {client, other}) {
        Json.Obj received = each.received();
        assertThat(field(received, "message")).isEqualTo("{\"doors\":\"open\"}");
        assertThat(field(received, "from")).isEqualTo("\"the server\"");
        assertThat(field(received, "room")).isEqualTo("\"defaultRoom\"");
      }
    }
  }

  @Test
  void say_as_sends_under_an_id_that_keeps_its_type() {
    client.line("roomChange attic");
    for (Object id : new Object[] {"ghost", "0", 0, 7}) {
      client.ask("sayAs", Map.of("message", "boo", "room", "attic", "mid", id));
      assertThat(field(client.received(), "from")).isEqualTo(LineClient.encoded(id));
    }
    client.ask("sayAs", Map.of("message", "boo", "room", "attic"));
    assertThat(field(client.received(), "from")).isEqualTo("0");
    assertThat(field(client.ask("sayAs", Map.of("message", "boo", "room", "\u0007")), "error"))
        .contains("a room is required: 1 to 256 characters");
  }

  @Test
  void say_as_without_a_room_sends_to_the_default_room() {
    client.ask("sayAs", Map.of("message", "boo"));
    assertThat(field(client.received(), "room")).isEqualTo("\"defaultRoom\"");
  }

  @Test
  void stored_params_are_the_params_of_an_action_called_by_its_name() {
    client.line("roomChange cellar");
    client.line("paramAdd room=cellar");
    assertThat(field(client.line("roomStatus"), "roomStatus"))
        .startsWith("{\"room\":\"cellar\",\"members\":[\"")
        .contains("\"],\"membersCount\":1,\"epoch\":");
  }

  @Test
  void room_status_lists_the_members_or_explains_the_error() {
    assertThat(field(client.ask("roomStatus", Map.of("room", "nowhere")), "roomStatus"))
        .isEqualTo("{\"room\":\"nowhere\",\"members\":[],\"membersCount\":0}");
    assertThat(field(client.ask("roomStatus", Map.of("room", "x".repeat(257))), "error"))
        .contains("a room is required: 1 to 256 characters");
  }

  @Test
  void sleep_test_answers_after_the_given_time_and_limits_it() {
    Json.Obj answer = client.ask("sleepTest", Map.of("sleepDuration", 20));
    assertThat(field(answer, "sleepDuration")).isEqualTo("20");
    assertThat(Long.parseLong(field(answer, "sleepDelta"))).isGreaterThanOrEqualTo(20);
    assertThat(Long.parseLong(field(answer, "sleepEnded")))
        .isEqualTo(
            Long.parseLong(field(answer, "sleepStarted"))
                + Long.parseLong(field(answer, "sleepDelta")));
    for (Object bad : new Object[] {10_001, -1, "long", 1.5, "99999999999999999999"}) {
      assertThat(field(client.ask("sleepTest", Map.of("sleepDuration", bad)), "error"))
          .contains("from 0 to 10000");
    }
  }

  @Test
  void cache_test_reads_back_what_it_stored_and_stays_bounded() {
    Json.Obj answer = client.ask("cacheTest", Map.of("key", "k", "value", 1.50));
    assertThat(field(answer, "value")).isEqualTo("1.5");
    for (int i = 0; i < 150; i++) {
      answer = client.ask("cacheTest", Map.of("key", "k" + i, "value", "v" + i));
    }
    assertThat(field(answer, "value")).isEqualTo("\"v149\"");
    assertThat(field(answer, "size")).isEqualTo("100");
  }
}
