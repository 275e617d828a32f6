package io.earshot.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.client.Event;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code assertNoGap} finds, in what a client has heard. */
class HeardTest {
  private final Heard heard = new Heard();

  @BeforeEach
  void start() {
    heard.startsAt(at("e1", 2));
    heard.hasId("me");
  }

  private static Cursor at(String epoch, long offset) {
    return new Cursor(epoch, offset);
  }

  private static List<RoomHistory.Said> said(String epoch, int from, int to) {
    return IntStream.rangeClosed(from, to)
        .mapToObj(i -> new RoomHistory.Said(at(epoch, i), i == 4 ? "me" : "you", "m" + i))
        .toList();
  }

  private void hear(String epoch, long... offsets) {
    for (long offset : offsets) {
      on(new Event.Message(Json.of("m"), "you", null, 0, at(epoch, offset), null), null);
    }
  }

  private void on(Event event, Cursor now) {
    heard.on(event, () -> now);
  }

  @Test
  void own_messages_and_those_before_the_join_do_not_count() {
    hear("e1", 3, 5, 6);
    assertThat(heard.check(said("e1", 1, 6))).isNull();
  }

  @Test
  void a_message_that_came_twice_is_found() {
    hear("e1", 3, 5, 5, 6);
    assertThat(heard.check(said("e1", 1, 6))).isEqualTo("has heard e1:5 after e1:5");
  }

  @Test
  void messages_out_of_order_are_found() {
    hear("e1", 3, 6, 5);
    assertThat(heard.check(said("e1", 1, 6))).isEqualTo("has heard e1:5 after e1:6");
  }

  @Test
  void a_gap_covers_its_own_messages_only() {
    hear("e1", 3);
    on(new Event.Gap(5, 5), null);
    hear("e1", 6);
    assertThat(heard.check(said("e1", 1, 6))).isNull();
  }

  @Test
  void what_was_lost_before_a_new_epoch_is_told_and_what_comes_after_it_counts() {
    hear("e1", 3);
    on(new Event.Resumed(false), at("e2", 1));
    hear("e2", 2);
    List<RoomHistory.Said> all =
        java.util.stream.Stream.concat(said("e1", 1, 6).stream(), said("e2", 1, 2).stream())
            .toList();
    assertThat(heard.check(all)).isNull();
  }

  @Test
  void a_missing_message_is_named() {
    Thread.currentThread().interrupt(); // does not wait for what will not come
    hear("e1", 3, 6);
    String wrong = heard.check(said("e1", 1, 6));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(wrong).isEqualTo("has not heard e1:5 (m5), and was told of no gap");
  }

  @Test
  void a_message_before_a_loss_that_was_not_heard_is_missing() {
    Thread.currentThread().interrupt();
    hear("e1", 5);
    on(new Event.Resumed(false), at("e2", 0));
    String wrong = heard.check(said("e1", 1, 5));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(wrong).contains("e1:3");
  }
}
