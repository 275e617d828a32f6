package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests that read a room without being a member. */
final class RoomReadersTest extends RoomReaderTestCase {
  @Test
  void without_a_cursor_a_request_reads_the_newest_messages_and_a_cursor_to_go_on_from() {
    say(1, 7);
    Excerpt all = read(ROOM, null, 100);
    assertThat(texts(all)).containsExactly("3", "4", "5", "6", "7");
    assertThat(all.recovered()).isNull();
    assertThat(texts(read(ROOM, null, 2))).containsExactly("6", "7");
    say(8, 8);
    Excerpt more = read(ROOM, all.next(), 100);
    assertThat(texts(more)).containsExactly("8");
    assertThat(more.recovered()).isTrue();
    assertThat(texts(read(ROOM, more.next(), 100))).isEmpty();
  }

  @Test
  void page_after_page_each_message_is_read_once() {
    Cursor at = end(ROOM);
    say(1, 5);
    var read = new ArrayList<String>();
    for (int i = 0; i < 3; i++) {
      Excerpt page = read(ROOM, at, 2);
      assertThat(page.recovered()).isTrue();
      read.addAll(texts(page));
      at = page.next();
    }
    assertThat(read).containsExactly("1", "2", "3", "4", "5");
    assertThat(at).isEqualTo(end(ROOM));
  }

  @Test
  void an_answer_has_at_most_the_allowed_bytes_but_at_least_one_message() {
    restart(
        config()
            .with("limits.answerBytes", 1024)
            .with("rooms.historyMessages", 20)
            .with("rooms.historyBytes", 20_000));
    Cursor at = end(ROOM);
    say(1, 9);
    Excerpt page = read(ROOM, at, 100);
    assertThat(page.messages()).hasSizeBetween(2, 8);
    assertThat(page.encode()).hasSizeLessThan(1024);
    assertThat(texts(read(ROOM, page.next(), 1)))
        .containsExactly("" + (page.messages().size() + 1));
    assertThat(texts(read(ROOM, null, 100))).endsWith("9").hasSizeLessThan(9);
    Cursor last = end(ROOM);
    speaker.ask("say " + "x".repeat(2000));
    assertThat(read(ROOM, last, 100).messages()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"other,1", "EPOCH,99", "EPOCH,999999999999999999", "EPOCH,1"})
  void an_unknown_cursor_recovers_nothing_and_is_answered_at_once(String epoch, long offset) {
    say(1, 9);
    Cursor end = end(ROOM);
    var cursor = new Cursor(epoch.replace("EPOCH", end.epoch()), offset);
    Excerpt excerpt = settled(poll(ROOM, cursor));
    assertThat(excerpt.recovered()).isFalse();
    assertThat(excerpt.messages()).isEmpty();
    assertThat(excerpt.next()).isEqualTo(end);
  }

  @Test
  void server_code_reads_what_was_said_to_all_page_by_page() {
    say(1, 5);
    speaker.ask(
        "{\"event\":\"say\",\"message\":\"secret\",\"roomMatchKey\":\"a\",\"roomMatchValue\":\"b\"}");
    Excerpt newest = history(null, 2);
    assertThat(newest.parsed().stream().map(each -> each.get("message")))
        .containsExactly(Json.of("4"), Json.of("5"));
    assertThat(newest.more()).isTrue();
    Json.Obj first = newest.parsed().getFirst();
    Cursor before = Cursor.parse(text(first, "epoch") + ":" + text(first, "offset"));
    assertThat(texts(history(before, 1_000))).containsExactly("2", "3");
    assertThat(history(before, 1_000).more()).isFalse();
    assertThat(server.earshot.api().chatRoom().history(ROOM, null, 1_000_000))
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withMessageContaining("limit must be from 1 to 1000");
  }

  private Excerpt history(@Nullable Cursor before, int limit) {
    return settled(
        server.earshot.api().chatRoom().history(ROOM, before, limit).toCompletableFuture());
  }

  private static String text(Json.Obj message, String field) {
    return String.valueOf(Objects.requireNonNull(message.get(field)).asText());
  }

  @Test
  void an_unknown_room_has_no_cursor_to_go_on_from() {
    Excerpt excerpt = read("nowhere", null, 100);
    assertThat(excerpt.messages()).isEmpty();
    assertThat(excerpt.next()).isNull();
    assertThat(read("nowhere", new Cursor("e", 1), 100).recovered()).isFalse();
    assertThat(room("nowhere")).isNull();
  }

  @Test
  void a_message_for_an_audience_is_not_read_and_ends_no_wait() {
    Cursor at = end(ROOM);
    CompletableFuture<Excerpt> poll = poll(ROOM, at);
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    speaker.ask("say secret");
    assertThat(poll).isNotDone();
    assertThat(texts(read(ROOM, at, 100))).isEmpty();
    speaker.ask("paramsDelete");
    speaker.ask("say open");
    assertThat(texts(settled(poll))).containsExactly("open");
    assertThat(texts(read(ROOM, at, 100))).containsExactly("open");
    assertThat(texts(read(ROOM, null, 100))).containsExactly("open");
  }
}
