package io.earshot.redis.say;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class FeedKeysTest {
  private final FeedKeys keys = new FeedKeys(List.of("0", "1"), 100);

  @Test
  void one_redis_takes_messages_also_while_it_is_away() {
    assertThat(keys.in(false)).isSameAs(keys);
    assertThat(keys.takeMessages(null)).isTrue();
  }

  @Test
  void a_redis_cluster_takes_none_also_while_it_is_away() {
    assertThat(keys.in(true)).isNull();
    assertThat(keys.takeMessages(null)).isFalse();
  }
}
