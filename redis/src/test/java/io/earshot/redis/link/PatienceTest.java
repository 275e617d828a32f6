package io.earshot.redis.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

/** Waits with a bound. */
final class PatienceTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  @Test
  void a_pause_of_the_process_does_not_end_a_wait() throws Exception {
    var waits = new ArrayList<Long>();
    // The first wait ends late, and the answer is read only afterwards.
    boolean happened =
        Patience.await(
            nanos -> {
              waits.add(nanos);
              return waits.size() == 2;
            },
            TIMEOUT);
    assertThat(happened).isTrue();
    assertThat(waits).allMatch(each -> each < TIMEOUT.toNanos() / 2);
  }

  @Test
  void a_wait_has_a_bound() throws Exception {
    var waits = new ArrayList<Long>();
    assertThat(Patience.await(nanos -> !waits.add(nanos), TIMEOUT)).isFalse();
    assertThat(waits.stream().mapToLong(Long::longValue).sum()).isEqualTo(TIMEOUT.toNanos());
  }
}
