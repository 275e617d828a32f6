package io.earshot.backend.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.FeedEvent;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a webhook sends again, when it gives up, and what it gives up; in virtual time. */
class WebhookTest {
  private static final long DAY = Duration.ofDays(1).toMillis();
  private static final long MINUTE = 60_000;

  private final VirtualBackEnd backEnd = new VirtualBackEnd();

  @Test
  void events_are_sent_in_their_order_in_batches() throws Exception {
    backEnd.webhook("batch=4").handle(backEnd.events(10));
    assertThat(backEnd.requests.stream().map(request -> request.events().size()))
        .containsExactly(4, 4, 2);
    assertThat(backEnd.accepted).isEqualTo(IntStream.range(0, 10).mapToObj(i -> "" + i).toList());
    assertThat(backEnd.requests.getLast().body())
        .isEqualTo(
            "{\"events\":[{\"id\":\"8\",\"type\":\"message\",\"room\":\"attic\",\"at\":1800000000000,"
                + "\"data\":{\"message\":\"text 8\"}},{\"id\":\"9\",\"type\":\"message\",\"room\":\"attic\","
                + "\"at\":1800000000000,\"data\":{\"message\":\"text 9\"}}]}");
  }

  @Test
  void a_request_has_no_more_bytes_than_its_bound_unless_one_event_has() throws Exception {
    var events = new ArrayList<FeedEvent>();
    for (int i = 0; i < 5; i++) {
      events.add(VirtualBackEnd.event("e" + i, 0, Json.of("x".repeat(Batch.MOST_BYTES * 2 / 5))));
    }
    events.add(VirtualBackEnd.event("e5", 0, Json.of("x".repeat(Batch.MOST_BYTES * 2))));
    backEnd.webhook().handle(events);
    assertThat(backEnd.requests.stream().map(VirtualBackEnd.Request::events))
        .containsExactly(List.of("e0", "e1"), List.of("e2", "e3"), List.of("e4"), List.of("e5"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 302, 401, 404, 408, 410, 425, 429, 502, 503})
  void a_back_end_that_is_away_gets_the_same_batch_after_growing_pauses(int status)
      throws Exception {
    backEnd.status = ignored -> backEnd.requests.size() > 15 ? 200 : status;
    backEnd.webhook().handle(backEnd.events(3));
    assertThat(backEnd.pauses().stream().map(pause -> pause / 1_000))
        .containsExactly(
            1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 512L, 600L, 600L, 600L, 600L, 600L);
    assertThat(backEnd.requests.stream().map(VirtualBackEnd.Request::id).distinct()).hasSize(1);
    assertThat(backEnd.accepted).containsExactly("0", "1", "2");
    assertThat(backEnd.dead()).isEmpty();
  }

  @Test
  void pauses_are_shorter_by_chance_so_that_not_all_batches_come_at_once() throws Exception {
    backEnd.random = 0.5;
    backEnd.status = ignored -> backEnd.requests.size() > 3 ? 200 : 503;
    backEnd.webhook().handle(backEnd.events(1));
    assertThat(backEnd.pauses()).containsExactly(750L, 1_500L, 3_000L);
  }

  @ParameterizedTest
  @CsvSource({"7000, 7000", "1, 1000", "999999999999, 3600000"})
  void a_back_end_says_when_to_come_again_within_an_hour(long retryAfter, long pause)
      throws Exception {
    backEnd.retryAfter = retryAfter;
    backEnd.status = ignored -> backEnd.requests.size() > 2 ? 200 : 429;
    backEnd.webhook().handle(backEnd.events(1));
    assertThat(backEnd.pauses()).containsExactly(pause, pause);
  }

  @Test
  void the_rest_of_the_rooms_waits_too_when_the_back_end_asks_for_a_pause() throws Exception {
    Webhook webhook = backEnd.webhook();
    var other = new ArrayList<Long>();
    backEnd.retryAfter = 7_000;
    backEnd.status =
        events -> {
          if (backEnd.requests.size() == 1) {
            return 503;
          }
          other.add(backEnd.now);
          return 200;
        };
    long began = backEnd.now;
    webhook.state().quiet(began + 9_000);
    webhook.handle(backEnd.events(1));
    assertThat(backEnd.requests.getFirst().at()).isEqualTo(began + 9_000);
    assertThat(other).containsExactly(began + 16_000);
    assertThat(webhook.state().quiet(backEnd)).isZero();
  }

  @Test
  void after_the_time_of_the_setting_events_are_dead_letters() throws Exception {
    backEnd.status = ignored -> 0;
    long began = backEnd.now;
    backEnd.webhook().handle(backEnd.events(2));
    assertThat(backEnd.dead()).containsExactly("0", "1");
    assertThat(backEnd.now - began).isEqualTo(DAY);
    assertThat(backEnd.requests.getLast().at() - began).isEqualTo(DAY);
    assertThat(backEnd.problems.getFirst())
        .isEqualTo(
            "webhook shop: https://app.example.org/events: no event was accepted for 1 min: it"
                + " answered with the status 0");
    assertThat(backEnd.problems.getLast())
        .contains("2 events became dead letters: not accepted in the time of webhooks.retry");
  }

  @Test
  void events_that_waited_behind_others_for_that_time_are_not_tried_as_long_again()
      throws Exception {
    backEnd.status = ignored -> 0;
    Webhook webhook = backEnd.webhook();
    List<FeedEvent> old = backEnd.events(1);
    webhook.handle(old);
    int before = backEnd.requests.size();
    long began = backEnd.now;
    FeedEvent waited = VirtualBackEnd.event("waited", backEnd.wall - DAY, Json.of(""));
    FeedEvent recent = VirtualBackEnd.event("recent", backEnd.wall - DAY / 2, Json.of(""));
    webhook.handle(List.of(waited));
    assertThat(backEnd.requests).hasSize(before + 1);
    webhook.handle(List.of(recent));
    assertThat(backEnd.now - began).isBetween(DAY / 2, DAY / 2 + 10 * MINUTE);
    assertThat(backEnd.dead()).containsExactly("0", "waited", "recent");
  }

  @Test
  void a_wall_clock_that_is_set_makes_no_dead_letters() throws Exception {
    Webhook webhook = backEnd.webhook();
    backEnd.status =
        ignored -> {
          backEnd.wall += (backEnd.requests.size() % 2 == 0 ? 60 : -31) * DAY;
          return backEnd.requests.size() > 30 ? 200 : 503;
        };
    webhook.handle(backEnd.events(1));
    assertThat(backEnd.accepted).containsExactly("0");
    assertThat(backEnd.dead()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 413, 422})
  void one_event_that_is_refused_becomes_a_dead_letter_and_does_not_hold_back_the_others(int status)
      throws Exception {
    backEnd.status = events -> events.contains("37") ? status : 200;
    Webhook webhook = backEnd.webhook();
    long began = backEnd.now;
    webhook.handle(backEnd.events(100));
    assertThat(backEnd.dead()).containsExactly("37");
    assertThat(backEnd.accepted)
        .isEqualTo(
            IntStream.range(0, 100).filter(i -> i != 37).mapToObj(Integer::toString).toList());
    assertThat(backEnd.now - began).isLessThan(MINUTE);
    assertThat(webhook.state().snapshot().sent()).isEqualTo(99);
    assertThat(webhook.state().snapshot().dead()).isEqualTo(1);
    assertThat(backEnd.problems)
        .containsExactly(
            "webhook shop: https://app.example.org/events: the event 37 became a dead letter: it"
                + " answered with the status "
                + status);
  }

  @Test
  void a_batch_that_is_too_large_for_a_back_end_arrives_in_parts() throws Exception {
    backEnd.status = events -> events.size() > 20 ? 413 : 200;
    backEnd.webhook().handle(backEnd.events(100));
    assertThat(backEnd.accepted).hasSize(100);
    assertThat(backEnd.dead()).isEmpty();
  }

  @Test
  void an_event_at_which_a_back_end_fails_is_given_up_while_others_are_accepted() throws Exception {
    Webhook webhook = backEnd.webhook();
    backEnd.status =
        events -> {
          if (events.contains("37")) {
            webhook.state().accepted(1, backEnd); // events of other rooms
            return 500;
          }
          return 200;
        };
    long began = backEnd.now;
    webhook.handle(backEnd.events(100));
    assertThat(backEnd.dead()).containsExactly("37");
    assertThat(backEnd.accepted).hasSize(99);
    assertThat(backEnd.now - began).isLessThan(20 * MINUTE);
  }

  @Test
  void faults_before_and_after_the_back_end_was_away_do_not_add_up() throws Exception {
    Webhook webhook = backEnd.webhook();
    backEnd.status =
        ignored -> {
          webhook.state().accepted(1, backEnd); // events of other rooms
          int count = backEnd.requests.size();
          return count == 7 ? 503 : count < 13 ? 500 : 200;
        };
    webhook.handle(backEnd.events(1));
    assertThat(backEnd.requests).hasSize(13);
    assertThat(backEnd.accepted).containsExactly("0");
  }

  @Test
  void a_back_end_whose_database_is_away_for_an_hour_gets_all_events() throws Exception {
    long end = backEnd.now + 60 * MINUTE;
    backEnd.status = ignored -> backEnd.now < end ? 500 : 200;
    backEnd.webhook().handle(backEnd.events(100));
    assertThat(backEnd.accepted)
        .isEqualTo(IntStream.range(0, 100).mapToObj(Integer::toString).toList());
    assertThat(backEnd.dead()).isEmpty();
  }

  @Test
  void an_event_at_which_a_back_end_fails_for_hours_is_given_up_also_when_it_is_the_only_one()
      throws Exception {
    backEnd.status = events -> events.contains("0") ? 500 : 200;
    long began = backEnd.now;
    backEnd.webhook().handle(backEnd.events(2));
    assertThat(backEnd.dead()).containsExactly("0");
    assertThat(backEnd.accepted).containsExactly("1");
    assertThat(backEnd.now - began).isBetween(60 * MINUTE, 75 * MINUTE);
  }

  @Test
  void an_event_that_cannot_be_json_is_dropped_and_does_not_come_again() throws Exception {
    Json deep = Json.of("");
    for (int i = 0; i < 80; i++) {
      deep = new Json.Obj(Map.of("a", deep));
    }
    FeedEvent good = VirtualBackEnd.event("good", 0, Json.of(""));
    backEnd.webhook().handle(List.of(VirtualBackEnd.event("deep", 0, deep), good));
    assertThat(backEnd.accepted).containsExactly("good");
    assertThat(backEnd.problems.getFirst()).contains("the event deep is dropped");
  }

  @Test
  void an_interrupt_ends_a_pause() throws Exception {
    var waits = new CountDownLatch(1);
    var ended = new AtomicReference<Throwable>();
    WebhookClock real = WebhookClock.ofThisMachine(java.time.InstantSource.system());
    var webhook =
        new Webhook(
            WebhookRule.parse(List.of("all * https://app.example.org/")).getFirst(),
            Duration.ofHours(1),
            (url, id, body, timeout) -> {
              waits.countDown();
              return new Answer(503, "", 3_600_000);
            },
            real,
            () -> 0,
            backEnd.letters,
            (name, what) -> {});
    Thread thread =
        Thread.startVirtualThread(
            () -> {
              try {
                webhook.handle(backEnd.events(1));
              } catch (Exception e) {
                ended.set(e);
              }
            });
    waits.await();
    thread.interrupt();
    assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
    assertThat(ended.get()).isInstanceOf(InterruptedException.class);
    assertThat(backEnd.letters.size()).isZero();
  }

  @Test
  void events_whose_letters_cannot_be_written_stay_with_the_feed() {
    backEnd.status = ignored -> 400;
    backEnd.letters.close();
    assertThatThrownBy(() -> backEnd.webhook().handle(backEnd.events(1)))
        .isInstanceOf(java.io.IOException.class);
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "'', 0",
        "120, 120000",
        "'Fri, 15 Jan 2027 08:01:00 GMT', 60000",
        "'Fri, 15 Jan 2027 07:01:00 GMT', 0",
        "-5, 0",
        "1e9, 0",
        "99999999999999999999, 0",
        "soon, 0"
      })
  void the_header_retry_after_is_seconds_or_a_date(String header, long millis) {
    assertThat(Answer.retryAfter(header, 1_800_000_000_000L)).isEqualTo(millis);
  }
}
