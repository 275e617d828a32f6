package io.earshot.backend.hook;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.backend.hook.Breaker.State;
import io.earshot.backend.hook.Breaker.Turn;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When a back end that is away is not asked, with virtual time. */
final class BreakerTest {
  private long now = Long.MAX_VALUE - 5; // the clock may overflow
  private final Breaker breaker = new Breaker(() -> now);

  private void open() {
    for (int i = 1; i < Breaker.FAILURES; i++) {
      assertThat(breaker.turn()).isEqualTo(Turn.USUAL);
      assertThat(breaker.failed(Turn.USUAL)).isZero();
    }
    assertThat(breaker.failed(Turn.USUAL)).isEqualTo(Breaker.FIRST_PAUSE);
  }

  private void advance(long seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
  }

  @Test
  void failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
    for (int i = 0; i < 20; i++) {
      assertThat(breaker.failed(breaker.turn())).isZero();
      if (i % 4 == 3) {
        breaker.answered();
      }
    }
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.waitMillis()).isZero();
    open();
    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.turn()).isEqualTo(Turn.NONE);
    assertThat(breaker.waitMillis()).isEqualTo(1000);
  }

  @Test
  void after_each_pause_one_request_tries_and_its_failure_doubles_the_pause() {
    open();
    for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
      assertThat(breaker.turn()).isEqualTo(Turn.NONE);
      assertThat(breaker.waitMillis()).isEqualTo(1000L * seconds);
      advance(seconds);
      assertThat(breaker.turn()).isEqualTo(Turn.TRIAL);
      assertThat(breaker.state()).isEqualTo(State.TRYING);
      assertThat(breaker.turn()).as("another one meanwhile").isEqualTo(Turn.NONE);
      assertThat(breaker.failed(Turn.TRIAL))
          .isEqualTo(TimeUnit.SECONDS.toNanos(Math.min(2L * seconds, 30)));
    }
  }

  @Test
  void an_answer_closes_it_and_the_next_pause_is_the_first_again() {
    open();
    advance(1);
    assertThat(breaker.failed(breaker.turn())).isEqualTo(2 * Breaker.FIRST_PAUSE);
    advance(2);
    assertThat(breaker.turn()).isEqualTo(Turn.TRIAL);
    breaker.answered();
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.turn()).isEqualTo(Turn.USUAL);
    open();
  }

  @Test
  void requests_that_were_under_way_when_it_opened_neither_prolong_nor_disturb_it() {
    open();
    assertThat(breaker.failed(Turn.USUAL)).isZero();
    advance(1);
    assertThat(breaker.turn()).isEqualTo(Turn.TRIAL);
    assertThat(breaker.failed(Turn.USUAL)).isZero();
    assertThat(breaker.turn()).as("the trial is still under way").isEqualTo(Turn.NONE);
    breaker.answered(); // by an older request
    assertThat(breaker.failed(Turn.TRIAL)).as("the first failure since then").isZero();
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void a_trial_that_its_client_gives_up_lets_another_try() {
    open();
    advance(1);
    assertThat(breaker.turn()).isEqualTo(Turn.TRIAL);
    breaker.gaveUp(Turn.USUAL);
    assertThat(breaker.turn()).isEqualTo(Turn.NONE);
    breaker.gaveUp(Turn.TRIAL);
    assertThat(breaker.turn()).isEqualTo(Turn.TRIAL);
  }
}
