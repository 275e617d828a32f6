package io.earshot.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may join, say and listen, and what becomes of it when a token ends. */
final class PrivateRoomsTest {
  private static final Config CONFIG =
      TestServer.quiet()
          .with("general.resumeWindow", "10m")
          .with("tokens.warning", "30s")
          .with("commonWeb.cookieSecret", "a secret that all servers have and nobody else")
          .with(
              "rooms.rules",
              "news.* say=nobody, staff.* join=role:staff listen=nobody, short.* messageBytes=9, slow.* messagesPerSecond=2,"
                  + " ada.* join=identity:ada listen=identity:ada");

  private final TestServer server = new TestServer(2, CONFIG);
  private final PrivateRoom room = server.earshot.api().chatRoom().createPrivateRoom();
  private final Guest guest = server.guest(1, Lines.ONE);
  private final String session =
      guest.hear().stream()
          .filter(line -> line.contains("\"session\""))
          .map(line -> line.replaceAll(".*\"session\":\"([^\"]*)\".*", "$1"))
          .findFirst()
          .orElseThrow();

  private String token(Permission... allowed) {
    return room.token("ada", Duration.ofMinutes(5), Set.of(allowed));
  }

  private void assertIsIn(String name) {
    assertThat(guest.ask("detailsView")).contains("\"room\":\"" + name + "\"");
  }

  private List<String> notices() {
    return guest.hear().stream().filter(line -> line.contains("\"context\":\"token\"")).toList();
  }

  // --- rules -----------------------------------------------------------------------------------

  @Test
  void nobody_says_anything_where_only_the_server_may() {
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
  void who_has_the_attribute_may_come_and_others_stay_where_they_are() {
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
  void a_long_message_is_refused_where_they_are_to_be_short() {
    guest.ask("roomChange short.1");
    assertThat(guest.ask("say 1234567")).contains("OK");
    assertThat(guest.ask("say 12345678"))
        .contains("Error: a message has at most 9 bytes in this room");
  }

  @Test
  void all_clients_together_say_no_more_than_a_room_takes() {
    Guest other = server.guest();
    guest.ask("roomChange slow.1");
    other.ask("roomChange slow.1");
    for (int i = 0; i < 2; i++) {
      assertThat(guest.ask("say one")).contains("\"OK\"");
      assertThat(other.ask("say two")).contains("\"OK\"");
    }
    assertThat(other.ask("say three"))
        .contains("\"error\":\"Error: too many messages in this room; try again in 500 ms\"");
    // Server code is not counted, and other rooms have a bucket of their own.
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
  void without_a_token_nobody_comes_in_whatever_the_verb() {
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
  void a_token_lets_its_bearer_do_what_it_says_and_no_more() {
    assertThat(guest.ask("roomChange " + room + " token=" + token(Permission.JOIN))).contains("OK");
    assertThat(guest.ask("say hello")).contains("Error: you may not say anything in this room");
    assertThat(guest.ask("listenToRoom " + room)).contains("Error: you may not listen");
    assertThat(guest.ask("roomChange " + room + " token=" + token(Permission.JOIN, Permission.SAY)))
        .contains("OK");
    assertThat(guest.ask("say hello")).contains("OK");
    assertThat(guest.connection().attributes()).containsEntry("identity", "ada");
  }

  @Test
  void a_token_is_for_its_room_alone() {
    PrivateRoom other = server.earshot.api().chatRoom().createPrivateRoom();
    assertThat(other.name()).isNotEqualTo(room.name()).startsWith("private.").hasSize(40);
    assertThat(guest.ask("roomChange " + other + " token=" + token(Permission.JOIN)))
        .contains("Error: this token is for another room");
    assertThat(guest.ask("roomChange " + room + " token=x.y.z"))
        .contains("Error: this token is no good");
    assertIsIn("defaultRoom");
  }

  @ParameterizedTest
  @ValueSource(strings = {"token=%1$s after=%2$s", "after=%2$s token=%1$s"})
  void token_and_cursor_go_together(String words) {
    String token = token(Permission.values());
    Guest speaker = server.guest();
    speaker.ask("roomChange " + room + " token=" + token);
    String first = speaker.ask("say one");
    speaker.ask("say two");
    String cursor = first.replaceAll(".*\"epoch\":\"([^\"]*)\".*\"offset\":(\\d+).*", "$1:$2");
    guest.send("roomChange " + room + " " + words.formatted(token, cursor));
    assertThat(guest.heard()).containsExactly("two");
  }

  // --- the end of a token ----------------------------------------------------------------------

  @Test
  void who_does_not_renew_is_warned_and_then_out() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    guest.ask("listenToRoom " + room);
    guest.hear();
    server.pass(Duration.ofSeconds(269));
    assertThat(notices()).isEmpty();
    server.pass(Duration.ofSeconds(2));
    assertThat(notices())
        .containsExactly(
            "{\"context\":\"token\",\"room\":\"%s\",\"status\":\"expiring\",\"expiresAt\":%d}"
                .formatted(room, TestServer.NOW.plusSeconds(300).toEpochMilli()));
    server.pass(Duration.ofSeconds(30));
    assertThat(notices())
        .containsExactly(
            "{\"context\":\"token\",\"room\":\"%s\",\"status\":\"expired\"}".formatted(room));
    assertIsIn("defaultRoom");
    assertThat(guest.ask("detailsView")).doesNotContain(room.name());
    assertThat(guest.connection().attributes()).isEmpty();
    Guest other = server.guest();
    other.ask("roomChange " + room + " token=" + token(Permission.values()));
    assertThat(other.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void who_renews_stays() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    server.pass(Duration.ofSeconds(280));
    String newer = token(Permission.JOIN, Permission.SAY);
    assertThat(guest.ask("tokenRefresh " + newer))
        .isEqualTo(
            "{\"context\":\"response\",\"status\":\"OK\",\"rooms\":[\"%s\"],\"expiresAt\":%d,\"messageCount\":2}"
                .formatted(room, server.now().plusSeconds(300).toEpochMilli()));
    server.pass(Duration.ofSeconds(30));
    assertThat(notices()).isEmpty();
    assertIsIn(room.name());
    assertThat(guest.ask("say still here")).contains("OK");
    server.pass(Duration.ofSeconds(270));
    assertIsIn("defaultRoom");
  }

  @Test
  void a_newer_token_has_to_be_one() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    assertThat(guest.ask("tokenRefresh")).contains("Error: tokenRefresh needs a token");
    assertThat(guest.ask("tokenRefresh x.y.z")).contains("Error: this token is no good");
    assertThat(guest.ask("tokenRefresh " + token(Permission.SAY)))
        .contains("Error: you may not join this room");
    String other =
        server.earshot.api().chatRoom().createPrivateRoom().token("ada", Duration.ofHours(1));
    assertThat(guest.ask("tokenRefresh " + other))
        .contains("Error: you are in no room that this token is for");
    server.pass(Duration.ofSeconds(301));
    assertIsIn("defaultRoom");
  }

  @Test
  void after_the_end_nothing_is_said_even_before_anybody_looks() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    server.skip(Duration.ofMinutes(5));
    assertThat(guest.ask("say too late")).contains("Error: this token has expired");
  }

  @Test
  void however_often_it_is_renewed_somebody_looks_once() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    int before = server.loops.stream().mapToInt(ManualLoop::timers).sum();
    for (int i = 0; i < 1_000; i++) {
      server.skip(Duration.ofMillis(20)); // so that each token ends at another time
      guest.ask("tokenRefresh " + room.token("ada", Duration.ofMinutes(5)));
    }
    assertThat(server.loops.stream().mapToInt(ManualLoop::timers).sum())
        .isLessThanOrEqualTo(before + 2);
  }

  @Test
  void a_newer_token_that_ends_sooner_ends_sooner() {
    guest.ask("roomChange " + room + " token=" + room.token("ada", Duration.ofHours(1)));
    guest.ask("tokenRefresh " + room.token("ada", Duration.ofSeconds(5)));
    server.pass(Duration.ofSeconds(6));
    assertIsIn("defaultRoom");
  }

  @Test
  void who_one_is_ends_with_the_token_wherever_one_is_by_then() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"ada.1\"}")).contains("OK");
    assertThat(guest.ask("listenToRoom ada.2")).contains("OK");
    guest.ask("roomChange attic"); // out of the room that the token is for
    server.pass(Duration.ofSeconds(301));
    assertThat(guest.connection().attributes()).isEmpty();
    assertThat(guest.ask("detailsView")).doesNotContain("ada.");
    assertThat(guest.ask("roomChange ada.1")).contains("Error: you may not join this room");
  }

  @Test
  void who_becomes_somebody_else_by_a_later_token_is_that_no_longer_than_it_holds() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    guest.ask("tokenRefresh " + room.token("bob", Duration.ofMinutes(10)));
    server.pass(Duration.ofSeconds(599));
    assertThat(guest.connection().attributes()).containsEntry("identity", "bob");
    server.pass(Duration.ofSeconds(2));
    assertThat(guest.connection().attributes()).isEmpty();
  }

  @Test
  void however_often_one_becomes_somebody_else_somebody_looks_once() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    int before = server.loops.stream().mapToInt(ManualLoop::timers).sum();
    for (int i = 0; i < 1_000; i++) {
      server.skip(Duration.ofMillis(20));
      guest.ask("tokenRefresh " + room.token("ada", Duration.ofDays(2)));
      guest.ask("tokenRefresh " + room.token("ada", Duration.ofDays(1)));
      guest.ask("tokenRefresh " + room.token("bob", Duration.ofDays(1)));
    }
    server.pass(Duration.ofSeconds(61));
    assertThat(server.loops.stream().mapToInt(ManualLoop::timers).sum())
        .isLessThanOrEqualTo(before + 2);
  }

  @Test
  void who_comes_back_is_who_they_were_and_only_as_long_as_the_token() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    guest.ask("roomChange ada.1"); // out of the room that the token is for
    guest.loop.run(guest.intake::gone);
    server.settle();
    Guest again = server.guest();
    assertThat(again.ask("resume " + session)).contains("ada.1");
    assertThat(again.connection().attributes()).containsEntry("identity", "ada");
    server.pass(Duration.ofSeconds(301));
    assertThat(again.connection().attributes()).isEmpty();
    assertThat(again.ask("detailsView")).contains("\"room\":\"defaultRoom\"");
    assertThat(again.ask("roomChange ada.1")).contains("Error: you may not join this room");
  }

  @Test
  void who_comes_back_on_another_server_is_who_they_were_only_as_long_as_the_token() {
    var cluster = new TestCluster(CONFIG, 2);
    Guest lost = cluster.guest(0, "192.0.2.7");
    String back = lost.hear().getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
    PrivateRoom secret = cluster.servers.get(0).earshot.api().chatRoom().privateRoom("private.x");
    lost.send("roomChange private.x token=" + secret.token("ada", Duration.ofMinutes(5)));
    cluster.settle();
    lost.send("roomChange ada.1"); // out of the room that the token is for
    cluster.settle();
    lost.loop.run(lost.intake::gone);
    Guest again = cluster.guest(1, "192.0.2.7");
    again.send("resume " + back);
    cluster.settle();
    assertThat(again.hear()).last().asString().contains("ada.1");
    assertThat(again.connection().attributes()).containsEntry("identity", "ada");
    cluster.servers.forEach(each -> each.pass(Duration.ofSeconds(301)));
    cluster.settle();
    assertThat(again.connection().attributes()).isEmpty();
    assertThat(again.ask("detailsView")).contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void who_is_there_in_two_ways_renews_both_by_one_token() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    guest.ask("listenToRoom " + room);
    guest.ask("tokenRefresh " + room.token("ada", Duration.ofHours(1)));
    server.pass(Duration.ofSeconds(301));
    assertIsIn(room.name());
  }

  @Test
  void a_token_that_lets_nobody_in_says_not_who_they_are() {
    guest.ask("roomChange " + room + " token=" + token(Permission.SAY));
    assertIsIn("defaultRoom");
    assertThat(guest.connection().attributes()).isEmpty();
  }

  @Test
  void by_the_token_for_a_room_one_is_who_it_is_for_at_once() {
    PrivateRoom theirs = server.earshot.api().chatRoom().privateRoom("ada.3");
    assertThat(guest.ask("roomChange ada.3 token=" + theirs.token("bob", Duration.ofMinutes(1))))
        .contains("Error: you may not join this room");
    assertThat(guest.ask("roomChange ada.3 token=" + theirs.token("ada", Duration.ofMinutes(1))))
        .contains("OK");
    server.pass(Duration.ofSeconds(61));
    assertIsIn("defaultRoom");
  }

  @Test
  void who_listens_by_another_token_than_the_one_they_are_in_by_needs_both() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    guest.ask(
        "listenToRoom "
            + room
            + " token="
            + room.token("ada", Duration.ofHours(1), Set.of(Permission.LISTEN)));
    server.pass(Duration.ofSeconds(301));
    assertIsIn("defaultRoom");
  }

  @Test
  void names_with_stars_are_no_private_rooms() {
    assertThatThrownBy(() -> server.earshot.api().chatRoom().privateRoom("private.*"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void one_room_of_several_ends_alone() {
    guest.ask(
        "{\"event\":\"roomAdd\",\"room\":\"%s\",\"token\":\"%s\"}"
            .formatted(room, token(Permission.values())));
    server.pass(Duration.ofSeconds(271));
    server.pass(Duration.ofSeconds(30));
    assertThat(notices()).hasSize(2);
    assertThat(guest.ask("detailsView")).doesNotContain(room.name());
    assertIsIn("defaultRoom");
  }

  @Test
  void a_token_that_was_not_needed_ends_without_a_word() {
    String token =
        server.earshot.api().chatRoom().privateRoom("attic").token("ada", Duration.ofMinutes(1));
    guest.ask("roomChange attic token=" + token);
    assertThat(guest.connection().attributes()).containsEntry("identity", "ada");
    server.pass(Duration.ofSeconds(61));
    assertThat(notices()).isEmpty();
    assertIsIn("attic");
    assertThat(guest.connection().attributes()).isEmpty();
  }

  @Test
  void who_comes_back_is_still_there_and_only_as_long_as_the_token() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    Guest again = lose();
    assertThat(again.ask("say back")).contains("OK").contains("offset");
    server.pass(Duration.ofSeconds(301));
    assertThat(again.ask("detailsView")).contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void a_token_ends_for_somebody_who_is_lost_too() {
    Guest inside = server.guest();
    inside.ask("roomChange " + room + " token=" + room.token("bob", Duration.ofHours(1)));
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    guest.loop.run(guest.intake::gone);
    server.settle();
    assertThat(inside.ask("roomView")).contains("\"membersCount\":2");
    server.pass(Duration.ofSeconds(301));
    assertThat(inside.ask("roomView")).contains("\"membersCount\":1");
    Guest again = server.guest();
    assertThat(again.ask("resume " + session)).contains("no such session");
  }

  private Guest lose() {
    guest.loop.run(guest.intake::gone);
    server.settle();
    Guest again = server.guest();
    assertThat(again.ask("resume " + session)).contains(room.name());
    return again;
  }

  @ParameterizedTest
  @EnumSource(
      value = Transport.class,
      names = {"TCP", "STREAM"})
  void who_begins_in_a_room_shows_the_token_at_once(Transport transport) {
    Guest let = open(transport, token(Permission.values()));
    assertThat(let.hear()).first().asString().contains("welcome");
    Guest not = open(transport, null);
    assertThat(not.hear())
        .filteredOn(line -> line.contains("Bye"))
        .singleElement()
        .asString()
        .contains("Error: this room asks for a token");
    assertThat(not.finished).isTrue();
    assertThat(server.earshot.api().connections()).hasSize(2);
    // A stream is one room, and so it ends with it.
    server.pass(Duration.ofSeconds(301));
    assertThat(let.finished).isEqualTo(transport == Transport.STREAM);
  }

  private Guest open(Transport transport, @Nullable String token) {
    Guest other = server.new Guest(server.loops.getFirst(), Lines.TWO);
    other.loop.run(
        () ->
            other.intake =
                server.earshot.connect(
                    other.loop, other, other.wire, transport, room.name(), null, token));
    server.settle();
    return other;
  }

  @Test
  void a_grant_is_for_something() {
    assertThatThrownBy(() -> room.token("ada", Duration.ofHours(1), Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> room.token("a".repeat(300), Duration.ofHours(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
