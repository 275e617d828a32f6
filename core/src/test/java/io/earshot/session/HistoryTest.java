package io.earshot.session;

import static io.earshot.session.JsonLines.cursor;
import static io.earshot.session.JsonLines.parsed;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.spi.ConnectRequest;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Earlier messages, with which a client enters a room, and which it asks for later. */
final class HistoryTest {
  private final TestServer server = new TestServer(2, Config.defaults());
  private final Guest ada = server.guest();

  private void say(int from, int to) {
    for (int i = from; i <= to; i++) {
      ada.ask("say " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "roomChange defaultRoom history=3",
        "listenToRoom defaultRoom history=3",
        "{\"event\":\"roomAdd\",\"room\":\"defaultRoom\",\"history\":3}",
        "{\"event\":\"roomChange\",\"room\":\"defaultRoom\",\"history\":\"3\",\"after\":null}"
      })
  void a_client_that_enters_a_room_receives_as_many_of_the_newest_messages_as_it_asks_for(
      String verb) {
    say(1, 5);
    Guest guest = server.guest();
    guest.ask("roomChange attic");
    guest.hear();
    guest.send(verb);
    ada.send("say 6");
    List<String> lines = guest.hear();
    assertThat(lines.getFirst()).contains("\"status\":\"OK\"", "\"history\":3");
    assertThat(TestServer.texts(lines)).containsExactly("3", "4", "5", "6");
  }

  @Test
  void a_connection_that_begins_in_a_room_receives_its_history_after_the_welcome() {
    say(1, 3);
    var guest = server.new Guest(server.loops.getLast(), Lines.ONE);
    guest.loop.run(
        () ->
            guest.intake =
                server.earshot.connect(
                    guest.loop,
                    guest,
                    guest.wire,
                    Transport.WEBSOCKET,
                    "defaultRoom",
                    new Start(null, 2),
                    null,
                    ConnectRequest.NONE));
    List<String> lines = guest.hear();
    assertThat(lines.getFirst()).contains("\"welcome\"", "\"history\":2");
    assertThat(TestServer.texts(lines)).containsExactly("2", "3");
  }

  @Test
  void announcements_and_messages_for_others_are_no_part_of_the_history() {
    say(1, 1);
    Guest bob = server.guest();
    bob.connection().set("role", "judge");
    ada.ask(
        "{\"event\":\"say\",\"message\":\"to judges\",\"roomMatchKey\":\"role\",\"roomMatchValue\":\"judge\"}");
    server.guest().ask("quit");
    Guest carol = server.guest();
    assertThat(carol.ask("roomChange defaultRoom history=10")).contains("\"history\":1");
    assertThat(carol.heard()).contains("1").doesNotContain("to judges");
    bob.ask("roomChange defaultRoom history=10");
    assertThat(bob.heard()).contains("1", "to judges");
    ada.ask("roomChange defaultRoom history=10");
    assertThat(ada.heard()).as("its own messages").contains("1", "to judges");
  }

  @Test
  void many_joins_and_leaves_take_neither_the_place_of_messages_nor_more_memory() {
    say(1, 50);
    String known = cursor(parsed(ada.ask("say 51"))).toString();
    say(52, 100);
    for (int i = 0; i < 300; i++) {
      server.guest().ask("quit");
    }
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange defaultRoom history=100")).contains("\"history\":100");
    assertThat(EngineInside.rooms(server.earshot).shards())
        .allMatch(shard -> shard.history().bytes() <= 64 << 10);
    guest.hear();
    assertThat(guest.ask("roomChange defaultRoom after=" + known)).contains("\"recovered\":true");
    List<Long> offsets =
        guest.hear().stream()
            .filter(line -> line.startsWith("{\"message\":"))
            .map(line -> cursor(parsed(line)).offset())
            .toList();
    assertThat(offsets).isSorted().doesNotHaveDuplicates().hasSizeBetween(49 + 50, 49 + 100);
  }

  @Test
  void a_cursor_that_recovers_wins_over_the_history() {
    String known = cursor(parsed(ada.ask("say 1"))).toString();
    say(2, 3);
    Guest guest = server.guest();
    String answer = guest.ask("roomChange defaultRoom history=3 after=" + known);
    assertThat(answer).contains("\"recovered\":true").doesNotContain("history");
    assertThat(guest.heard()).contains("2", "3").doesNotContain("1");
    answer = guest.ask("roomChange defaultRoom after=unknown:1 history=2");
    assertThat(answer).contains("\"recovered\":false", "\"history\":2");
    assertThat(guest.heard()).contains("2", "3").doesNotContain("1");
  }

  @Test
  void a_room_without_messages_has_an_empty_history() {
    assertThat(ada.ask("roomChange attic history=50")).contains("\"history\":0");
  }

  @Test
  void a_history_is_no_longer_than_an_answer() {
    var small = new TestServer(1, TestServer.quiet().with("limits.answerBytes", 1_024));
    Guest speaker = small.guest();
    for (int i = 0; i < 9; i++) {
      speaker.ask("say " + i + "x".repeat(300));
    }
    assertThat(speaker.ask("roomChange defaultRoom history=9")).contains("\"history\":2");
    Json.Obj page = page(speaker, "history");
    assertThat(texts(page)).hasSize(2);
    assertThat(page.get("more")).isEqualTo(Json.of(true));
    speaker.ask("say " + "y".repeat(3_000));
    assertThat(speaker.ask("roomChange defaultRoom history=9")).contains("\"history\":1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          roomChange attic history=1000000          | history must be a number from 0 to 1000
          listenToRoom attic history=1001           | history must be a number from 0 to 1000
          roomChange attic history=-1               | history must be a number from 0 to 1000
          {"event":"roomAdd","room":"a","history":{}} | history must be a number from 0 to 1000
          history defaultRoom limit=1000000         | limit must be a number from 1 to 1000
          history defaultRoom limit=0               | limit must be a number from 1 to 1000
          {"event":"history","limit":1e6}           | limit must be a number from 1 to 1000
          history before=yesterday                  | before must be epoch:offset, as messages and replies have them
          {"event":"history","room":7}              | room must be a text
          history defaultRoom 50                    | history takes a room, before=EPOCH:OFFSET and limit=NUMBER
          history cellar                            | you are not in this room
          """)
  void a_request_that_is_out_of_bounds_is_answered_and_changes_nothing(String line, String error) {
    assertThat(ada.ask(line)).contains("\"error\":\"Error: " + error + "\"");
    assertThat(ada.ask("detailsView")).contains("\"rooms\":[\"defaultRoom\"],\"listening\":[]");
  }

  @Test
  void a_member_reads_page_after_page_back_to_the_first_message() {
    say(1, 7);
    Json.Obj newest = page(ada, "history limit=3");
    assertThat(texts(newest)).containsExactly("5", "6", "7");
    assertThat(newest.get("more")).isEqualTo(Json.of(true));
    String before = cursor(first(newest)).toString();
    Json.Obj middle = page(ada, "history defaultRoom limit=3 before=" + before);
    assertThat(texts(middle)).containsExactly("2", "3", "4");
    before = cursor(first(middle)).toString();
    Json.Obj oldest =
        page(ada, "{\"event\":\"history\",\"before\":\"" + before + "\",\"messageId\":4}");
    assertThat(texts(oldest)).containsExactly("1");
    assertThat(oldest.get("more")).isEqualTo(Json.of(false));
    assertThat(oldest.get("messageId")).isEqualTo(Json.of(4));
    assertThat(texts(page(ada, "history before=other:3"))).isEmpty();
  }

  @Test
  void a_listener_reads_the_room_that_it_listens_to() {
    say(1, 2);
    Guest guest = server.guest();
    guest.ask("roomChange attic");
    assertThat(guest.ask("history defaultRoom")).contains("you are not in this room");
    guest.ask("listenToRoom defaultRoom");
    assertThat(texts(page(guest, "history defaultRoom"))).containsExactly("1", "2");
  }

  private Json.Obj page(Guest guest, String request) {
    guest.ask("detailsView");
    guest.hear();
    guest.send(request);
    return parsed(guest.hear().getLast());
  }

  private static Json.Obj first(Json.Obj page) {
    return (Json.Obj) messages(page).getFirst();
  }

  private static List<Json> messages(Json.Obj page) {
    return page.get("messages") instanceof Json.Array(List<Json> all) ? all : List.of();
  }

  private static List<String> texts(Json.Obj page) {
    return messages(page).stream().map(each -> JsonLines.text((Json.Obj) each, "message")).toList();
  }
}
