package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.backend.webhook.Batch.Event;
import io.earshot.backend.webhook.DeadLetters.Letter;
import io.earshot.protocol.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dead letters in a file and in memory. */
class DeadLettersTest {
  private static final String NAME = "webhook.shop.dead";

  @TempDir Path folder;
  private DeadLetters letters = new DeadLetters(10);

  @AfterEach
  void close() {
    letters.close();
  }

  private void open(int most) throws IOException {
    letters.close();
    letters = DeadLetters.in(folder, NAME, most);
  }

  private void add(int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      letters.add(List.of(event(i, "")), "refused", 1_000 + i);
    }
  }

  private static Event event(int i, String text) {
    return Event.of(VirtualBackEnd.event("e" + i, i, Json.of(text)));
  }

  private static List<String> ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "e" + i).toList();
  }

  private Path file() {
    return folder.resolve(NAME);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void letters_are_kept_as_they_were_oldest_first(boolean isFile) throws Exception {
    if (isFile) {
      open(10);
    }
    add(0, 3);
    assertThat(letters.page(0, 10))
        .extracting(Letter::id, Letter::at, Letter::why)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("e0", 1_000L, "refused"),
            org.assertj.core.groups.Tuple.tuple("e1", 1_001L, "refused"),
            org.assertj.core.groups.Tuple.tuple("e2", 1_002L, "refused"));
    assertThat(letters.page(0, 1).getFirst().toEvent().json()).isEqualTo(event(0, "").json());
    assertThat(letters.page(0, 1).getFirst().toEvent().at()).isZero();
    assertThat(letters.find(List.of("e2", "none"))).extracting(Letter::id).containsExactly("e2");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void beyond_their_number_the_oldest_are_dropped(boolean isFile) throws Exception {
    if (isFile) {
      open(10);
    }
    add(0, 25);
    assertThat(letters.ids()).isEqualTo(ids(15, 25));
    assertThat(letters.dropped()).isEqualTo(15);
  }

  @Test
  void their_bytes_in_memory_are_bounded() throws Exception {
    var many = new DeadLetters(1_000_000);
    for (int i = 0; i < 20; i++) {
      many.add(List.of(event(i, "x".repeat(1 << 20))), "", 0);
    }
    assertThat(many.ids()).isEqualTo(ids(5, 20));
    assertThat(many.page(0, 100)).hasSize(3);
  }

  @Test
  void an_event_that_dies_again_is_one_letter() throws Exception {
    add(0, 3);
    letters.add(List.of(event(1, "")), "again", 9);
    assertThat(letters.ids()).containsExactly("e0", "e2", "e1");
  }

  @Test
  void letters_survive_a_restart_without_those_that_are_gone() throws Exception {
    open(10);
    add(0, 12);
    assertThat(letters.remove(List.of("e5", "e7", "e7", "e99"))).isEqualTo(2);
    open(10);
    assertThat(letters.ids()).containsExactly("e2", "e3", "e4", "e6", "e8", "e9", "e10", "e11");
    assertThat(letters.page(0, 1).getFirst().why()).isEqualTo("refused");
    add(12, 13);
    open(3);
    assertThat(letters.ids()).containsExactly("e10", "e11", "e12");
  }

  @Test
  void a_line_that_a_kill_has_cut_and_one_that_is_damaged_do_not_hide_the_others()
      throws Exception {
    open(10);
    add(0, 2);
    letters.close();
    Files.writeString(file(), "{\"at\":1,\n{\"at\":5,\"why\":\"\",\"ev", StandardOpenOption.APPEND);
    open(10);
    assertThat(letters.ids()).containsExactly("e0", "e1");
    add(2, 3);
    open(10);
    assertThat(letters.ids()).containsExactly("e0", "e1", "e2");
    assertThat(letters.page(0, 10)).hasSize(3);
  }

  @Test
  void the_file_does_not_grow_with_what_is_gone() throws Exception {
    open(5);
    for (int i = 0; i < 400; i += 4) {
      var events = new ArrayList<Event>();
      for (int each = i; each < i + 4; each++) {
        events.add(event(each, "x".repeat(20_000)));
      }
      letters.add(events, "", 0);
    }
    assertThat(Files.size(file())).isLessThan(2_000_000);
    assertThat(letters.page(0, 10)).extracting(Letter::id).isEqualTo(ids(395, 400));
    open(5);
    assertThat(letters.page(0, 10)).extracting(Letter::id).isEqualTo(ids(395, 400));
    assertThat(letters.remove(letters.ids())).isEqualTo(5);
    open(5);
    assertThat(letters.size()).isZero();
  }

  @Test
  void pages_follow_each_other_also_while_letters_are_removed() throws Exception {
    add(0, 9);
    var seen = new ArrayList<String>();
    long after = 0;
    for (List<Letter> page = letters.page(0, 2); !page.isEmpty(); page = letters.page(after, 2)) {
      page.forEach(letter -> seen.add(letter.id()));
      after = page.getLast().number();
      letters.remove(List.of(page.getLast().id()));
    }
    assertThat(seen).isEqualTo(ids(0, 9));
  }

  @Test
  void two_servers_do_not_share_a_file() throws Exception {
    open(10);
    assertThatThrownBy(() -> DeadLetters.in(folder, NAME, 10))
        .hasMessageContaining("another server uses");
  }

  @Test
  void an_interrupted_thread_does_not_close_the_file() throws Exception {
    open(10);
    Thread.currentThread().interrupt();
    add(0, 1);
    assertThat(Thread.interrupted()).isTrue();
    add(1, 2);
    assertThat(letters.page(0, 10)).extracting(Letter::id).containsExactly("e0", "e1");
    assertThat(new String(Files.readAllBytes(file()), UTF_8).lines()).hasSize(2);
  }
}
