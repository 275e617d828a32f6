package io.earshot.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The rate limit that all of a server uses. */
class PaceTest {
  private final Pace pace = new Pace(100, 3);
  private final AtomicLong bucket = new AtomicLong();

  private long take(long now) {
    return pace.take(bucket, now, 1);
  }

  @Test
  void a_bucket_gives_a_burst_at_once_and_then_one_at_a_time() {
    assertThat(List.of(take(5), take(5), take(5), take(5))).containsExactly(0L, 0L, 0L, 10L);
    assertThat(take(14)).isEqualTo(1);
    assertThat(take(15)).isZero();
    assertThat(take(15)).isEqualTo(10);
    assertThat(List.of(take(1000), take(1000), take(1000), take(1000)))
        .containsExactly(0L, 0L, 0L, 10L);
  }

  @Test
  void a_bucket_without_a_limit_always_gives() {
    var none = new Pace(0, 0);
    assertThat(none.take(bucket, 5, 1)).isZero();
    assertThat(bucket).hasValue(0);
  }
}
