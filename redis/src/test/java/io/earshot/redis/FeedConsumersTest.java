package io.earshot.redis;

import static io.earshot.redis.FeedReader.add;
import static io.earshot.redis.FeedReader.adding;
import static io.earshot.redis.FeedReader.feed;
import static io.earshot.redis.FeedReader.publish;
import static io.earshot.redis.FeedReader.room;
import static io.earshot.redis.FeedReader.say;
import static io.earshot.redis.FeedReader.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.spi.SharedFeed.Turn;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is served by which server, from where on, and what is dropped. */
@Timeout(60)
final class FeedConsumersTest extends FeedTestCase {
  // --- leases ----------------------------------------------------------------------------------

  @Test
  void one_server_at_a_time_serves_a_part_and_another_takes_over_when_its_lease_ends()
      throws Exception {
    Config config = config().with("redis.lease", "60s");
    BrokerPeer a = peer(config);
    BrokerPeer b = peer(config);
    var first = new FeedReader(a, "hook");
    var second = new FeedReader(b, "hook");
    assertThat(first.renew(0).isOurs()).isTrue();
    assertThat(second.renew(1).isOurs()).isTrue();
    for (int i = 1; i <= 4; i++) {
      add(b, 0, "event " + i);
    }
    Turn turn = first.next(0, null, 10);
    String end = turn.entries().getLast().position();
    assertThat(second.next(0, end, 10)).isEqualTo(new Turn(false, List.of(), 4, 0));
    assertThat(first.next(0, turn.entries().get(0).position(), 0).waiting()).isEqualTo(3);

    // A position counts only from the server that has the lease already.
    String[] value = consumer("hook", 0);
    value[3] = String.valueOf(System.currentTimeMillis() - 1);
    setConsumer("hook", 0, value);
    assertThat(second.next(0, end, 0).isOurs()).isTrue();
    assertThat(texts(second.next(0, null, 2).entries())).containsExactly("event 2", "event 3");
    // What the first server has dealt with meanwhile does not count.
    Turn late = first.next(0, turn.entries().get(2).position(), 10);
    assertThat(late.isOurs()).isFalse();
    assertThat(late.entries()).isEmpty();
    assertThat(texts(second.next(0, null, 1).entries())).containsExactly("event 2");
    String dealt = turn.entries().get(2).position();
    assertThat(texts(second.next(0, dealt, 9).entries())).containsExactly("event 4");

    feed(b).release("hook", 0);
    Await.until("the lease to be released", () -> first.renew(0).isOurs());
    // The position of the other server stays.
    first.next(0, turn.entries().get(1).position(), 0);
    assertThat(texts(first.next(0, null, 9).entries())).containsExactly("event 4");
    assertThat(second.renew(0).isOurs()).isFalse();
    feed(b).release("hook", 0); // not its own any more
    assertThat(second.renew(0).isOurs()).isFalse();
  }

  @Test
  void a_lease_that_is_renewed_ends_later() throws Exception {
    Config config = config().with("redis.lease", "60s");
    var first = new FeedReader(peer(config), "hook");
    var second = new FeedReader(peer(config), "hook");
    first.renew(0);
    long end = leaseEnd();
    Await.until(
        "a later end",
        () -> {
          assertThat(first.renew(0).isOurs()).isTrue();
          assertThat(second.renew(0).isOurs()).isFalse();
          return leaseEnd() > end;
        });
  }

  private long leaseEnd() throws IOException {
    return Long.parseLong(consumer("hook", 0)[3]);
  }

  @Test
  void a_lease_ends_by_itself_also_one_of_the_future() throws Exception {
    Config config = config().with("redis.lease", "1s").with("redis.timeout", "500ms");
    var first = new FeedReader(peer(config), "hook");
    var second = new FeedReader(peer(config), "hook");
    first.renew(0);
    // As if the clock of Redis had been set back by a day.
    String[] value = consumer("hook", 0);
    value[2] = String.valueOf(Long.parseLong(value[2]) + 86_400_000);
    value[3] = String.valueOf(Long.parseLong(value[3]) + 86_400_000);
    setConsumer("hook", 0, value);
    Await.until("the lease to end", () -> second.renew(0).isOurs());
  }

  private String[] consumer(String name, int part) throws IOException {
    return String.valueOf(redis().command("HGET", stream(part) + ":state", "c:" + name)).split(" ");
  }

  private void setConsumer(String name, int part, String[] value) throws IOException {
    var _ = redis().command("HSET", stream(part) + ":state", "c:" + name, String.join(" ", value));
  }

  // --- consumers -------------------------------------------------------------------------------

  @Test
  void each_consumer_has_a_position_of_its_own_and_a_new_one_begins_at_the_end() throws Exception {
    BrokerPeer a = peer();
    var hook = new FeedReader(a, "hook");
    var store = new FeedReader(a, "store");
    // The first of all: nothing is added without a consumer.
    for (int i = 0; i < 500; i++) {
      add(a, 0, "early " + i);
    }
    assertThat(hook.renew(0).waiting()).isEqualTo(500);
    assertThat(store.renew(0).waiting()).isZero();
    add(a, 0, "late");
    assertThat(hook.takeAll(0, 100)).hasSize(501);
    assertThat(store.next(0, null, 10).entries()).hasSize(1);
    // Those that both have dealt with are removed, in groups of 100.
    assertThat((Long) redis().command("XLEN", stream(0))).isBetween(1L, 101L);
    store.takeAll(0, 10);
    add(a, 0, "last");
    assertThat(store.takeAll(0, 10)).containsExactly("last");
    assertThat(hook.takeAll(0, 10)).containsExactly("last");
  }

  @Test
  void a_consumer_that_nobody_has_asked_for_in_a_week_keeps_nothing() throws Exception {
    BrokerPeer a = peer();
    var hook = new FeedReader(a, "hook");
    var gone = new FeedReader(a, "gone");
    var recent = new FeedReader(a, "recent");
    List.of(hook, gone, recent).forEach(each -> each.renew(0));
    for (int i = 0; i < 300; i++) {
      add(a, 0, "event " + i);
    }
    recent.takeAll(0, 300);
    assertThat(hook.takeAll(0, 300)).hasSize(300);
    assertThat(redis().command("XLEN", stream(0))).isEqualTo(300L);
    long day = 86_400_000;
    setSeen("gone", 7 * day + 1_000);
    setSeen("recent", 6 * day);
    // The clock of Redis was set forward by eight days, or so it seems.
    setSeen("hook", 8 * day);
    hook.renew(0);
    assertThat(redis().command("XLEN", stream(0))).isEqualTo(300L);
    setSeen("hook", 61_000);
    hook.renew(0);
    assertThat((Long) redis().command("XLEN", stream(0))).isBetween(0L, 100L);
    assertThat(redis().command("HEXISTS", stream(0) + ":state", "c:gone")).isEqualTo(0L);
    assertThat(redis().command("HEXISTS", stream(0) + ":state", "c:recent")).isEqualTo(1L);
    // What nobody asks for at all is forgotten by Redis.
    long twoWeeks = 14 * day;
    for (String key : List.of(stream(0), stream(0) + ":state")) {
      assertThat((Long) redis().command("PTTL", key)).isBetween(twoWeeks - day, twoWeeks);
    }
  }

  private void setSeen(String consumer, long ago) throws IOException {
    String[] value = consumer(consumer, 0);
    value[2] = String.valueOf(System.currentTimeMillis() - ago);
    setConsumer(consumer, 0, value);
  }

  // --- bounds ----------------------------------------------------------------------------------

  @Test
  void beyond_the_bound_the_oldest_are_dropped_and_counted_for_each_consumer() throws Exception {
    BrokerPeer a = peer(config().with("feed.bytes", String.valueOf(1 << 20)));
    String room = room(0);
    var behind = new FeedReader(a, "behind");
    var ahead = new FeedReader(a, "ahead");
    behind.renew(0);
    ahead.renew(0);
    String large = "x".repeat(1_000);
    int count = 600;
    int seen = 100;
    a.inTurn(
            () ->
                IntStream.range(0, seen)
                    .mapToObj(_ -> publish(a, room, a.post(large), null))
                    .toList())
        .forEach(BrokerPeer::get);
    Turn held = ahead.next(0, null, seen);
    assertThat(held.entries()).hasSize(seen);
    a.inTurn(
            () ->
                IntStream.range(seen, count)
                    .mapToObj(_ -> publish(a, room, a.post(large), null))
                    .toList())
        .forEach(BrokerPeer::get);
    // A quarter of feed.bytes for each part.
    long kept = (Long) Objects.requireNonNull(redis().command("XLEN", stream(0)));
    assertThat(kept).isBetween(180L, 240L);
    long used = (Long) Objects.requireNonNull(redis().command("MEMORY", "USAGE", stream(0)));
    assertThat(used).isLessThan(320_000);
    // While the events are dealt with, those in hand are not lost.
    Turn renewed = ahead.renew(0);
    assertThat(renewed.dropped()).isEqualTo(count - seen - kept);
    assertThat(renewed.waiting()).isEqualTo(kept + seen);
    assertThat(behind.renew(0).dropped()).isEqualTo(count - kept);

    Turn turn = ahead.next(0, held.entries().getLast().position(), 1_000);
    assertThat(turn.dropped()).isEqualTo(count - seen - kept);
    assertThat(turn.waiting()).isEqualTo(kept);
    assertThat(texts(turn.entries()).getFirst()).endsWith("@" + (count - kept + 1));
    assertThat(behind.takeAll(0, 1_000)).hasSize((int) kept);
    say(a, room, "last");
    Turn last = behind.next(0, null, 10);
    assertThat(texts(last.entries())).containsExactly("last@" + (count + 1));
    assertThat(last.dropped()).isEqualTo(count - kept);
    assertThat(last.waiting()).isEqualTo(1);
  }

  @Test
  void events_that_are_added_are_bounded_too_and_one_that_is_too_large_stays() {
    BrokerPeer a = peer(config().with("feed.bytes", String.valueOf(1 << 20)));
    var reader = new FeedReader(a, "hook");
    reader.renew(0);
    List<CompletionStage<Void>> adding =
        IntStream.range(0, 3_000).mapToObj(i -> adding(a, 0, "small " + i)).toList();
    adding.forEach(BrokerPeer::get);
    assertThat(reader.renew(0).dropped()).isZero();
    add(a, 0, "x".repeat(300_000));
    Turn turn = reader.next(0, null, 10);
    // Some of the small ones may be left: a call takes a bounded number of steps.
    int left = (int) turn.waiting();
    assertThat(left).isBetween(1, 9);
    assertThat(turn.dropped()).isEqualTo(3_001 - left);
    List<String> texts = reader.takeAll(0, 10);
    assertThat(texts).hasSize(left);
    assertThat(texts.getLast()).hasSize(300_000);
    add(a, 0, "next");
    assertThat(reader.takeAll(0, 10)).containsExactly("next");
    assertThat(reader.renew(0).dropped()).isEqualTo(3_001 - left);
  }
}
