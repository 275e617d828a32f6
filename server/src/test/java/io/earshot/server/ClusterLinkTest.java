package io.earshot.server;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The network between servers and Redis fails while clients of two servers speak in a room. */
class ClusterLinkTest extends ClusterFixture {
  @Test
  void a_slow_link_to_redis_delays_messages_only() throws Exception {
    Load load = load("far", a, b);
    a.link().delay(Duration.ofMillis(100));
    b.link().delay(Duration.ofMillis(100));
    double slow = load.heal();
    load.hold(Duration.ofSeconds(1), () -> {});
    load.judge("links delayed 100 ms each way", slow).isWhole().isAnswered().isHealedWithin(2);
    Load again = load("far again", a, b);
    redis.command("CLIENT", "KILL", "TYPE", "normal");
    redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    again
        .judge("connections killed, links delayed 100 ms each way")
        .isWhole()
        .isAnswered()
        .isHealedWithin(10);
  }

  @Test
  void a_cut_link_loses_no_confirmed_message() throws Exception {
    Load load = load("cut", a, b);
    b.link().cut();
    load.hold(Duration.ofSeconds(3), b.link()::restore);
    load.judge("one link cut 3 s").isWhole().isAnswered().isHealedWithin(5);
  }

  @Test
  void a_black_hole_that_outlasts_the_lease_is_detected() throws Exception {
    Load load = load("hole", a, b);
    List<RoomClient> there = load.at(b);
    b.link().blackHole();
    load.hold(Duration.ofSeconds(4), b.link()::restore);
    load.judge("one link a black hole 4 s").isWhole().isAnswered().isHealedWithin(5);
    assertLeftAndEnteredOnce(load.listener(a), there);
  }

  @Test
  void flapping_links_lose_no_confirmed_message() throws Exception {
    Load load = load("flap", a, b);
    for (int i = 0; i < 8; i++) {
      load.hold(Duration.ofMillis(300), () -> {});
      a.link().cut();
      b.link().cut();
      load.hold(
          Duration.ofMillis(300),
          () -> {
            a.link().restore();
            b.link().restore();
          });
    }
    load.judge("links cut every 300 ms for 5 s").isWhole().isAnswered().isHealedWithin(5);
  }
}
