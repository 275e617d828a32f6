package io.earshot.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.events.RememberedMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.room.Shard;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What the server says of what it does not remember, and the bounds of its answers. */
final class ExplainBoundsTest extends ExplainTestCase {

  @Test
  void an_unknown_room_user_or_connection_is_never_heard_of() {
    assertThat(explain("attic", 1))
        .isEqualTo("never_heard_of: The room attic is not open on any server that answered.");
    speaker("attic").ask("say one");
    assertThat(explain("attic", 1))
        .isEqualTo(
            "never_heard_of: No connection of user u7 is known; events are remembered since"
                + " 00:26:40.000 UTC.");
    assertThat(told(ask(new Question("attic", 1, null, null, "beef", 0))))
        .startsWith("never_heard_of: No connection of beef is known");
  }

  @Test
  void a_message_that_the_room_does_not_have_yet_is_named() {
    bob("attic");
    speaker("attic").ask("say one");
    String text = "There is no message 9 of attic yet; the last one is 1.";
    assertThat(explain("attic", 9)).isEqualTo("no_such_message: " + text);
    assertThat(explain("attic", Long.MAX_VALUE)).startsWith("no_such_message: ");
  }

  @Test
  void a_message_that_is_long_gone_is_unknown_and_the_text_says_since_when_it_remembers() {
    server =
        new TestServer(1, config().with("explain.bytes", 1 << 16).with("rooms.historyMessages", 0));
    Guest bob = server.guest(0, BOB, Transport.WEBSOCKET);
    bob.ask("roomChange attic");
    Guest speaker = speaker("attic");
    for (int i = 0; i < 1_500; i++) {
      speaker.send("say " + i);
      server.skip(Duration.ofMillis(10));
    }
    server.settle();
    assertThat(explain("attic", 1))
        .startsWith("unknown: Unknown: the server remembers messages only since 00:26:4")
        .endsWith(" UTC, and message 1 of attic is not among them.");
    assertThat(explain("attic", 900)).startsWith("received: "); // at the end of the ring
    assertThat(explain("attic", 1_400)).startsWith("received: ");
    Json.Obj other = ask(new Question("attic", 1_400, "x9", "u7", null, 0));
    assertThat(told(other)).startsWith("unknown: ");
  }

  @Test
  void a_member_whose_events_were_forgotten_is_known_by_its_present_state() {
    server = new TestServer(1, config().with("explain.bytes", 1 << 16));
    Guest bob = server.guest(0, BOB, Transport.WEBSOCKET);
    bob.ask("roomChange attic");
    Guest speaker = speaker("attic");
    speaker.ask("say one");
    passSecond();
    for (int i = 0; i < 200; i++) {
      speaker.ask("roomChange cellar");
      speaker.ask("roomChange attic");
    }
    assertThat(explain("attic", 1)).startsWith("received: ");
    passSecond();
    speaker.ask("say two");
    bob.ask("roomChange cellar");
    assertThat(explain("attic", 2)).startsWith("received: "); // it left after that
    assertThat(explain("attic", 1))
        .startsWith("unknown: Unknown: the server remembers only since 00:26:41.000 UTC");
  }

  @Test
  void the_answer_about_a_user_with_many_connections_is_bounded() {
    var last = server.guest(0, BOB, Transport.WEBSOCKET);
    for (int i = 1; i < 300; i++) {
      last = server.guest(i % 2, BOB, Transport.WEBSOCKET);
    }
    last.ask("say one");
    Json.Obj answer = ask(new Question("defaultRoom", 1, null, "u7", null, 0));
    assertThat(told(answer))
        .startsWith("received: ")
        .endsWith("Looked at 50 of its connections; it has 300 now.");
    assertThat(answer.encode().length).isLessThan(100_000);
  }

  @Test
  void a_user_that_had_more_connections_than_are_looked_at_is_not_said_to_have_missed_it() {
    Guest bob = bob("attic");
    speaker("attic").ask("say one");
    for (int i = 0; i < 60; i++) {
      assertThat(explain("attic", 1)).startsWith(i < 49 ? "received: " : "");
      bob.ask("quit");
      passSecond();
      bob = bob("attic");
    }
    assertThat(explain("attic", 1)).startsWith("unknown: ");
  }

  @Test
  void the_texts_that_are_remembered_are_bounded_and_compared_as_far_as_they_are() {
    String red = "r".repeat(50_000);
    Guest bob = bob("attic");
    bob.connection().set("team", red);
    Guest speaker = speaker("attic");
    speaker.ask(
        "{\"event\":\"say\",\"message\":\"red\",\"roomMatchKey\":\"team\",\"roomMatchValue\":\""
            + red
            + "\"}");
    speaker.ask(
        "{\"event\":\"say\",\"message\":\"blue\",\"roomMatchKey\":\"team\",\"roomMatchValue\":\"b"
            + red
            + "\"}");
    assertThat(bob.heard()).containsExactly("red");
    assertThat(explain("attic", 1)).startsWith("received: ");
    assertThat(explain("attic", 2)).startsWith("not_in_audience: ");
    Shard shard = EngineInside.rooms(server.earshot).shard("attic");
    var first = new Cursor(shard.room("attic").cursor().epoch(), 1);
    RememberedMessage message = shard.recorder().messages("attic", first, 1).get(1L);
    assertThat(message).isNotNull();
    assertThat(message.audience()).isNotNull();
    assertThat(message.audience().value()).hasSize(64);
  }

  @Test
  void attributes_that_are_too_long_to_be_remembered_are_unknown() {
    Guest bob = bob("attic");
    bob.connection().set("team", "red");
    bob.connection().set("about", "x".repeat(2_000));
    Guest speaker = speaker("attic");
    passSecond();
    speaker.ask(
        "{\"event\":\"say\",\"message\":\"red\",\"roomMatchKey\":\"team\",\"roomMatchValue\":\"red\"}");
    passSecond();
    bob.connection().set("team", "blue");
    server.settle();
    assertThat(explain("attic", 1))
        .startsWith("unknown: ")
        .contains("the server does not remember the attributes");
  }

  @Test
  void one_member_of_many_is_found() {
    for (int i = 0; i < 2_000; i++) {
      User other = User.of("other" + i, null, Map.of());
      server.guest(i % 2, other, Transport.WEBSOCKET);
    }
    Guest bob = server.guest(1, BOB, Transport.WEBSOCKET);
    server.guest().ask("say one");
    assertThat(explain("defaultRoom", 1)).startsWith("received: ").contains(bob.id());
  }

  @Test
  void without_an_offset_the_last_messages_are_explained_and_the_one_not_received_is_told() {
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    for (int i = 0; i < 12; i++) {
      speaker.ask("say " + i);
      passSecond();
    }
    bob.ask("roomChange cellar");
    speaker.ask("say bye");
    Json.Obj answer = ask(new Question("attic", 0, null, "u7", null, 0));
    assertThat(told(answer)).startsWith("not_a_member: Bob (u7) did not receive message 13");
    assertThat(answer.get("messages")).isInstanceOf(Json.Array.class);
    assertThat(((Json.Array) Objects.requireNonNull(answer.get("messages"))).items()).hasSize(10);
    long since = TestServer.NOW.plusSeconds(11).toEpochMilli();
    Json.Obj recent = ask(new Question("attic", 0, null, "u7", null, since));
    assertThat(((Json.Array) Objects.requireNonNull(recent.get("messages"))).items()).hasSize(2);
  }

  @Test
  void a_client_that_sends_too_much_does_not_displace_all_other_events() {
    server =
        new TestServer(
            1,
            config()
                .with("explain.bytes", 1 << 16)
                .with("limits.messagesPerSecond", 1)
                .with("limits.messageBurst", 1));
    Guest bob = server.guest(0, BOB, Transport.WEBSOCKET);
    passSecond();
    for (int i = 0; i < 1_000; i++) {
      bob.send("say " + i);
    }
    Json.Obj answer = ask(new Question("defaultRoom", 0, null, "u7", null, 0));
    assertThat(String.valueOf(answer.get("events")))
        .contains("too many messages", "subscribed", "joined");
  }

  @Test
  void nothing_is_remembered_if_it_is_off_but_the_present_state_tells_something() {
    server = new TestServer(2, config().with("explain.enabled", false));
    bob("attic");
    speaker("attic").ask("say one");
    passSecond();
    assertThat(explain("attic", 1)).startsWith("received: ");
    assertThat(explain("cellar", 1)).startsWith("never_heard_of: ");
    assertThat(List.of(ask(new Question("attic", 1, null, "u7", null, 0)).get("events")).toString())
        .doesNotContain("joined");
  }

  @Test
  void the_page_lists_every_outcome() throws Exception {
    String root = System.getProperty("earshot.root", "..");
    String page = Files.readString(Path.of(root).resolve("docs/explain.md"));
    for (Outcome each : Outcome.values()) {
      assertThat(page).contains("| `" + each.text() + "` |");
    }
  }
}
