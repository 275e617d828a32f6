package io.earshot.moderation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Measure;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mutes, and rooms that are closed. */
final class MutesAndClosuresTest extends ModerationTestCase {
  // --- mutes -----------------------------------------------------------------------------------

  @Test
  void a_muted_client_receives_messages_and_says_nothing_there_until_the_mute_ends() {
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
  void a_client_muted_by_address_may_not_post_over_http_either() {
    done(moderation().mute(Target.address("192.0.2.0/24"), null, HOUR, ""));
    var visitor = new Visitor(POSTER, HOME, new InetSocketAddress("192.0.2.7", 1));
    var said = server.earshot.http().say(visitor, HOME, null, Json.of("hi"), null, POSTER, null);
    server.settle();
    assertThatThrownBy(said::join).hasMessageContaining("you are muted until");
  }

  // --- rooms that are closed -------------------------------------------------------------------

  @Test
  void members_listeners_and_streams_all_leave_a_room_that_is_closed() {
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
        "{\"context\":\"room\",\"room\":\"attic\",\"status\":\"closed\",\"reason\":\"for the night\"}";
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
  void a_room_closed_for_zero_time_can_be_joined_again_at_once() {
    Guest member = server.guest();
    member.ask("roomChange attic");
    done(moderation().closeRoom("attic", Duration.ZERO, ""));
    assertThat(member.ask("detailsView")).contains("\"room\":\"defaultRoom\"");
    assertThat(member.ask("roomChange attic")).contains("\"status\":\"OK\"");
    assertThat(moderation().closures()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
  void a_client_that_resumes_in_a_closed_room_leaves_it(int steps) {
    Guest lost = server.guest();
    String session = TestServer.session(lost.hear().getFirst());
    lost.ask("roomChange attic");
    lost.loop.run(lost.intake::gone);
    server.settle();
    Guest again = server.guest(1, TestServer.Lines.ONE);
    again.send("resume " + session);
    for (int i = 0; i < steps; i++) { // progress of the resume before the closure
      server.loops.forEach(ManualLoop::runOne);
    }
    done(moderation().closeRoom("attic", HOUR, ""));
    again.hear();
    assertThat(again.ask("detailsView")).doesNotContain("attic");
    assertThat(done(server.earshot.api().chatRoom().socketRoomStatus("attic")).members()).isEmpty();
  }

  @Test
  void a_closure_that_becomes_known_long_after_its_end_removes_no_member() {
    Guest member = server.guest();
    member.ask("roomChange attic");
    Instant now = Instant.ofEpochMilli(EngineInside.rooms(server.earshot).wallTime());
    learn("long over", now.minus(HOUR));
    assertThat(member.ask("detailsView")).contains("attic");
    learn("just now", now);
    assertThat(member.ask("detailsView")).doesNotContain("attic");
  }

  private void learn(String id, Instant until) {
    var closure = new Measure(id, Measure.Kind.CLOSURE, null, "attic", "", until);
    ((Moderator) moderation()).learn(closure.toJson(), 1, 0);
    server.settle();
  }

  @Test
  void a_member_of_a_closed_room_that_may_not_join_the_default_room_is_disconnected_also_if_lost() {
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
}
