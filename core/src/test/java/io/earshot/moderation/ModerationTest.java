package io.earshot.moderation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Moderation;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.testing.HubBroker;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Keeping order among clients: who is sent away, kept out or silenced, and rooms that are closed.
 */
final class ModerationTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final String HOME = "defaultRoom";
  private static final String POSTER = "9".repeat(40);

  private TestServer server = new TestServer(2, config());

  private static Config config() {
    return TestServer.quiet()
        .with("general.resumeWindow", "60s")
        .with("commonWeb.httpClientMessageTTL", "60s")
        .with("commonWeb.cookieSecret", "a secret that all of them have and nobody else")
        .with("rooms.rules", "members.* join=token");
  }

  private Moderation moderation() {
    return server.earshot.api().moderation();
  }

  private <T> T done(CompletionStage<T> stage) {
    CompletableFuture<T> future = stage.toCompletableFuture();
    server.settle();
    assertThat(future).isDone();
    return future.join();
  }

  private Measure ban(Target target) {
    return done(moderation().ban(target, HOUR, "spam"));
  }

  private Guest from(String address) {
    return server.guest(address, Transport.WEBSOCKET, HOME, null);
  }

  private String token(String who, String room) {
    return server.earshot.api().chatRoom().privateRoom(room).token(who, Duration.ofHours(2));
  }

  private static boolean isOut(Guest guest) {
    return guest.hear().contains("end 1008") && guest.finished;
  }

  // --- bans ------------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"TCP", "WEBSOCKET", "STREAM"})
  void who_is_banned_is_out_at_once_and_refused_until_it_is_over(Transport transport) {
    Guest innocent = from("192.0.2.8");
    Guest guest = server.guest("192.0.2.7", transport, HOME, null);
    Measure ban = ban(Target.address("192.0.2.7"));
    List<String> last = guest.hear();
    assertThat(last.getLast()).isEqualTo("end 1008");
    assertThat(last.get(last.size() - 2))
        .contains("Error: you are banned until 2013-01-01T01:26:40Z: spam");
    assertThat(isOut(server.guest("192.0.2.7", transport, HOME, null))).isTrue();
    assertThat(innocent.ask("roomView")).contains("\"membersCount\":1");
    assertThat(moderation().bans()).containsExactly(ban);
    server.pass(HOUR);
    assertThat(moderation().bans()).isEmpty();
    assertThat(isOut(server.guest("192.0.2.7", transport, HOME, null))).isFalse();
    assertThat(innocent.ask("roomView")).contains("\"membersCount\":2");
  }

  @Test
  void who_was_never_let_in_was_never_in_the_room() {
    server = new TestServer(2, config().with("rooms.announcements", true));
    Guest innocent = from("192.0.2.8");
    ban(Target.address("192.0.2.7"));
    ban(new Target.Attribute(Grant.IDENTITY, "eve"));
    innocent.hear();
    assertThat(isOut(from("192.0.2.7"))).isTrue();
    Guest eve = server.guest("192.0.2.9", Transport.TCP, HOME, token("eve", HOME));
    assertThat(isOut(eve)).isTrue();
    assertThat(innocent.hear()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.1.2.3, 11.1.2.3",
    "10.9.9.9/8, 10.1.2.3, 11.1.2.3",
    "::ffff:10.0.0.0/104, 10.1.2.3, 11.1.2.3",
    "::ffff:10.1.2.3, 10.1.2.3, 10.1.2.4",
    "10.1.2.3, ::ffff:10.1.2.3, ::ffff:10.1.2.4",
    "2001:db8::/33, 2001:db8:7fff::1, 2001:db8:8000::1",
    "0.0.0.0/0, 10.1.2.3, 2001:db8::1"
  })
  void a_range_has_those_who_are_in_it_however_they_are_written(
      String range, String in, String out) {
    Guest inside = from(in);
    Guest outside = from(out);
    Measure ban = ban(Target.address(range));
    assertThat(List.of(isOut(inside), isOut(outside))).containsExactly(true, false);
    assertThat(List.of(isOut(from(in)), isOut(from(out)))).containsExactly(true, false);
    assertThat(done(moderation().lift(ban.id()))).isTrue();
    assertThat(isOut(from(in))).isFalse();
    assertThat(done(moderation().lift(ban.id()))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.0/33", "10.0.0.0/-1", "::ffff:10.0.0.0/95", "engine", "10.1", ""})
  void what_is_no_range_is_refused(String range) {
    assertThatThrownBy(() -> Target.address(range)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void an_attribute_strikes_when_it_is_set_and_when_a_token_sets_it() {
    Guest named = server.guest();
    named.connection().set("plan", "trial");
    Guest later = server.guest();
    Guest shows = server.guest();
    Guest innocent = server.guest();
    ban(new Target.Attribute("plan", "trial"));
    ban(new Target.Attribute(Grant.IDENTITY, "eve"));
    assertThat(isOut(named)).isTrue();
    assertThat(isOut(later)).isFalse();
    later.connection().set("plan", "trial");
    assertThat(isOut(later)).isTrue();
    innocent.connection().set("plan", "paid");
    shows.ask(
        "{\"event\":\"roomChange\",\"room\":\"members.a\",\"token\":\""
            + token("eve", "members.a")
            + "\"}");
    assertThat(shows.finished).isTrue();
    assertThat(innocent.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void who_was_lost_cannot_come_back_by_their_session() {
    Guest lost = server.guest();
    String session = lost.hear().getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
    String id = lost.id();
    lost.loop.run(lost.intake::gone);
    server.settle();
    ban(new Target.Id(id));
    Guest again = server.guest();
    assertThat(again.ask("resume " + session)).contains("no such session");
    assertThat(again.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void who_comes_back_as_somebody_who_is_banned_is_out() {
    Guest lost = server.guest();
    String session = lost.hear().getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
    lost.connection().set("name", "eve");
    lost.loop.run(lost.intake::gone);
    server.settle();
    Guest again = server.guest();
    again.send("resume " + session); // found, before the ban is known
    ban(new Target.Attribute("name", "eve"));
    again.hear();
    assertThat(again.finished || again.ask("roomView").contains("\"members\":[\"" + again.id()))
        .isTrue();
    assertThat(EngineInside.connections(server.earshot).all())
        .noneMatch(each -> "eve".equals(each.attributes().get("name")));
  }

  @Test
  void who_comes_by_http_is_refused_and_their_queue_is_gone() {
    var visitor = new Visitor(POSTER, HOME, new InetSocketAddress("192.0.2.7", 1));
    var asked = server.earshot.ask(visitor, "chat", Map.of("method", Json.of("roomView")));
    server.runUntil("an answer", asked::isDone);
    assertThat(EngineInside.connections(server.earshot).find(POSTER)).isNotNull();
    ban(new Target.Id(POSTER));
    assertThat(EngineInside.connections(server.earshot).find(POSTER)).isNull();
    assertThatThrownBy(() -> server.earshot.check(visitor))
        .hasMessageContaining("Error: you are banned");
    var said = server.earshot.say(visitor, HOME, null, Json.of("hi"), null, POSTER, null);
    server.settle();
    assertThat(said).isCompletedExceptionally();
    assertThatThrownBy(() -> server.earshot.check(visitor, HOME, Permission.LISTEN, null))
        .hasMessageContaining("Error: you are banned");
  }

  @Test
  void no_more_hold_than_may_and_those_that_are_over_make_room() {
    server = new TestServer(1, config().with("admin.measures", 3));
    done(moderation().ban(new Target.Id("a"), Duration.ofMinutes(1), ""));
    done(moderation().ban(new Target.Id("b"), HOUR, ""));
    Measure mute = done(moderation().mute(new Target.Id("c"), null, HOUR, ""));
    assertThatThrownBy(() -> ban(new Target.Id("d")))
        .isInstanceOf(CompletionException.class)
        .hasRootCauseInstanceOf(RefusedException.class)
        .hasMessageContaining("admin.measures");
    done(moderation().lift(mute.id()));
    ban(new Target.Id("e"));
    server.pass(Duration.ofMinutes(1));
    ban(new Target.Id("f"));
    assertThat(moderation().bans()).extracting(Measure::target).hasSize(3);
  }

  @Test
  void what_makes_no_sense_is_refused() {
    var id = new Target.Id("a");
    assertThatThrownBy(() -> moderation().ban(id, Duration.ZERO, "")).hasMessageContaining("holds");
    assertThatThrownBy(() -> moderation().ban(id, Duration.ofDays(400), ""))
        .hasMessageContaining("366 days");
    assertThatThrownBy(() -> moderation().ban(id, HOUR, "x".repeat(201)))
        .hasMessageContaining("200");
    assertThatThrownBy(() -> moderation().ban(id, HOUR, "a\nb")).hasMessageContaining("control");
    assertThatThrownBy(() -> moderation().mute(id, "a\u0001", HOUR, ""))
        .hasMessageContaining("room's name");
    assertThatThrownBy(() -> moderation().closeRoom(HOME, HOUR, ""))
        .hasMessageContaining("default room");
    assertThatThrownBy(() -> new Target.Id("")).hasMessageContaining("1 to 256");
  }

  // --- mutes -----------------------------------------------------------------------------------

  @Test
  void who_is_muted_hears_and_says_nothing_there_until_it_is_over() {
    Guest loud = server.guest();
    Guest other = server.guest();
    loud.ask("roomChange attic");
    other.ask("roomChange attic");
    Measure mute = done(moderation().mute(new Target.Id(loud.id()), "attic", HOUR, "too loud"));
    assertThat(loud.ask("say hey"))
        .contains("Error: you are muted here until 2013-01-01T01:26:40Z: too loud");
    other.ask("say to you");
    assertThat(loud.heard()).contains("to you");
    loud.ask("roomChange " + HOME);
    assertThat(loud.ask("say hey")).contains("\"status\":\"OK\"");
    loud.ask("roomChange attic");
    assertThat(moderation().mutes()).containsExactly(mute);
    done(moderation().lift(mute.id()));
    assertThat(loud.ask("say hey")).contains("\"status\":\"OK\"");
    done(moderation().mute(new Target.Id(loud.id()), null, HOUR, ""));
    assertThat(loud.ask("say hey")).contains("Error: you are muted until");
    server.pass(HOUR);
    assertThat(loud.ask("say hey")).contains("\"status\":\"OK\"");
    assertThat(other.heard()).containsExactly("hey", "hey");
  }

  @Test
  void who_is_muted_by_address_may_not_post_either() {
    done(moderation().mute(Target.address("192.0.2.0/24"), null, HOUR, ""));
    var visitor = new Visitor(POSTER, HOME, new InetSocketAddress("192.0.2.7", 1));
    var said = server.earshot.say(visitor, HOME, null, Json.of("hi"), null, POSTER, null);
    server.settle();
    assertThatThrownBy(said::join).hasMessageContaining("you are muted until");
  }

  // --- rooms that are closed -------------------------------------------------------------------

  @Test
  void a_room_that_is_closed_is_left_by_all_in_whatever_way_they_are_there() {
    Guest member = server.guest();
    member.ask("roomChange attic");
    Guest also = server.guest();
    also.ask("roomAdd attic");
    Guest listener = server.guest();
    listener.ask("listenToRoom attic");
    Guest stream = server.guest("192.0.2.7", Transport.STREAM, "attic", null);
    Guest peers = server.guest();
    List.of(member, also, listener, stream, peers).forEach(Guest::hear);
    Measure closure = done(moderation().closeRoom("attic", HOUR, "for the night"));
    String notice =
        "{\"context\":\"room\",\"room\":\"attic\",\"status\":\"closed\",\"reason\":\"for the"
            + " night\"}";
    assertThat(member.hear()).contains(notice);
    assertThat(also.hear()).contains(notice);
    assertThat(listener.hear()).contains(notice);
    List<String> last = stream.hear();
    assertThat(last.getFirst()).contains("Error: this room is closed: for the night");
    assertThat(last).last().isEqualTo("end 1008");
    assertThat(peers.hear()).isEmpty();
    assertThat(member.ask("detailsView"))
        .contains("\"room\":\"defaultRoom\"")
        .doesNotContain("attic");
    assertThat(also.ask("detailsView")).doesNotContain("attic");
    assertThat(listener.ask("detailsView")).doesNotContain("attic");
    for (String way : List.of("roomChange", "roomAdd", "listenToRoom")) {
      assertThat(member.ask(way + " attic")).contains("Error: this room is closed: for the night");
    }
    assertThat(done(server.earshot.api().chatRoom().socketRoomStatus("attic")).members()).isEmpty();
    done(moderation().lift(closure.id()));
    assertThat(member.ask("roomChange attic")).contains("\"status\":\"OK\"");
  }

  @Test
  void a_room_that_is_closed_for_no_time_can_be_entered_again() {
    Guest member = server.guest();
    member.ask("roomChange attic");
    done(moderation().closeRoom("attic", Duration.ZERO, ""));
    assertThat(member.ask("detailsView")).contains("\"room\":\"defaultRoom\"");
    assertThat(member.ask("roomChange attic")).contains("\"status\":\"OK\"");
    assertThat(moderation().closures()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
  void who_comes_back_into_a_room_that_is_closed_goes_out_of_it(int steps) {
    Guest lost = server.guest();
    String session = lost.hear().getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
    lost.ask("roomChange attic");
    lost.loop.run(lost.intake::gone);
    server.settle();
    Guest again = server.guest(1, TestServer.Lines.ONE);
    again.send("resume " + session);
    for (int i = 0; i < steps; i++) { // so far it gets before the room is closed
      server.loops.forEach(ManualLoop::runOne);
    }
    done(moderation().closeRoom("attic", HOUR, ""));
    again.hear();
    assertThat(again.ask("detailsView")).doesNotContain("attic");
    assertThat(done(server.earshot.api().chatRoom().socketRoomStatus("attic")).members()).isEmpty();
  }

  @Test
  void who_learns_late_of_a_room_that_was_closed_and_is_open_again_sends_nobody_out() {
    Guest member = server.guest();
    member.ask("roomChange attic");
    Instant now = Instant.ofEpochMilli(EngineInside.rooms(server.earshot).now());
    learn("long over", now.minus(HOUR));
    assertThat(member.ask("detailsView")).contains("attic");
    learn("just now", now);
    assertThat(member.ask("detailsView")).doesNotContain("attic");
  }

  private void learn(String id, Instant until) {
    var closure = new Measure(id, Measure.Kind.CLOSURE, null, "attic", "", until);
    ((Moderator) moderation()).learn(closure.toJson(), 1);
    server.settle();
  }

  @Test
  void who_may_not_be_in_the_default_room_either_is_sent_away_and_who_is_lost_is_not_waited_for() {
    server = new TestServer(1, config().with("rooms.rules", "defaultRoom join=token"));
    Guest guest = server.guest("192.0.2.7", Transport.WEBSOCKET, "attic", null);
    Guest lost = server.guest("192.0.2.7", Transport.WEBSOCKET, "attic", null);
    server.settle();
    lost.loop.run(lost.intake::gone);
    server.settle();
    done(moderation().closeRoom("attic", HOUR, ""));
    assertThat(isOut(guest)).isTrue();
    assertThat(EngineInside.connections(server.earshot).size()).isEqualTo(0);
  }

  // --- several servers -------------------------------------------------------------------------

  @Test
  void all_of_it_holds_on_all_servers_and_on_those_that_start_later() {
    var cluster = new TestCluster(config(), 2);
    Guest guest = cluster.guest(1, "192.0.2.7");
    Guest loud = cluster.guest(1, "192.0.2.9");
    Measure ban =
        cluster.done(cluster.moderation(0).ban(Target.address("192.0.2.7"), HOUR, "spam"));
    cluster.done(cluster.moderation(0).mute(new Target.Id(loud.id()), null, HOUR, ""));
    cluster.done(cluster.moderation(1).closeRoom("attic", HOUR, ""));
    assertThat(isOut(guest)).isTrue();
    loud.send("say hey");
    cluster.settle();
    assertThat(loud.hear()).last().asString().contains("you are muted until");
    cluster.add();
    for (int at = 0; at < 3; at++) {
      assertThat(cluster.moderation(at).bans()).containsExactly(ban);
      assertThat(cluster.moderation(at).mutes()).hasSize(1);
      assertThat(cluster.moderation(at).closures()).hasSize(1);
      assertThat(isOut(cluster.guest(at, "192.0.2.7"))).isTrue();
    }
    assertThat(cluster.done(cluster.moderation(2).lift(ban.id()))).isTrue();
    cluster.add();
    for (int at = 0; at < 4; at++) {
      assertThat(cluster.moderation(at).bans()).isEmpty();
      assertThat(isOut(cluster.guest(at, "192.0.2.7"))).isFalse();
    }
  }

  @Test
  void who_was_out_of_touch_learns_what_was_missed_and_tells_what_could_not_be_told() {
    var cluster = new TestCluster(config(), 2);
    Measure old = cluster.done(cluster.moderation(0).ban(new Target.Id("old"), HOUR, ""));
    Guest guest = cluster.guest(1, "192.0.2.7");
    cluster.peers.get(1).disconnect();
    var here = cluster.moderation(0).ban(Target.address("192.0.2.7"), HOUR, "");
    var there = cluster.moderation(1).ban(Target.address("192.0.2.6"), HOUR, "");
    var lifted = cluster.moderation(1).lift(old.id());
    cluster.settle();
    assertThat(here.toCompletableFuture()).isCompleted();
    assertThat(there.toCompletableFuture()).isCompletedExceptionally();
    assertThat(lifted.toCompletableFuture()).isCompletedExceptionally();
    assertThat(isOut(cluster.guest(1, "192.0.2.6"))).as("it holds here").isTrue();
    assertThat(isOut(guest)).isFalse();
    cluster.peers.get(1).connect();
    cluster.settle();
    assertThat(isOut(guest)).isTrue();
    assertThat(isOut(cluster.guest(0, "192.0.2.6"))).isTrue();
    for (int at = 0; at < 2; at++) {
      assertThat(cluster.moderation(at).bans()).hasSize(2).doesNotContain(old);
    }
  }

  @Test
  void what_the_broker_forgets_is_told_anew_once() {
    var cluster = new TestCluster(config(), 3);
    Measure ban = cluster.done(cluster.moderation(0).ban(new Target.Id("a"), HOUR, ""));
    cluster.done(cluster.moderation(1).ban(new Target.Id("b"), HOUR, ""));
    cluster.peers.forEach(HubBroker::disconnect);
    cluster.hub.forgetAll();
    cluster.peers.forEach(HubBroker::connect);
    cluster.settle();
    long told = cluster.hub.events.stream().filter(deed -> !deed.isLost).count();
    assertThat(told).as("told once, however many know it").isEqualTo(2);
    cluster.add();
    assertThat(cluster.moderation(3).bans()).hasSize(2).contains(ban);
  }

  @Test
  void what_holds_long_is_not_forgotten_for_what_comes_and_goes() {
    var cluster = new TestCluster(config().with("admin.measures", 20), 2);
    cluster.hub.maxRemembered = Measures.remembered(20);
    Measure ban = cluster.done(cluster.moderation(0).ban(new Target.Id("a"), HOUR, ""));
    for (int i = 0; i < 3 * Measures.remembered(20); i++) {
      int at = i % 2;
      Measure brief = cluster.done(cluster.moderation(at).ban(new Target.Id("b"), HOUR, ""));
      cluster.done(cluster.moderation(at).lift(brief.id()));
    }
    cluster.add();
    assertThat(cluster.moderation(2).bans()).containsExactly(ban);
  }

  @Test
  void what_was_lifted_never_holds_again_in_whatever_order_it_becomes_known() {
    Measure ban = ban(new Target.Id("a"));
    done(moderation().lift(ban.id()));
    ((Moderator) moderation()).learn(ban.toJson(), 7); // said again by a server that did not know
    assertThat(moderation().bans()).isEmpty();
    var other = new TestServer(1, config()).earshot.api().moderation();
    ((Moderator) other).learn(Json.from(Map.of("lift", ban.id())), 1);
    ((Moderator) other).learn(ban.toJson(), 2);
    assertThat(other.bans()).isEmpty();
    ((Moderator) other).learn(Json.of("what is no measure"), 3);
    ((Moderator) other)
        .learn(Json.from(Map.of("id", "x", "kind", "spell", "reason", "", "until", 1)), 4);
    assertThat(other.bans()).isEmpty();
  }
}
