package io.earshot.netty.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.AddressRange;
import io.earshot.Config;
import io.earshot.spi.Refusals;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The limits of addresses, with a clock that the test moves. */
final class AddressLimitsTest {
  private static final InetAddress SOME = address("192.0.2.1");

  private Instant now = Instant.ofEpochMilli(1_357_000_000_000L);

  private AddressLimits limits(Object... settings) {
    Config config = Config.defaults();
    for (int i = 0; i < settings.length; i += 2) {
      config = config.with((String) settings[i], settings[i + 1]);
    }
    return new AddressLimits(config, () -> now.toEpochMilli(), new Refusals());
  }

  private static InetAddress address(String text) {
    return AddressRange.address(text);
  }

  @Test
  void an_address_may_have_as_many_connections_as_the_setting_says() {
    AddressLimits limits = limits("limits.connectionsPerAddress", 3);
    for (int i = 0; i < 3; i++) {
      assertThat(limits.enters(SOME)).isTrue();
    }
    assertThat(limits.enters(SOME)).isFalse();
    assertThat(limits.enters(address("192.0.2.2"))).isTrue();
    limits.leave(SOME);
    assertThat(limits.enters(SOME)).isTrue();
    assertThat(limits.enters(SOME)).isFalse();
  }

  @Test
  void an_ipv6_address_counts_by_its_first_64_bits_and_never_as_an_ipv4_address() {
    AddressLimits limits = limits("limits.connectionsPerAddress", 1);
    assertThat(limits.enters(address("2001:db8:0:1::1"))).isTrue();
    assertThat(limits.enters(address("2001:db8:0:1:ffff:ffff:ffff:ffff"))).isFalse();
    assertThat(limits.enters(address("2001:db8:0:2::1"))).isTrue();
    assertThat(limits.enters(address("c000:201::1"))).isTrue();
    assertThat(limits.enters(SOME)).isTrue();
    assertThat(limits.enters(address("::ffff:192.0.2.1"))).isFalse();
  }

  @Test
  void exempt_addresses_and_proxies_are_not_counted() {
    AddressLimits limits =
        limits(
            "limits.connectionsPerAddress", 1,
            "limits.requestsPerSecond", 1,
            "httpServer.trustedProxies", "10.0.0.0/8");
    for (String exempt : List.of("127.0.0.1", "127.8.9.10", "::1", "10.1.2.3")) {
      for (int i = 0; i < 5; i++) {
        assertThat(limits.enters(address(exempt))).isTrue();
        assertThat(limits.asks(address(exempt))).isZero();
      }
      limits.leave(address(exempt));
    }
    assertThat(limits.size()).isZero();
  }

  @Test
  void nothing_is_counted_without_a_limit() {
    AddressLimits limits = limits("limits.connectionsPerAddress", 0, "limits.requestsPerSecond", 0);
    for (int i = 0; i < 5_000; i++) {
      assertThat(limits.enters(SOME)).isTrue();
      assertThat(limits.asks(SOME)).isZero();
    }
    assertThat(limits.size()).isZero();
  }

  @Test
  void requests_are_limited_to_a_rate_and_to_twice_as_many_at_once() {
    AddressLimits limits = limits("limits.requestsPerSecond", 10);
    for (int i = 0; i < 20; i++) {
      assertThat(limits.asks(SOME)).isZero();
    }
    assertThat(limits.asks(SOME)).isEqualTo(100);
    assertThat(limits.asks(address("192.0.2.2"))).isZero();
    now = now.plusMillis(100);
    assertThat(limits.asks(SOME)).isZero();
    assertThat(limits.asks(SOME)).isEqualTo(100);
    assertThat(limits.size()).isEqualTo(2);
    now = now.plus(Duration.ofSeconds(2)).minusMillis(1);
    limits.forget();
    assertThat(limits.size()).isEqualTo(1);
    now = now.plusMillis(1);
    limits.forget();
    assertThat(limits.size()).isZero();
  }

  @Test
  void ten_thousand_connections_that_come_and_leave_at_once_leave_nothing()
      throws InterruptedException {
    AddressLimits limits = limits("limits.connectionsPerAddress", 7);
    var there = new AtomicInteger();
    var most = new AtomicInteger();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 8; i++) {
      threads.add(Thread.ofPlatform().start(() -> comeAndGo(limits, there, most)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(limits.size()).isZero();
    assertThat(most.get()).isBetween(3, 7);
  }

  /** Keeps up to a few connections of one address, and of many others, for a while. */
  private static void comeAndGo(AddressLimits limits, AtomicInteger there, AtomicInteger most) {
    for (int i = 0; i < 1_250; i++) {
      InetAddress other = address("192.0.2." + ThreadLocalRandom.current().nextInt(2, 200));
      boolean isIn = limits.enters(other);
      int in = 0;
      for (int k = 0; k < 3; k++) {
        if (limits.enters(SOME)) {
          in++;
          most.accumulateAndGet(there.incrementAndGet(), Math::max);
        }
      }
      there.addAndGet(-in);
      for (; in > 0; in--) {
        limits.leave(SOME);
      }
      if (isIn) {
        limits.leave(other);
      }
    }
  }
}
