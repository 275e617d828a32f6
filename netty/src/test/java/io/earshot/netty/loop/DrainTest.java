package io.earshot.netty.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Logged;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How a server is emptied, in virtual time. */
final class DrainTest {
  private record Due(long at, Runnable task) {}

  private final PriorityQueue<Due> timers = new PriorityQueue<>(Comparator.comparingLong(Due::at));
  private final List<Runnable> clients = new ArrayList<>();
  private final AtomicInteger closed = new AtomicInteger();
  private long now;
  private final Drain drain =
      new Drain(
          (millis, task) -> timers.add(new Due(now + millis, task)),
          closed::incrementAndGet,
          () -> List.copyOf(clients));

  private void connect(int count) {
    for (int i = 0; i < count; i++) {
      clients.add(
          new Runnable() {
            @Override
            public void run() {
              clients.remove(this);
            }
          });
    }
  }

  private void pass(long millis) {
    long until = now + millis;
    for (Due due = timers.peek(); due != null && due.at <= until; due = timers.peek()) {
      timers.remove();
      now = due.at;
      due.task.run();
    }
    now = until;
  }

  private static Drain.Plan plan(int delay, int time) {
    return new Drain.Plan(Duration.ofSeconds(delay), Duration.ofSeconds(time));
  }

  @Test
  void clients_come_in_until_the_delay_is_over_and_go_at_an_even_rate() {
    connect(1_000);
    assertThat(drain.plan()).isNull();
    drain.begin(plan(5, 10));
    pass(4_999);
    assertThat(closed).hasValue(0);
    connect(200);
    assertThat(clients).hasSize(1_200);
    for (int second = 1; second <= 10; second++) {
      int before = clients.size();
      pass(1_000);
      assertThat(closed).hasValue(1);
      assertThat(before - clients.size()).isBetween(115, 126);
      assertThat(drain.done()).isNotDone();
    }
    assertThat(clients).isEmpty();
    pass(1);
    assertThat(drain.done()).isDone();
  }

  @Test
  void clients_that_came_at_the_last_moment_go_in_time_and_one_that_stays_does_not_hold_it_up() {
    connect(10);
    drain.begin(plan(0, 1));
    pass(500);
    connect(100);
    clients.add(() -> {});
    pass(600);
    assertThat(clients).hasSize(1);
    assertThat(drain.done()).isDone();
  }

  @Test
  void without_a_plan_for_it_all_is_over_at_once() {
    connect(10);
    drain.begin(plan(0, 0));
    pass(0);
    assertThat(drain.done()).isDone();
    assertThat(closed).hasValue(1);
    assertThat(clients).hasSize(10); // whom the end of the server tells
  }

  @Test
  void only_the_first_plan_counts_and_nobody_can_end_it_from_outside() {
    connect(1);
    drain.begin(plan(1, 10));
    assertThat(drain.begin(plan(0, 0))).isEqualTo(plan(1, 10));
    drain.done().complete(null);
    pass(900);
    assertThat(drain.done()).isNotDone();
    assertThat(closed).hasValue(0);
  }

  @Test
  void the_log_says_who_is_left_and_a_fault_ends_the_drain() {
    try (var log = new Logged(Drain.class)) {
      connect(12);
      drain.begin(plan(0, 12));
      pass(6_000);
      assertThat(log.lines())
          .containsExactly(
              "draining: clients are accepted for another 0.0 s, and the connections of 12 clients end"
                  + " within 12.0 s after that",
              "draining: 12 clients are left, for 12 s",
              "draining: " + (clients.size() + 1) + " clients are left, for 7 s");
      clients.add(
          () -> {
            throw new IllegalStateException("a bug");
          });
      clients.removeIf(each -> clients.indexOf(each) < clients.size() - 1);
      pass(6_000);
      assertThat(drain.done()).isDone();
      assertThat(log.lines()).contains("draining failed; the server stops at once");
    }
  }
}
