package io.earshot.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.StandIn;
import io.earshot.protocol.Json;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Room rules and tokens decide who may join, say and listen. */
final class PrivateRoomsTest extends PrivateRoomTestCase {
  // --- rules -----------------------------------------------------------------------------------

  @Test
  void no_client_may_speak_in_a_room_for_the_server_alone() {
    guest.ask("roomChange news.eu");
    assertThat(guest.ask("say fake"))
        .contains("\"error\":\"Error: you may not say anything in this room\"")
        .contains("\"room\":\"news.eu\"");
    var _ =
        server
            .earshot
            .api()
            .chatRoom()
            .socketRoomBroadcast(new StandIn("news.eu", Json.of(0), null), "x");
    assertThat(guest.heard()).containsExactly("x");
  }

  @Test
  void only_clients_with_the_attribute_may_join_and_others_stay_in_their_room() {
    assertThat(guest.ask("roomChange staff.1")).contains("Error: you may not join this room");
    assertIsIn("defaultRoom");
    guest.ask("roomChange attic");
    guest.connection().set("role", "staff");
    assertThat(guest.ask("roomChange staff.1")).contains("OK");
    assertThat(guest.ask("listenToRoom staff.1"))
        .contains("Error: you may not listen to this room");
    guest.connection().set("role", null);
    guest.ask("roomChange attic");
    assertThat(guest.ask("roomChange staff.1")).contains("Error: you may not join this room");
  }

  @Test
  void a_message_longer_than_the_rule_allows_is_refused() {
    guest.ask("roomChange short.1");
    assertThat(guest.ask("say 1234567")).contains("OK");
    assertThat(guest.ask("say 12345678"))
        .contains("Error: a message has at most 9 bytes in this room");
  }

  @Test
  void all_clients_together_are_limited_to_the_rate_of_the_room() {
    Guest other = server.guest();
    guest.ask("roomChange slow.1");
    other.ask("roomChange slow.1");
    for (int i = 0; i < 2; i++) {
      assertThat(guest.ask("say one")).contains("\"OK\"");
      assertThat(other.ask("say two")).contains("\"OK\"");
    }
    assertThat(other.ask("say three"))
        .contains("\"error\":\"Error: too many messages in this room; try again in 500 ms\"");
    // Messages of server code do not count, and other rooms have a rate of their own.
    var _ = server.earshot.api().chatRoom().socketRoomBroadcast(guest.connection(), "told");
    assertThat(other.heard()).endsWith("told");
    other.ask("roomChange attic");
    assertThat(other.ask("say here")).contains("\"OK\"");
    server.pass(Duration.ofMillis(500));
    assertThat(guest.ask("say again")).contains("\"OK\"");
    assertThat(guest.ask("say and again")).contains("Error: too many messages");
  }

  // --- private rooms ---------------------------------------------------------------------------

  @Test
  void without_a_token_no_verb_admits_a_client() {
    for (String verb : List.of("roomChange", "listenToRoom")) {
      assertThat(guest.ask(verb + " " + room))
          .contains("\"error\":\"Error: this room asks for a token\"");
    }
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"" + room + "\"}"))
        .contains("Error: this room asks for a token");
    assertIsIn("defaultRoom");
    assertThat(server.earshot.api().chatRoom().socketRoomStatus(room.name()).toCompletableFuture())
        .isNotDone();
    server.settle();
  }

  @Test
  void a_token_allows_what_it_says_and_no_more() {
    assertThat(guest.ask("roomChange " + room + " token=" + token(Permission.JOIN))).contains("OK");
    assertThat(guest.ask("say hello")).contains("Error: you may not say anything in this room");
    assertThat(guest.ask("listenToRoom " + room)).contains("Error: you may not listen");
    assertThat(guest.ask("roomChange " + room + " token=" + token(Permission.JOIN, Permission.SAY)))
        .contains("OK");
    assertThat(guest.ask("say hello")).contains("OK");
    assertThat(guest.connection().attributes()).containsEntry("identity", "ada");
  }

  @Test
  void a_token_is_for_its_room_only() {
    PrivateRoom other = server.earshot.api().chatRoom().createPrivateRoom();
    assertThat(other.name()).isNotEqualTo(room.name()).startsWith("private.").hasSize(40);
    assertThat(guest.ask("roomChange " + other + " token=" + token(Permission.JOIN)))
        .contains("Error: this token is for another room");
    assertThat(guest.ask("roomChange " + room + " token=x.y.z"))
        .contains("Error: this token is not valid");
    assertIsIn("defaultRoom");
  }

  @ParameterizedTest
  @ValueSource(strings = {"token=%1$s after=%2$s", "after=%2$s token=%1$s"})
  void a_token_and_a_cursor_may_be_given_together(String words) {
    String token = token(Permission.values());
    Guest speaker = server.guest();
    speaker.ask("roomChange " + room + " token=" + token);
    String first = speaker.ask("say one");
    speaker.ask("say two");
    String cursor = first.replaceAll(".*\"epoch\":\"([^\"]*)\".*\"offset\":(\\d+).*", "$1:$2");
    guest.send("roomChange " + room + " " + words.formatted(token, cursor));
    assertThat(guest.heard()).containsExactly("two");
  }
}
