package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Ending;
import io.earshot.stats.Gauge;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How requests of one client are ordered, numbered and answered. */
final class RequestsTest {
  private final TestServer server = new TestServer(2, TestServer.quiet());

  /** A connection on a loop other than the default room's, so that replies need another task. */
  private Guest farGuest() {
    int home = server.loops.indexOf(homeOf("defaultRoom"));
    return server.guest(1 - home, Lines.ONE);
  }

  private ManualLoop homeOf(String room) {
    return server.loops.get(
        EngineInside.rooms(server.earshot)
            .shards()
            .indexOf(EngineInside.rooms(server.earshot).shard(room)));
  }

  @Test
  void requests_are_numbered_in_the_order_in_which_they_are_read_and_answered_in_that_order() {
    Guest guest = farGuest();
    List.of("roomView", "detailsView", "say x", "say y", "fly", "roomChange attic", "roomView")
        .forEach(guest::send);
    List<String> heard = guest.hear();
    assertThat(heard).hasSize(8);
    for (int i = 1; i <= 7; i++) {
      assertThat(heard.get(i)).contains("\"messageCount\":" + i);
    }
    assertThat(heard.get(7)).contains("\"room\":\"attic\"", guest.id());
  }

  @Test
  void the_welcome_is_sent_first_and_earlier_requests_are_answered_after_it() {
    Guest guest = farGuest();
    guest.send("roomView");
    assertThat(guest.lines).isEmpty();
    assertThat(guest.hear()).first().asString().startsWith("{\"welcome\"");
  }

  @Test
  void a_client_that_sends_requests_faster_than_they_are_answered_is_not_read_until_they_are() {
    Guest guest = farGuest();
    guest.hear();
    int sent = 0;
    while (!guest.intake.isCongested()) {
      guest.send("roomView");
      sent++;
    }
    assertThat(sent).isLessThanOrEqualTo(64);
    assertThat(guest.resumed).isZero();
    assertThat(guest.hear()).hasSize(sent);
    assertThat(guest.resumed).isPositive();
  }

  @Test
  void a_client_that_does_not_read_is_not_read_until_it_does() {
    Guest guest = server.guest();
    server.settle();
    guest.pending = 100_000;
    assertThat(guest.intake.isCongested()).isTrue();
    guest.pending = 0;
    guest.loop.run(guest.intake::drained);
    assertThat(guest.resumed).isEqualTo(1);
    assertThat(guest.intake.isCongested()).isFalse();
  }

  @Test
  void after_the_end_of_input_all_requests_are_answered_and_then_the_connection_ends() {
    Guest guest = farGuest();
    guest.send("say one");
    guest.send("roomView");
    guest.loop.run(() -> guest.intake.inputEnded(Ending.REQUESTED));
    assertThat(guest.finished).isFalse();
    assertThat(guest.hear()).hasSize(4).last().asString().startsWith("end");
    assertThat(guest.finished).isTrue();
  }

  @Test
  void no_request_after_quit_is_answered() {
    Guest guest = farGuest();
    List.of("roomView", "quit", "say too late").forEach(guest::send);
    List<String> heard = guest.hear();
    assertThat(heard).hasSize(4).last().asString().startsWith("end 1000");
    assertThat(heard.get(2))
        .isEqualTo(
            "{\"status\":\"Bye!\",\"context\":\"response\",\"reason\":\"request\",\"messageCount\":2}");
  }

  @Test
  void a_connection_that_is_lost_while_it_joins_is_left_in_no_room() {
    Guest guest = farGuest();
    guest.send("roomChange attic");
    guest.send("listenToRoom cellar");
    guest.loop.run(guest.intake::gone);
    server.settle();
    for (String room : List.of("defaultRoom", "attic", "cellar")) {
      assertThat(EngineInside.rooms(server.earshot).shard(room).stats().get(Gauge.ROOMS)).isZero();
    }
  }

  @Test
  void the_value_of_a_param_is_everything_after_the_first_equals_sign_until_it_is_deleted() {
    Guest guest = server.guest();
    guest.ask("paramAdd q=a=b c");
    assertThat(guest.ask("paramView q"))
        .contains("\"params\":{\"q\":\"a=b c\"}")
        .doesNotContain("status");
    guest.ask("paramDelete q");
    assertThat(guest.ask("paramView q")).contains("\"params\":{}");
    assertThat(guest.ask("paramsView")).contains("\"params\":{}");
  }

  @Test
  void the_number_and_length_of_params_are_limited_and_deleted_ones_do_not_count() {
    Guest guest = server.guest();
    IntStream.range(0, 100)
        .forEach(i -> assertThat(guest.ask("paramAdd k" + i + "=v")).contains("OK"));
    assertThat(guest.ask("paramAdd more=v")).contains("too many params");
    assertThat(guest.ask("paramAdd k1=other")).contains("OK");
    guest.ask("paramsDelete");
    assertThat(guest.ask("paramAdd k=" + "v".repeat(64 << 10))).contains("too many params");
    assertThat(guest.ask("paramAdd k=" + "v".repeat(60_000))).contains("OK");
    assertThat(guest.ask("paramAdd l=" + "v".repeat(10_000))).contains("too many params");
    guest.ask("paramDelete k");
    assertThat(guest.ask("paramAdd l=" + "v".repeat(60_000))).contains("OK");
  }

  @Test
  void the_number_of_rooms_that_a_client_listens_to_is_limited() {
    Guest guest = server.guest();
    IntStream.range(0, 100).forEach(i -> guest.ask("listenToRoom r" + i));
    assertThat(guest.ask("listenToRoom more")).contains("too many rooms");
    guest.ask("silenceRoom r1");
    assertThat(guest.ask("listenToRoom more")).contains("OK");
  }

  @Test
  void a_say_into_a_room_one_is_not_in_is_refused() {
    Guest guest = server.guest();
    Guest there = server.guest();
    there.ask("roomChange attic");
    guest.ask("listenToRoom attic");
    assertThat(guest.ask("{\"event\":\"say\",\"message\":\"x\",\"room\":\"attic\"}"))
        .contains("Error: you are not in this room");
    assertThat(guest.ask("{\"event\":\"say\",\"message\":\"x\",\"room\":\"defaultRoom\"}"))
        .contains("OK");
    assertThat(there.heard()).isEmpty();
  }

  @Test
  void a_client_that_leaves_its_current_room_is_in_the_default_room() {
    Guest guest = server.guest();
    assertThat(guest.ask("roomLeave attic")).contains("you are not in this room");
    guest.ask("roomAdd attic");
    assertThat(guest.ask("roomLeave attic")).contains("\"room\":\"defaultRoom\"");
    assertThat(guest.connection().room()).isEqualTo("defaultRoom");
  }

  @Test
  void an_attribute_lasts_until_it_is_removed() {
    Guest guest = server.guest();
    guest.connection().set("auth", "true");
    guest.connection().set("team", "red");
    guest.connection().set("team", null);
    assertThat(guest.connection().attributes()).containsOnlyKeys("auth");
  }

  @Test
  void a_malformed_request_is_answered_and_numbered() {
    Guest guest = server.guest();
    guest.hear();
    guest.loop.run(() -> guest.intake.handle(RequestDecoder.frame("[1]")));
    assertThat(guest.hear())
        .singleElement()
        .asString()
        .contains("\"error\":\"Error: ", "\"messageCount\":1");
  }
}
