package io.earshot.session;

import static io.earshot.session.ResumeSteps.WINDOW;
import static io.earshot.session.ResumeSteps.config;
import static io.earshot.session.ResumeSteps.cursor;
import static io.earshot.session.ResumeSteps.lose;
import static io.earshot.session.ResumeSteps.say;
import static io.earshot.session.ResumeSteps.session;
import static io.earshot.session.ResumeSteps.told;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.spi.Ending;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ResumeSteps a session after the connection was lost. */
final class ResumeTest {
  private final TestServer server = new TestServer(2, ResumeSteps.config());
  private final Guest speaker = server.guest();

  @Test
  void a_client_that_resumes_in_time_has_its_id_rooms_and_params_and_nothing_was_announced() {
    var loud = new TestServer(2, config().with("rooms.announcements", true));
    Guest other = loud.guest();
    other.ask("roomChange attic");
    Guest guest = loud.guest();
    String session = session(guest);
    String id = guest.id();
    guest.ask("roomChange attic");
    guest.ask("listenToRoom cellar");
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}");
    guest.ask("paramAdd key=value");
    guest.connection().set("auth", "true");
    String known = cursor(other.ask("say before"));
    other.hear();
    guest.loop.run(guest.intake::gone);
    loud.settle();
    assertThat(other.ask("say missed")).contains("OK");
    assertThat(other.ask("roomView")).contains(id);

    Guest back = loud.guest(1, TestServer.Lines.TWO);
    back.hear();
    back.send("resume " + session + " attic=" + known);
    loud.settle();
    List<String> lines = back.hear();
    assertThat(TestServer.texts(lines)).containsExactly("missed");
    assertThat(lines.getFirst())
        .contains("\"id\":\"" + id, "\"room\":\"attic\"", "\"room\":\"hall\"")
        .contains("{\"room\":\"attic\",\"epoch\":\"", "\"offset\":4,\"recovered\":true}");
    assertThat(back.ask("detailsView"))
        .contains(
            "\"rooms\":[\"attic\",\"hall\"]", "\"listening\":[\"cellar\"]", "\"key\":\"value\"");
    assertThat(back.connection().attributes()).containsEntry("auth", "true");
    assertThat(loud.earshot.api().connection(id)).contains(back.connection());
    assertThat(loud.earshot.api().connections()).hasSize(2);
    assertThat(other.heard()).isEmpty();
    other.ask("say after");
    assertThat(back.heard()).containsExactly("after");
    back.ask("say it is me");
    assertThat(told(other)).singleElement().asString().contains("\"from\":\"" + id);
  }

  @Test
  void the_clients_own_messages_are_not_among_the_missed_ones() {
    Guest guest = server.guest();
    String session = session(guest);
    String known = cursor(guest.ask("roomView"));
    guest.ask("say mine");
    say(speaker, 1, 1);
    lose(server, guest);
    Guest back = server.guest();
    back.hear();
    back.send("resume " + session + " defaultRoom=" + known);
    assertThat(back.heard()).containsExactly("1");
  }

  @Test
  void without_a_cursor_the_messages_after_the_loss_are_sent_with_recovered_false() {
    Guest guest = server.guest();
    String session = session(guest);
    lose(server, guest);
    say(speaker, 1, 2);
    Guest back = server.guest();
    back.hear();
    back.send("resume " + session);
    server.settle();
    List<String> lines = back.hear();
    assertThat(TestServer.texts(lines)).containsExactly("1", "2");
    assertThat(lines.getFirst()).contains("\"recovered\":false");
  }

  @Test
  void a_client_that_does_not_resume_in_time_has_left() {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    lose(server, guest);
    server.pass(WINDOW.minusSeconds(1));
    assertThat(speaker.ask("roomView")).contains(id);
    server.pass(Duration.ofSeconds(1));
    assertThat(speaker.ask("roomView")).doesNotContain(id);
    assertThat(server.guest().ask("resume " + session)).contains("no such session");
    assertThat(EngineInside.context(server.earshot).mayDetach()).isTrue();
  }

  @Test
  void the_session_of_a_client_that_quit_cannot_be_resumed() {
    Guest guest = server.guest();
    String session = session(guest);
    guest.ask("quit");
    assertThat(server.guest().ask("resume " + session)).contains("no such session");
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":2");
  }

  @Test
  void a_client_that_resumes_before_its_loss_is_noticed_takes_over_and_the_old_connection_ends() {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    Guest back = server.guest(1, TestServer.Lines.ONE);
    assertThat(back.ask("resume " + session)).contains("\"id\":\"" + id);
    assertThat(guest.lines.getLast()).isEqualTo("end 4000");
    assertThat(guest.finished).isTrue();
    lose(server, guest);
    assertThat(server.earshot.api().connection(id)).contains(back.connection());
    say(speaker, 1, 1);
    assertThat(back.heard()).containsExactly("1");
  }

  @Test
  void of_two_connections_that_resume_one_session_one_has_it() {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    lose(server, guest);
    Guest first = server.guest(0, TestServer.Lines.ONE);
    Guest second = server.guest(1, TestServer.Lines.ONE);
    first.send("resume " + session);
    second.send("resume " + session);
    server.settle();
    assertThat(speaker.ask("roomView")).containsOnlyOnce(id);
    assertThat(List.of(first, second).stream().filter(each -> each.finished)).hasSizeBetween(0, 1);
    say(speaker, 1, 1);
    long heard = List.of(first, second).stream().filter(each -> each.heard().contains("1")).count();
    assertThat(heard).isBetween(1L, 2L);
  }

  @Test
  void all_messages_after_the_answer_to_resume_are_the_sessions() {
    Guest guest = server.guest();
    String session = session(guest);
    String known = cursor(speaker.ask("say known"));
    lose(server, guest);
    say(speaker, 1, 2);
    Guest back = server.guest(1, TestServer.Lines.TWO);
    say(speaker, 3, 3);
    back.hear();
    back.send("resume " + session + " defaultRoom=" + known);
    speaker.send("say 4");
    server.settle();
    List<String> lines = back.hear();
    int answer = IntStream.range(0, lines.size()).filter(i -> lines.get(i).contains("OK")).sum();
    assertThat(TestServer.texts(lines.subList(answer, lines.size())))
        .containsExactly("1", "2", "3", "4");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void a_connection_that_resumes_leaves_its_room_under_the_id_that_it_had_there(int loop) {
    var loud = new TestServer(2, config().with("rooms.announcements", true));
    Guest other = loud.guest();
    Guest guest = loud.guest();
    String session = session(guest);
    guest.loop.run(guest.intake::gone);
    loud.settle();
    Guest back = loud.guest(loop, TestServer.Lines.ONE);
    loud.settle();
    String visitor = back.id();
    other.hear();
    back.ask("resume " + session);
    assertThat(told(other))
        .singleElement()
        .asString()
        .contains("I have left the room", "\"from\":\"" + visitor);
  }

  @Test
  void a_connection_that_ends_while_it_resumes_is_in_no_room() {
    Guest guest = server.guest();
    String session = session(guest);
    lose(server, guest);
    Guest back = server.guest(1, TestServer.Lines.ONE);
    server.settle();
    back.send("resume " + session);
    back.loop.run(() -> back.intake.end(Ending.REQUESTED));
    server.settle();
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":1");
    assertThat(server.earshot.api().connections()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void a_client_that_is_lost_while_it_resumes_can_resume_again_at_any_moment(int steps) {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    guest.ask("roomChange attic");
    lose(server, guest);
    Guest first = server.guest(1, TestServer.Lines.ONE);
    server.settle();
    Guest second = server.guest(1, TestServer.Lines.TWO);
    server.settle();
    first.send("resume " + session);
    for (int i = 0; i < steps; i++) {
      server.loops.get(i % 2).runOne();
    }
    assertThat(second.ask("resume " + session)).contains("\"id\":\"" + id);
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":1");
    assertThat(server.earshot.api().connections()).hasSize(2);
  }

  @Test
  void a_room_is_kept_for_a_lost_listener_when_its_last_member_leaves() {
    Guest guest = server.guest();
    String session = session(guest);
    String known = cursor(guest.ask("listenToRoom attic"));
    lose(server, guest);
    Guest other = server.guest();
    other.ask("roomChange attic");
    other.ask("roomChange defaultRoom");
    Guest back = server.guest();
    assertThat(back.ask("resume " + session + " attic=" + known))
        .contains("{\"room\":\"attic\",\"epoch\":\"" + known.split(":", 2)[0])
        .contains("\"recovered\":true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "AAAA", "é", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
  void tokens_that_the_server_did_not_issue_resume_nothing(String token) {
    assertThat(server.guest().ask("resume " + token)).contains("no such session");
  }

  @Test
  void an_altered_token_opens_nothing() {
    Guest guest = server.guest();
    String session = session(guest);
    lose(server, guest);
    for (int i = 0; i < session.length() - 1; i++) {
      char other = session.charAt(i) == 'A' ? 'B' : 'A';
      String altered = session.substring(0, i) + other + session.substring(i + 1);
      assertThat(server.guest().ask("resume " + altered)).contains("no such session");
    }
  }

  @Test
  void no_more_sessions_are_kept_than_the_limit_allows() {
    var small = new TestServer(1, config().with("limits.lostClients", 2));
    List<Guest> guests = IntStream.range(0, 5).mapToObj(_ -> small.guest()).toList();
    small.settle();
    guests.subList(1, 5).forEach(guest -> guest.loop.run(guest.intake::gone));
    assertThat(guests.getFirst().ask("roomView")).contains("\"membersCount\":3");
    small.pass(WINDOW);
    assertThat(guests.getFirst().ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void an_old_token_is_of_no_use_once_the_client_has_spoken_after_its_resume() {
    Guest guest = server.guest();
    String first = session(guest);
    Guest back = server.guest();
    String second = resumed(back.ask("resume " + first));
    assertThat(second).isNotEqualTo(first);
    back.ask("say I have the answer");
    // A request of a connection that is dead by now comes late.
    assertThat(server.guest().ask("resume " + first)).contains("no such session");
    assertThat(back.ask("roomView")).contains("OK");
    assertThat(back.finished).isFalse();
    lose(server, back);
    resumed(server.guest().ask("resume " + second));
  }

  @Test
  void a_client_that_never_got_the_answer_to_its_resume_resumes_by_the_token_that_it_has() {
    Guest guest = server.guest();
    String first = session(guest);
    Guest lost = server.guest();
    String second = resumed(lost.ask("resume " + first));
    lose(server, lost);
    Guest again = server.guest();
    String third = resumed(again.ask("resume " + first));
    lose(server, again);
    // Both answers may be the one that the client got.
    Guest last = server.guest();
    String fourth = resumed(last.ask("resume " + second));
    assertThat(Set.of(first, second, third, fourth)).hasSize(4);
    last.ask("say I have the answer");
    for (String old : List.of(first, second, third)) {
      assertThat(server.guest().ask("resume " + old)).contains("no such session");
    }
  }

  @Test
  void a_request_sent_before_the_answer_does_not_show_that_the_client_has_it() {
    Guest guest = server.guest();
    String first = session(guest);
    Guest lost = server.guest(1, TestServer.Lines.TWO); // whose loop has to wait for the other
    lost.hear();
    lost.send("resume " + first);
    lost.send("say at once");
    server.settle();
    lose(server, lost);
    resumed(server.guest().ask("resume " + first));
  }

  private static String resumed(String answer) {
    assertThat(answer).contains("\"status\":\"OK\"");
    return TestServer.session(answer);
  }
}
