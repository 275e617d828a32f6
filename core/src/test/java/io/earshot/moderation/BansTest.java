package io.earshot.moderation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bans: clients are disconnected, and refused over every transport. */
final class BansTest extends ModerationTestCase {
  @ParameterizedTest
  @EnumSource(names = {"TCP", "WEBSOCKET", "STREAM"})
  void a_banned_client_is_disconnected_at_once_and_refused_until_the_ban_ends(Transport transport) {
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
  void a_banned_client_that_connects_never_joins_the_room() {
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
  void a_range_matches_its_addresses_in_whatever_form_they_are_written(
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
  void a_text_that_is_not_a_range_is_refused(String range) {
    assertThatThrownBy(() -> Target.address(range)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_banned_attribute_disconnects_when_server_code_or_a_token_sets_it() {
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
  void a_banned_client_cannot_resume_its_session() {
    Guest lost = server.guest();
    String session = TestServer.session(lost.hear().getFirst());
    String id = lost.id();
    lost.loop.run(lost.intake::gone);
    server.settle();
    ban(new Target.Id(id));
    Guest again = server.guest();
    assertThat(again.ask("resume " + session)).contains("no such session");
    assertThat(again.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void a_client_that_resumes_with_a_banned_identity_is_disconnected() {
    Guest lost = server.guest();
    String session = TestServer.session(lost.hear().getFirst());
    lost.connection().set("name", "eve");
    lost.loop.run(lost.intake::gone);
    server.settle();
    Guest again = server.guest();
    again.send("resume " + session); // the session is found before the ban is known
    ban(new Target.Attribute("name", "eve"));
    again.hear();
    assertThat(again.finished || again.ask("roomView").contains("\"members\":[\"" + again.id()))
        .isTrue();
    assertThat(EngineInside.connections(server.earshot).all())
        .noneMatch(each -> "eve".equals(each.attributes().get("name")));
  }

  @Test
  void a_banned_http_client_is_refused_and_its_queue_is_dropped() {
    var visitor = new Visitor(POSTER, HOME, new InetSocketAddress("192.0.2.7", 1));
    var asked = server.earshot.http().ask(visitor, "chat", Map.of("method", Json.of("roomView")));
    server.runUntil("an answer", asked::isDone);
    assertThat(EngineInside.connections(server.earshot).find(POSTER)).isNotNull();
    ban(new Target.Id(POSTER));
    assertThat(EngineInside.connections(server.earshot).find(POSTER)).isNull();
    assertThatThrownBy(() -> server.earshot.http().check(visitor))
        .hasMessageContaining("Error: you are banned");
    var said = server.earshot.http().say(visitor, HOME, null, Json.of("hi"), null, POSTER, null);
    server.settle();
    assertThat(said).isCompletedExceptionally();
    assertThatThrownBy(() -> server.earshot.http().check(visitor, HOME, Permission.LISTEN, null))
        .hasMessageContaining("Error: you are banned");
  }

  @Test
  void further_measures_are_refused_at_the_limit_until_some_have_ended() {
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
  void measures_with_invalid_values_are_refused() {
    var id = new Target.Id("a");
    assertThatThrownBy(() -> moderation().ban(id, Duration.ZERO, ""))
        .hasMessageContaining("must be more than 0");
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
}
