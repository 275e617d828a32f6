package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Start;
import io.earshot.testing.ManualLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Requests that wait for the next message of a room. */
final class LongPollTest extends RoomReaderTestCase {
  @Test
  void a_waiting_request_gets_the_next_message_and_a_cursor_to_go_on_from() {
    Cursor at = end(ROOM);
    CompletableFuture<Excerpt> poll = poll(ROOM, at);
    CompletableFuture<Excerpt> other = poll(ROOM, null);
    assertThat(poll).isNotDone();
    say(1, 2);
    assertThat(texts(settled(poll))).containsExactly("1");
    assertThat(poll.join().recovered()).isTrue();
    assertThat(texts(settled(other))).containsExactly("1");
    assertThat(other.join().recovered()).isNull();
    assertThat(texts(settled(poll(ROOM, poll.join().next())))).containsExactly("2");
    assertThat(server.earshot.http().waitingPolls()).isZero();
  }

  @Test
  void a_request_that_waits_in_vain_is_answered_in_time_and_after_25_s_at_most() {
    CompletableFuture<Excerpt> poll = poll(ROOM, end(ROOM));
    CompletableFuture<Excerpt> patient =
        server.earshot.http().read(new ExcerptRequest(ROOM, Start.LIVE, 1), Integer.MAX_VALUE);
    server.settle();
    server.pass(Duration.ofMillis(9_999));
    assertThat(poll).isNotDone();
    server.pass(Duration.ofMillis(1));
    assertThat(settled(poll).messages()).isEmpty();
    assertThat(poll.join().next()).isEqualTo(end(ROOM));
    assertThat(poll.join().recovered()).isTrue();
    server.pass(Duration.ofMillis(14_999));
    assertThat(patient).isNotDone();
    server.pass(Duration.ofMillis(1));
    assertThat(settled(patient).messages()).isEmpty();
    assertThat(server.earshot.http().waitingPolls()).isZero();
  }

  @Test
  void a_request_may_wait_for_a_room_that_does_not_exist_and_leaves_nothing_behind() {
    CompletableFuture<Excerpt> poll = poll("nowhere", null);
    assertThat(room("nowhere")).isNotNull();
    server.pass(Duration.ofSeconds(10));
    assertThat(settled(poll).next()).isNull();
    assertThat(room("nowhere")).isNull();
    CompletableFuture<Excerpt> again = poll("nowhere", null);
    post("nowhere", "here I am");
    assertThat(texts(settled(again))).containsExactly("here I am");
    assertThat(again.join().next()).isEqualTo(end("nowhere"));
  }

  @Test
  void a_request_may_wait_for_a_room_without_history() {
    speaker.ask("roomChange none.at.all");
    say(1, 1);
    CompletableFuture<Excerpt> poll = poll("none.at.all", end("none.at.all"));
    say(2, 2);
    assertThat(texts(settled(poll))).containsExactly("2");
    assertThat(read("none.at.all", new Cursor(end("none.at.all").epoch(), 1), 9).recovered())
        .isFalse();
  }

  @Test
  void a_room_is_not_dropped_while_a_request_waits_for_it() {
    post("attic", "old");
    server.pass(Duration.ofSeconds(55));
    CompletableFuture<Excerpt> poll = poll("attic", end("attic"));
    server.pass(Duration.ofSeconds(9));
    assertThat(poll).isNotDone();
    assertThat(texts(read("attic", null, 1))).isEmpty(); // the message is too old
    post("attic", "new");
    assertThat(settled(poll).recovered()).isTrue();
    assertThat(texts(poll.join())).containsExactly("new");
    server.pass(Duration.ofMinutes(5));
    assertThat(room("attic")).isNull();
  }

  @Test
  void a_cancelled_request_leaves_nothing_behind() {
    int timers = server.loops.stream().mapToInt(ManualLoop::timers).sum();
    for (int i = 0; i < 1_000; i++) {
      poll("room" + i % 7, null).cancel(true);
      server.settle();
    }
    assertThat(server.earshot.http().waitingPolls()).isZero();
    assertThat(IntStream.range(0, 7).mapToObj(i -> room("room" + i))).containsOnlyNulls();
    assertThat(server.loops.stream().mapToInt(ManualLoop::timers).sum()).isLessThan(timers + 5);
    server.pass(Duration.ofSeconds(30));
    CompletableFuture<Excerpt> poll = poll(ROOM, null);
    server.pass(Duration.ofSeconds(10));
    assertThat(poll).isDone();
  }

  @Test
  void requests_with_different_waits_are_each_answered_in_time() {
    List<CompletableFuture<Excerpt>> polls =
        IntStream.rangeClosed(1, 20)
            .mapToObj(
                i ->
                    server
                        .earshot
                        .http()
                        .read(new ExcerptRequest(ROOM, Start.LIVE, 1), 21_000 - 1_000 * i))
            .toList();
    server.settle();
    for (int i = 19; i >= 0; i--) {
      assertThat(polls.get(i)).isNotDone();
      server.pass(Duration.ofSeconds(1));
      assertThat(polls.get(i)).isDone();
    }
  }

  @Test
  void requests_beyond_the_limit_of_waiting_ones_are_refused() {
    restart(config().with("limits.waitingPolls", 2));
    List<CompletableFuture<Excerpt>> polls =
        List.of(poll(ROOM, null), poll("attic", null), poll("cellar", null));
    assertThatThrownBy(() -> settled(polls.getLast()))
        .hasCauseInstanceOf(RejectedExecutionException.class);
    assertThat(room("cellar")).isNull();
    say(1, 1);
    assertThat(polls.getFirst()).isDone();
    assertThat(poll("cellar", null)).isNotDone();
  }

  @Test
  void a_stopping_server_answers_all_waiting_requests() {
    CompletableFuture<Excerpt> poll = poll(ROOM, null);
    server.earshot.closeAll();
    assertThat(settled(poll).messages()).isEmpty();
    assertThat(settled(poll("attic", null)).messages()).isEmpty();
    assertThat(server.earshot.http().waitingPolls()).isZero();
    assertThat(room("attic")).isNull();
  }
}
