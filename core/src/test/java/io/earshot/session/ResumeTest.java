package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.spi.Ending;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Coming back: by a cursor, to one room; by a session, as who one was. */
final class ResumeTest {
  private static final Duration WINDOW = Duration.ofSeconds(30);

  private final TestServer server = new TestServer(2, config());
  private final Guest speaker = server.guest();

  private static Config config() {
    return TestServer.quiet()
        .with("general.resumeWindow", WINDOW)
        .with("rooms.historyMessages", 5)
        .with("rooms.historyBytes", 4096)
        .with("rooms.historyAge", "60s")
        .with(
            "rooms.rules",
            "long.* historyMessages=50 historyBytes=99999 historyAge=10m, none.*"
                + " historyMessages=0");
  }

  private static String field(String json, String name) {
    Matcher field = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
    assertThat(field.find()).as("%s in %s", name, json).isTrue();
    return field.group(1);
  }

  private static String cursor(String json) {
    return field(json, "epoch") + ":" + field(json, "offset");
  }

  private void say(int from, int to) {
    IntStream.rangeClosed(from, to).forEach(i -> speaker.ask("say " + i));
  }

  private static List<String> told(Guest guest) {
    return guest.hear().stream().filter(line -> line.contains("\"context\":\"user\"")).toList();
  }

  /** Lets somebody's connection break. */
  private void lose(Guest guest) {
    guest.loop.run(guest.intake::gone);
    server.settle();
  }

  private String session(Guest guest) {
    return guest.hear().stream()
        .filter(line -> line.contains("\"welcome\""))
        .map(line -> field(line, "session"))
        .findFirst()
        .orElseThrow();
  }

  // --- the order -------------------------------------------------------------------------------

  @Test
  void everything_told_and_every_answer_about_a_room_says_where_in_its_order_it_is() {
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
  void another_room_has_an_order_of_its_own() {
    say(1, 3);
    Guest guest = server.guest();
    String attic = guest.ask("roomChange attic");
    assertThat(field(attic, "offset")).isEqualTo("0");
    assertThat(field(attic, "epoch")).isNotEqualTo(field(speaker.ask("roomView"), "epoch"));
  }

  // --- cursors ---------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"roomChange defaultRoom after=", "listenToRoom defaultRoom after="})
  void who_comes_with_a_cursor_is_told_what_came_after_it_and_then_what_is_new(String verb) {
    String known = cursor(speaker.ask("say known"));
    say(1, 4);
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
  void who_has_missed_nothing_is_told_so() {
    String last = cursor(speaker.ask("say last"));
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange defaultRoom after=" + last)).contains("\"recovered\":true");
    assertThat(guest.heard()).isEmpty();
  }

  @Test
  void who_has_missed_more_than_is_remembered_is_told_so_and_where_they_are_now() {
    String known = cursor(speaker.ask("say known"));
    say(1, 6);
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
  void what_is_no_cursor_is_refused_and_nothing_changes(String after) {
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange attic after=" + after)).contains("\"error\":\"Error: after");
    assertThat(guest.ask("roomView")).contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void what_was_said_to_some_is_recovered_by_those_alone() {
    Guest friend = server.guest();
    Guest stranger = server.guest();
    friend.connection().set("auth", "true");
    String known = cursor(speaker.ask("say known"));
    friend.ask("roomChange peers");
    stranger.ask("roomChange peers");
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    say(1, 1);
    speaker.ask("paramsDelete");
    say(2, 2);
    friend.ask("roomChange defaultRoom after=" + known);
    stranger.ask("roomChange defaultRoom after=" + known);
    assertThat(friend.heard()).containsExactly("1", "2");
    assertThat(stranger.heard()).containsExactly("2");
  }

  @Test
  void a_room_is_remembered_for_a_while_after_everybody_has_left() {
    speaker.ask("roomChange attic");
    String known = cursor(speaker.ask("say one"));
    say(2, 2);
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
  void messages_grow_too_old_to_be_recovered() {
    String known = cursor(speaker.ask("say known"));
    say(1, 1);
    server.pass(Duration.ofSeconds(60));
    say(2, 2);
    assertThat(server.guest().ask("roomChange defaultRoom after=" + known))
        .contains("\"recovered\":false");
  }

  @Test
  void rules_say_how_much_some_rooms_remember() {
    speaker.ask("roomChange long.story");
    String begin = cursor(speaker.ask("roomView"));
    say(1, 50);
    server.pass(Duration.ofMinutes(2));
    assertThat(server.guest().ask("roomChange long.story after=" + begin))
        .contains("\"recovered\":true");
    speaker.ask("roomChange none.at.all");
    begin = cursor(speaker.ask("say one"));
    say(2, 2);
    assertThat(server.guest().ask("roomChange none.at.all after=" + begin))
        .contains("\"recovered\":false");
  }

  @Test
  void all_rooms_together_remember_no_more_than_they_may() {
    var small = new TestServer(1, config().with("limits.historyBytes", 2000));
    Guest talker = small.guest();
    for (int i = 0; i < 100; i++) {
      talker.ask("roomChange room" + i);
      talker.ask("say " + "x".repeat(300));
    }
    assertThat(EngineInside.rooms(small.earshot).shards().getFirst().budget().spare())
        .isBetween(0L, 2000L);
    talker.ask("roomChange last");
    String known = cursor(talker.ask("roomView"));
    talker.ask("say " + "x".repeat(300));
    assertThat(small.guest().ask("roomChange last after=" + known)).contains("\"recovered\":");
    small.pass(Duration.ofMinutes(10));
    assertThat(EngineInside.rooms(small.earshot).shards().getFirst().budget().spare())
        .isEqualTo(2000);
  }

  // --- saying again ----------------------------------------------------------------------------

  @Test
  void what_is_said_again_under_the_same_id_is_told_once_and_answered_as_the_first() {
    Guest guest = server.guest();
    String say = "{\"event\":\"say\",\"message\":\"once\",\"messageId\":\"m1\"}";
    String first = cursor(speaker.ask(say));
    say(2, 2);
    assertThat(cursor(speaker.ask(say))).isEqualTo(first);
    assertThat(guest.heard()).containsExactly("once", "2");
  }

  @Test
  void the_same_id_with_other_words_or_from_somebody_else_or_much_later_is_another_say() {
    Guest guest = server.guest();
    String say = "{\"event\":\"say\",\"message\":\"words\",\"messageId\":1}";
    speaker.ask(say);
    speaker.ask(say.replace("words", "other words"));
    server.guest().ask(say);
    server.pass(Duration.ofMinutes(2));
    speaker.ask(say);
    assertThat(guest.heard()).containsExactly("words", "other words", "words", "words");
  }

  // --- sessions --------------------------------------------------------------------------------

  @Test
  void who_is_lost_and_comes_back_in_time_is_who_they_were_and_nobody_was_told() {
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
  void own_words_are_not_among_what_was_missed() {
    Guest guest = server.guest();
    String session = session(guest);
    String known = cursor(guest.ask("roomView"));
    guest.ask("say mine");
    say(1, 1);
    lose(guest);
    Guest back = server.guest();
    back.hear();
    back.send("resume " + session + " defaultRoom=" + known);
    assertThat(back.heard()).containsExactly("1");
  }

  @Test
  void without_a_cursor_what_came_after_the_loss_is_told_and_nothing_promised() {
    Guest guest = server.guest();
    String session = session(guest);
    lose(guest);
    say(1, 2);
    Guest back = server.guest();
    back.hear();
    back.send("resume " + session);
    server.settle();
    List<String> lines = back.hear();
    assertThat(TestServer.texts(lines)).containsExactly("1", "2");
    assertThat(lines.getFirst()).contains("\"recovered\":false");
  }

  @Test
  void who_does_not_come_back_in_time_has_left() {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    lose(guest);
    server.pass(WINDOW.minusSeconds(1));
    assertThat(speaker.ask("roomView")).contains(id);
    server.pass(Duration.ofSeconds(1));
    assertThat(speaker.ask("roomView")).doesNotContain(id);
    assertThat(server.guest().ask("resume " + session)).contains("no such session");
    assertThat(EngineInside.context(server.earshot).mayWaitForMore()).isTrue();
  }

  @Test
  void who_said_goodbye_is_not_waited_for() {
    Guest guest = server.guest();
    String session = session(guest);
    guest.ask("quit");
    assertThat(server.guest().ask("resume " + session)).contains("no such session");
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":2");
  }

  @Test
  void who_is_back_before_the_loss_was_seen_takes_over_and_the_old_connection_is_told() {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    Guest back = server.guest(1, TestServer.Lines.ONE);
    assertThat(back.ask("resume " + session)).contains("\"id\":\"" + id);
    assertThat(guest.lines.getLast()).isEqualTo("end 4000");
    assertThat(guest.finished).isTrue();
    lose(guest);
    assertThat(server.earshot.api().connection(id)).contains(back.connection());
    say(1, 1);
    assertThat(back.heard()).containsExactly("1");
  }

  @Test
  void of_two_that_come_with_one_session_the_later_is_who_it_was() {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    lose(guest);
    Guest first = server.guest(0, TestServer.Lines.ONE);
    Guest second = server.guest(1, TestServer.Lines.ONE);
    first.send("resume " + session);
    second.send("resume " + session);
    server.settle();
    assertThat(speaker.ask("roomView")).containsOnlyOnce(id);
    assertThat(List.of(first, second).stream().filter(each -> each.finished)).hasSizeBetween(0, 1);
    say(1, 1);
    long heard = List.of(first, second).stream().filter(each -> each.heard().contains("1")).count();
    assertThat(heard).isBetween(1L, 2L);
  }

  @Test
  void what_is_heard_before_the_answer_is_the_visitors_and_all_after_it_is_the_sessions() {
    Guest guest = server.guest();
    String session = session(guest);
    String known = cursor(speaker.ask("say known"));
    lose(guest);
    say(1, 2);
    Guest back = server.guest(1, TestServer.Lines.TWO);
    say(3, 3);
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
  void who_visits_before_being_back_leaves_under_the_visitors_name(int loop) {
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
  void who_ends_on_the_way_back_is_in_no_room() {
    Guest guest = server.guest();
    String session = session(guest);
    lose(guest);
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
  void who_was_cut_on_the_way_back_can_come_back_again_at_any_moment(int steps) {
    Guest guest = server.guest();
    String session = session(guest);
    String id = guest.id();
    guest.ask("roomChange attic");
    lose(guest);
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
  void a_room_is_kept_for_a_lost_listener_whoever_else_comes_and_goes() {
    Guest guest = server.guest();
    String session = session(guest);
    String known = cursor(guest.ask("listenToRoom attic"));
    lose(guest);
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
  void tokens_that_were_not_given_out_open_nothing(String token) {
    assertThat(server.guest().ask("resume " + token)).contains("no such session");
  }

  @Test
  void an_altered_token_opens_nothing() {
    Guest guest = server.guest();
    String session = session(guest);
    lose(guest);
    for (int i = 0; i < session.length() - 1; i++) {
      char other = session.charAt(i) == 'A' ? 'B' : 'A';
      String altered = session.substring(0, i) + other + session.substring(i + 1);
      assertThat(server.guest().ask("resume " + altered)).contains("no such session");
    }
  }

  @Test
  void no_more_are_waited_for_than_may_be() {
    var small = new TestServer(1, config().with("limits.lostClients", 2));
    List<Guest> guests = IntStream.range(0, 5).mapToObj(_ -> small.guest()).toList();
    small.settle();
    guests.subList(1, 5).forEach(guest -> guest.loop.run(guest.intake::gone));
    assertThat(guests.getFirst().ask("roomView")).contains("\"membersCount\":3");
    small.pass(WINDOW);
    assertThat(guests.getFirst().ask("roomView")).contains("\"membersCount\":1");
  }

  // --- many rooms ------------------------------------------------------------------------------

  @Test
  void one_can_be_in_many_rooms_and_say_in_which() {
    Guest guest = server.guest();
    Guest hall = server.guest();
    hall.ask("roomChange hall");
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}"))
        .contains("\"room\":\"hall\"");
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}"))
        .contains("you are already in this room");
    guest.ask("{\"event\":\"say\",\"room\":\"hall\",\"message\":\"there\"}");
    guest.ask("{\"event\":\"say\",\"message\":\"here\"}");
    assertThat(hall.heard()).containsExactly("there");
    assertThat(speaker.heard()).containsExactly("here");
    assertThat(hall.ask("roomView")).contains("\"membersCount\":2");
    hall.ask("say welcome");
    assertThat(guest.heard()).containsExactly("welcome");
    assertThat(guest.ask("{\"event\":\"roomView\",\"room\":\"hall\"}")).contains(hall.id());
    assertThat(guest.ask("{\"event\":\"roomView\",\"room\":\"attic\"}"))
        .contains("you are not in this room");
    assertThat(guest.ask("{\"event\":\"roomLeave\",\"room\":\"hall\"}"))
        .contains("\"room\":\"hall\"");
    assertThat(guest.ask("{\"event\":\"say\",\"room\":\"hall\",\"message\":\"x\"}"))
        .contains("you are not in this room");
    assertThat(hall.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void changing_to_a_room_that_one_is_in_besides_makes_it_the_current_one() {
    Guest guest = server.guest();
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}");
    guest.ask("roomChange hall");
    assertThat(guest.ask("detailsView")).contains("\"rooms\":[\"hall\"]");
    assertThat(guest.ask("roomView")).contains("\"membersCount\":1");
    guest.loop.run(guest.intake::gone);
    server.pass(WINDOW);
    assertThat(EngineInside.rooms(server.earshot).shard("hall").roomIfAny("hall")).isNull();
  }

  @Test
  void one_can_be_in_so_many_rooms_and_no_more() {
    var small = new TestServer(1, config().with("limits.rooms", 3));
    Guest guest = small.guest();
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"a\"}");
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"b\"}");
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"c\"}"))
        .contains("you are in too many rooms");
  }

  @Test
  void a_long_message_id_means_the_same_from_who_has_come_back_as_somebody_else() {
    Guest subscriber = server.guest();
    Guest before = server.guest();
    Guest after = server.guest();
    subscriber.hear();
    String say = "{\"event\":\"say\",\"message\":\"once\",\"messageId\":\"%s\"}";
    String unique = say.formatted("9b2e1c4e-7d3f-4b8e-9a55-0f6a7c1d2e3f");
    String first = before.ask(unique);
    assertThat(cursor(after.ask(unique))).isEqualTo(cursor(first));
    assertThat(told(subscriber)).hasSize(1);
    String common = say.formatted("q1");
    assertThat(cursor(before.ask(common))).isNotEqualTo(cursor(after.ask(common)));
    assertThat(told(subscriber)).hasSize(2);
  }
}
