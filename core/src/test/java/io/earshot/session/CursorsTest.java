package io.earshot.session;

import static io.earshot.session.ResumeSteps.config;
import static io.earshot.session.ResumeSteps.cursor;
import static io.earshot.session.ResumeSteps.field;
import static io.earshot.session.ResumeSteps.say;
import static io.earshot.session.ResumeSteps.told;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Cursors: the order of a room, and messages that a client gets by its place in that order. */
final class CursorsTest {
  private final TestServer server = new TestServer(2, ResumeSteps.config());
  private final Guest speaker = server.guest();

  @Test
  void every_message_and_every_answer_about_a_room_carries_its_place_in_the_order() {
    Guest guest = server.guest();
    String joined = guest.ask("roomChange attic");
    assertThat(field(joined, "offset")).isEqualTo("0");
    speaker.ask("roomChange attic");
    String told = speaker.ask("say one");
    assertThat(field(told, "offset")).isEqualTo("1");
    assertThat(field(told, "epoch")).isEqualTo(field(joined, "epoch"));
    assertThat(told(guest))
        .singleElement()
        .asString()
        .endsWith(",\"offset\":1,\"epoch\":\"" + field(joined, "epoch") + "\"}");
    assertThat(cursor(guest.ask("roomView"))).isEqualTo(cursor(told));
    assertThat(cursor(server.guest().ask("listenToRoom attic"))).isEqualTo(cursor(told));
  }

  @Test
  void each_room_has_its_own_order() {
    say(speaker, 1, 3);
    Guest guest = server.guest();
    String attic = guest.ask("roomChange attic");
    assertThat(field(attic, "offset")).isEqualTo("0");
    assertThat(field(attic, "epoch")).isNotEqualTo(field(speaker.ask("roomView"), "epoch"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"roomChange defaultRoom after=", "listenToRoom defaultRoom after="})
  void a_client_with_a_cursor_gets_the_messages_after_it_and_then_new_ones(String verb) {
    String known = cursor(speaker.ask("say known"));
    say(speaker, 1, 4);
    Guest guest = server.guest();
    guest.ask("roomChange peers");
    guest.hear();
    guest.send(verb + known);
    speaker.send("say 5");
    server.settle();
    List<String> lines = guest.hear();
    assertThat(lines.getFirst()).contains("\"status\":\"OK\"", "\"recovered\":true");
    assertThat(TestServer.texts(lines)).containsExactly("1", "2", "3", "4", "5");
  }

  @Test
  void a_client_that_missed_nothing_is_answered_recovered_true() {
    String last = cursor(speaker.ask("say last"));
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange defaultRoom after=" + last)).contains("\"recovered\":true");
    assertThat(guest.heard()).isEmpty();
  }

  @Test
  void a_cursor_recovers_over_announcements_that_are_not_remembered() {
    var loud = new TestServer(1, config().with("rooms.announcements", true));
    Guest here = loud.guest();
    Guest cut = loud.guest();
    String known = cursor(cut.ask("roomView"));
    cut.loop.run(cut.intake::gone);
    loud.guest();
    here.ask("say first");
    Guest back = loud.guest();
    back.ask("roomChange peers");
    for (String after : List.of(known, known.replaceAll("\\d+$", "0"))) {
      assertThat(back.ask("listenToRoom defaultRoom after=" + after))
          .contains("\"recovered\":true");
      assertThat(back.heard()).contains("first");
      back.ask("silenceRoom defaultRoom");
    }
    assertThat(back.ask("roomChange defaultRoom after=" + known)).contains("\"recovered\":true");
    assertThat(back.heard()).contains("first");
  }

  @Test
  void announcements_that_no_longer_fit_into_the_history_are_not_missed() {
    var loud = new TestServer(1, config().with("rooms.announcements", true));
    Guest here = loud.guest();
    String known = cursor(here.ask("say known"));
    for (int i = 0; i < 10; i++) {
      Guest passing = loud.guest();
      passing.loop.run(passing.intake::gone);
    }
    here.ask("say new");
    Guest back = loud.guest();
    assertThat(back.ask("roomChange defaultRoom after=" + known)).contains("\"recovered\":true");
    assertThat(back.heard()).contains("new");
    String begin = known.replaceAll("\\d+$", "0");
    assertThat(back.ask("roomChange defaultRoom after=" + begin)).contains("\"recovered\":true");
    for (int i = 0; i < 4; i++) {
      here.ask("say " + i); // five messages are remembered
    }
    assertThat(back.ask("roomChange defaultRoom after=" + begin)).contains("\"recovered\":false");
  }

  @Test
  void a_client_that_missed_more_than_the_history_keeps_is_answered_with_the_current_place() {
    String known = cursor(speaker.ask("say known"));
    say(speaker, 1, 6);
    Guest guest = server.guest();
    String answer = guest.ask("roomChange defaultRoom after=" + known);
    assertThat(answer).contains("\"recovered\":false", "\"offset\":7");
    assertThat(guest.heard()).isEmpty();
    assertThat(guest.ask("roomChange defaultRoom after=" + field(answer, "epoch") + ":2"))
        .contains("\"recovered\":true");
    assertThat(guest.heard()).containsExactly("2", "3", "4", "5", "6");
  }

  @ParameterizedTest
  @CsvSource({"other:1", "EPOCH:99", "EPOCH:999999999999999999"})
  void cursors_of_other_rooms_and_of_the_future_recover_nothing(String after) {
    String epoch = field(speaker.ask("say one"), "epoch");
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange defaultRoom after=" + after.replace("EPOCH", epoch)))
        .contains("\"status\":\"OK\"", "\"recovered\":false", "\"offset\":1");
    assertThat(guest.heard()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1", ":1", "e:", "e:-1", "e:x", "e:1:1", "e:99999999999999999999", "é:1"})
  void a_malformed_cursor_is_refused_and_nothing_changes(String after) {
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange attic after=" + after)).contains("\"error\":\"Error: after");
    assertThat(guest.ask("roomView")).contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void a_message_for_an_audience_is_recovered_by_the_audience_alone() {
    Guest addressee = server.guest();
    Guest other = server.guest();
    addressee.connection().set("auth", "true");
    String known = cursor(speaker.ask("say known"));
    addressee.ask("roomChange peers");
    other.ask("roomChange peers");
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    say(speaker, 1, 1);
    speaker.ask("paramsDelete");
    say(speaker, 2, 2);
    addressee.ask("roomChange defaultRoom after=" + known);
    other.ask("roomChange defaultRoom after=" + known);
    assertThat(addressee.heard()).containsExactly("1", "2");
    assertThat(other.heard()).containsExactly("2");
  }

  @Test
  void the_history_of_a_room_is_kept_for_a_while_after_the_last_member_has_left() {
    speaker.ask("roomChange attic");
    String known = cursor(speaker.ask("say one"));
    say(speaker, 2, 2);
    speaker.ask("roomChange defaultRoom");
    server.pass(Duration.ofSeconds(59));
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange attic after=" + known)).contains("\"recovered\":true");
    guest.ask("roomChange defaultRoom");
    server.pass(Duration.ofMinutes(5));
    String answer = guest.ask("roomChange attic after=" + known);
    assertThat(answer).contains("\"recovered\":false", "\"offset\":0");
    assertThat(known).doesNotStartWith(field(answer, "epoch"));
  }

  @Test
  void messages_older_than_the_history_age_are_not_recovered() {
    String known = cursor(speaker.ask("say known"));
    say(speaker, 1, 1);
    server.pass(Duration.ofSeconds(60));
    say(speaker, 2, 2);
    assertThat(server.guest().ask("roomChange defaultRoom after=" + known))
        .contains("\"recovered\":false");
  }

  @Test
  void a_rule_sets_the_history_of_its_rooms() {
    speaker.ask("roomChange long.story");
    String begin = cursor(speaker.ask("roomView"));
    say(speaker, 1, 50);
    server.pass(Duration.ofMinutes(2));
    assertThat(server.guest().ask("roomChange long.story after=" + begin))
        .contains("\"recovered\":true");
    speaker.ask("roomChange none.at.all");
    begin = cursor(speaker.ask("say one"));
    say(speaker, 2, 2);
    assertThat(server.guest().ask("roomChange none.at.all after=" + begin))
        .contains("\"recovered\":false");
  }

  @Test
  void the_histories_of_all_rooms_together_stay_within_the_budget() {
    var small = new TestServer(1, config().with("limits.historyBytes", 2000));
    Guest talker = small.guest();
    for (int i = 0; i < 100; i++) {
      talker.ask("roomChange room" + i);
      talker.ask("say " + "x".repeat(300));
    }
    assertThat(EngineInside.rooms(small.earshot).shards().getFirst().history().spare())
        .isBetween(0L, 2000L);
    talker.ask("roomChange last");
    String known = cursor(talker.ask("roomView"));
    talker.ask("say " + "x".repeat(300));
    assertThat(small.guest().ask("roomChange last after=" + known))
        .as("the room that was silent for the longest time is forgotten first")
        .contains("\"recovered\":true");
    assertThat(small.guest().ask("roomChange room99 history=1")).contains("\"history\":1");
    assertThat(small.guest().ask("roomChange room0 history=1")).contains("\"history\":0");
    small.pass(Duration.ofMinutes(10));
    assertThat(EngineInside.rooms(small.earshot).shards().getFirst().history().spare())
        .isEqualTo(2000);
  }

  @Test
  void a_room_whose_messages_are_too_long_to_be_remembered_costs_other_rooms_nothing() {
    var small =
        new TestServer(
            1,
            config()
                .with("limits.historyBytes", 2000)
                .with("rooms.rules", List.of("tiny.* historyBytes=100")));
    Guest talker = small.guest();
    for (int i = 0; i < 40; i++) {
      talker.ask("roomChange " + (i % 20 == 0 ? "tiny.room" : "room" + i));
      assertThat(talker.ask("say " + "x".repeat(300))).contains("\"status\":\"OK\"");
      assertThat(EngineInside.rooms(small.earshot).shards().getFirst().history().spare())
          .isBetween(0L, 2000L);
    }
    small.pass(Duration.ofMinutes(10));
    assertThat(EngineInside.rooms(small.earshot).shards().getFirst().history().spare())
        .isEqualTo(2000);
  }
}
