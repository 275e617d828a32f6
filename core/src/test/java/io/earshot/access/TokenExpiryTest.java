package io.earshot.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.Transport;
import io.earshot.protocol.Start;
import io.earshot.spi.ConnectRequest;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a client loses when its token ends, and how a newer token keeps it. */
final class TokenExpiryTest extends PrivateRoomTestCase {
  @Test
  void a_client_that_does_not_renew_its_token_is_warned_and_then_removed() {
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
  void a_client_that_renews_its_token_stays() {
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
  void a_renewal_with_an_invalid_token_is_refused() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    assertThat(guest.ask("tokenRefresh")).contains("Error: tokenRefresh needs a token");
    assertThat(guest.ask("tokenRefresh x.y.z")).contains("Error: this token is not valid");
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
  void after_expiry_a_say_is_refused_even_before_the_timer_fires() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    server.skip(Duration.ofSeconds(303));
    assertThat(guest.ask("say too late")).contains("Error: this token expired 3 s ago");
  }

  @Test
  void many_renewals_leave_one_timer() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    int before = server.loops.stream().mapToInt(ManualLoop::timers).sum();
    for (int i = 0; i < 1_000; i++) {
      server.skip(Duration.ofMillis(20)); // so that each token ends at a different time
      guest.ask("tokenRefresh " + room.token("ada", Duration.ofMinutes(5)));
    }
    assertThat(server.loops.stream().mapToInt(ManualLoop::timers).sum())
        .isLessThanOrEqualTo(before + 2);
  }

  @Test
  void a_newer_token_that_expires_sooner_ends_sooner() {
    guest.ask("roomChange " + room + " token=" + room.token("ada", Duration.ofHours(1)));
    guest.ask("tokenRefresh " + room.token("ada", Duration.ofSeconds(5)));
    server.pass(Duration.ofSeconds(6));
    assertIsIn("defaultRoom");
  }

  @Test
  void the_identity_of_a_token_ends_with_it_in_whatever_room_the_client_is() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"ada.1\"}")).contains("OK");
    assertThat(guest.ask("listenToRoom ada.2")).contains("OK");
    guest.ask("roomChange attic"); // leaves the room that the token is for
    server.pass(Duration.ofSeconds(301));
    assertThat(guest.connection().attributes()).isEmpty();
    assertThat(guest.ask("detailsView")).doesNotContain("ada.");
    assertThat(guest.ask("roomChange ada.1")).contains("Error: you may not join this room");
  }

  @Test
  void the_identity_of_a_later_token_lasts_as_long_as_that_token() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    guest.ask("tokenRefresh " + room.token("bob", Duration.ofMinutes(10)));
    server.pass(Duration.ofSeconds(599));
    assertThat(guest.connection().attributes()).containsEntry("identity", "bob");
    server.pass(Duration.ofSeconds(2));
    assertThat(guest.connection().attributes()).isEmpty();
  }

  @Test
  void many_changes_of_identity_leave_one_timer() {
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
  void a_resumed_session_keeps_its_identity_as_long_as_the_token() {
    guest.ask("roomChange " + room + " token=" + token(Permission.JOIN));
    guest.ask("roomChange ada.1"); // leaves the room that the token is for
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
  void a_session_resumed_on_another_server_keeps_its_identity_as_long_as_the_token() {
    var cluster = new TestCluster(CONFIG, 2);
    Guest lost = cluster.guest(0, "192.0.2.7");
    String back = lost.hear().getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
    PrivateRoom secret = cluster.servers.get(0).earshot.api().chatRoom().privateRoom("private.x");
    lost.send("roomChange private.x token=" + secret.token("ada", Duration.ofMinutes(5)));
    cluster.settle();
    lost.send("roomChange ada.1"); // leaves the room that the token is for
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
  void one_newer_token_renews_both_membership_and_listening() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    guest.ask("listenToRoom " + room);
    guest.ask("tokenRefresh " + room.token("ada", Duration.ofHours(1)));
    server.pass(Duration.ofSeconds(301));
    assertIsIn(room.name());
  }

  @Test
  void a_token_that_does_not_admit_gives_no_identity() {
    guest.ask("roomChange " + room + " token=" + token(Permission.SAY));
    assertIsIn("defaultRoom");
    assertThat(guest.connection().attributes()).isEmpty();
  }

  @Test
  void the_token_for_a_room_gives_its_identity_at_once() {
    PrivateRoom theirs = server.earshot.api().chatRoom().privateRoom("ada.3");
    assertThat(guest.ask("roomChange ada.3 token=" + theirs.token("bob", Duration.ofMinutes(1))))
        .contains("Error: you may not join this room");
    assertThat(guest.ask("roomChange ada.3 token=" + theirs.token("ada", Duration.ofMinutes(1))))
        .contains("OK");
    server.pass(Duration.ofSeconds(61));
    assertIsIn("defaultRoom");
  }

  @Test
  void a_client_that_joins_and_listens_by_two_tokens_needs_both() {
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
  void a_name_with_a_star_is_not_a_private_room() {
    assertThatThrownBy(() -> server.earshot.api().chatRoom().privateRoom("private.*"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void the_end_of_one_token_removes_a_client_from_that_room_only() {
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
  void the_end_of_an_unneeded_token_is_not_announced() {
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
  void a_resumed_session_stays_in_the_room_as_long_as_the_token() {
    guest.ask("roomChange " + room + " token=" + token(Permission.values()));
    Guest again = loseConnection();
    assertThat(again.ask("say back")).contains("OK").contains("offset");
    server.pass(Duration.ofSeconds(301));
    assertThat(again.ask("detailsView")).contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void a_token_also_ends_for_a_lost_client() {
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

  private Guest loseConnection() {
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
  void a_client_that_connects_to_a_room_shows_its_token_at_once(Transport transport) {
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
    // A stream is for one room, so the end of its token ends the stream.
    server.pass(Duration.ofSeconds(301));
    assertThat(let.finished).isEqualTo(transport == Transport.STREAM);
  }

  private Guest open(Transport transport, @Nullable String token) {
    Guest other = server.new Guest(server.loops.getFirst(), Lines.TWO);
    other.loop.run(
        () ->
            other.intake =
                server.earshot.connect(
                    other.loop,
                    other,
                    other.wire,
                    transport,
                    room.name(),
                    Start.LIVE,
                    token,
                    ConnectRequest.NONE));
    server.settle();
    return other;
  }

  @Test
  void a_grant_must_be_for_a_room_and_allow_something() {
    assertThatThrownBy(() -> room.token("ada", Duration.ofHours(1), Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> room.token("a".repeat(300), Duration.ofHours(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
