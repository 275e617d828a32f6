package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Ending;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RequestsTest {
  private final TestServer server = new TestServer(2, TestServer.quiet());

  /**
   * A connection on the loop that the default room does not live on, so that replies take a turn.
   */
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
  void each_request_has_its_number_from_when_it_was_read_and_answers_keep_their_order() {
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
  void the_welcome_comes_first_and_what_was_sent_before_it_is_answered_after() {
    Guest guest = farGuest();
    guest.send("roomView");
    assertThat(guest.lines).isEmpty();
    assertThat(guest.hear()).first().asString().startsWith("{\"welcome\"");
  }

  @Test
  void a_client_that_asks_faster_than_it_is_answered_is_not_read_until_it_was() {
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
  void a_client_that_does_not_read_is_not_read_either_until_it_does() {
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
  void after_the_last_input_everything_asked_is_answered_and_then_the_connection_ends() {
    Guest guest = farGuest();
    guest.send("say one");
    guest.send("roomView");
    guest.loop.run(() -> guest.intake.inputEnded(Ending.REQUESTED));
    assertThat(guest.finished).isFalse();
    assertThat(guest.hear()).hasSize(4).last().asString().startsWith("end");
    assertThat(guest.finished).isTrue();
  }

  @Test
  void after_quit_nothing_more_is_answered() {
    Guest guest = farGuest();
    List.of("roomView", "quit", "say too late").forEach(guest::send);
    List<String> heard = guest.hear();
    assertThat(heard).hasSize(4).last().asString().startsWith("end 1000");
    assertThat(heard.get(2))
        .isEqualTo(
            "{\"status\":\"Bye!\",\"context\":\"response\",\"reason\":\"request\",\"messageCount\":2}");
  }

  @Test
  void who_goes_while_joining_leaves_no_ghost() {
    Guest guest = farGuest();
    guest.send("roomChange attic");
    guest.send("listenToRoom cellar");
    guest.loop.run(guest.intake::gone);
    server.settle();
    for (String room : List.of("defaultRoom", "attic", "cellar")) {
      assertThat(EngineInside.rooms(server.earshot).shard(room).roomCount()).isZero();
    }
  }

  @Test
  void params_hold_all_after_the_first_equals_sign_and_are_gone_when_deleted() {
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
  void params_are_bounded_in_number_and_in_length_and_give_back_what_they_took() {
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
  void rooms_to_listen_to_are_bounded_in_number() {
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
  void leaving_ones_room_leads_to_the_default_room() {
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
  void a_request_that_makes_no_sense_is_answered_and_counted() {
    Guest guest = server.guest();
    guest.hear();
    guest.loop.run(() -> guest.intake.handle(RequestDecoder.frame("[1]")));
    assertThat(guest.hear())
        .singleElement()
        .asString()
        .contains("\"error\":\"Error: ", "\"messageCount\":1");
  }
}
