package io.earshot.redis;

import static io.earshot.redis.FeedReader.add;
import static io.earshot.redis.FeedReader.adding;
import static io.earshot.redis.FeedReader.feed;
import static io.earshot.redis.FeedReader.room;
import static io.earshot.redis.FeedReader.say;
import static io.earshot.redis.FeedReader.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.spi.BrokerException;
import io.earshot.spi.SharedFeed.Turn;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The feed while Redis is away, after it has lost data, and in a Redis Cluster. */
@Timeout(60)
final class FeedOutageTest extends PeersTestCase {

  private BrokerPeer peer(String url) {
    BrokerPeer peer = begin(Brokers.config(url));
    peer.awaitConnected(1);
    return peer;
  }

  private static void restart(RedisServer redis, BrokerPeer peer) throws Exception {
    redis.kill();
    peer.awaitDisconnected(1);
    redis.start();
    peer.awaitConnected(2);
  }

  @Test
  void a_redis_that_comes_back_with_its_data_has_the_events() throws Exception {
    try (var redis = new RedisServer("--appendonly", "yes", "--appendfsync", "always")) {
      BrokerPeer a = peer(redis.url());
      var reader = new FeedReader(a, "hook");
      reader.renew(0);
      String room = room(0);
      IntStream.range(0, 5).forEach(i -> say(a, room, "text " + i));
      Turn turn = reader.next(0, null, 10);
      reader.next(0, turn.entries().get(1).position(), 0);
      restart(redis, a);
      IntStream.range(5, 7).forEach(i -> say(a, room, "text " + i));
      Turn after = reader.next(0, turn.entries().get(2).position(), 10);
      assertThat(texts(after.entries()))
          .containsExactly("text 3@4", "text 4@5", "text 5@6", "text 6@7");
      assertThat(after.waiting()).isEqualTo(4);
      assertThat(after.dropped()).isZero();
    }
  }

  @Test
  void after_a_redis_came_back_empty_only_what_was_lost_is_missing() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      var hook = new FeedReader(a, "hook");
      var store = new FeedReader(a, "store");
      hook.renew(0);
      store.renew(0);
      String room = room(0);
      IntStream.range(0, 5).forEach(i -> say(a, room, "lost " + i));
      Turn turn = hook.next(0, null, 10);
      restart(redis, a);
      // These come before the servers ask for the first time.
      IntStream.range(0, 5).forEach(i -> say(a, room, "text " + i));
      Turn after = hook.next(0, turn.entries().getLast().position(), 10);
      List<String> texts = List.of("text 0@1", "text 1@2", "text 2@3", "text 3@4", "text 4@5");
      assertThat(texts(after.entries())).isEqualTo(texts);
      assertThat(after.dropped()).isZero();
      assertThat(store.takeAll(0, 10)).isEqualTo(texts);
    }
  }

  @Test
  void a_position_of_before_the_loss_skips_no_later_event() throws Exception {
    // As an AOF that is written once a second: the last events and positions are lost.
    try (var redis = new RedisServer("--save", "3600 1000000")) {
      BrokerPeer a = peer(redis.url());
      var reader = new FeedReader(a, "hook");
      reader.renew(0);
      String room = room(0);
      IntStream.range(0, 4).forEach(i -> say(a, room, "saved " + i));
      Turn turn = reader.next(0, null, 10);
      reader.next(0, turn.entries().get(1).position(), 0);
      var _ = redis.command("SAVE");
      IntStream.range(0, 4).forEach(i -> say(a, room, "lost " + i));
      Turn lost = reader.next(0, turn.entries().get(3).position(), 10);
      restart(redis, a);
      IntStream.range(0, 9).forEach(i -> say(a, room, "text " + i));
      Turn after = reader.next(0, lost.entries().getLast().position(), 10);
      assertThat(texts(after.entries()).stream().map(each -> each.replaceAll("@.*", "")))
          .containsExactlyElementsOf(IntStream.range(0, 9).mapToObj(i -> "text " + i).toList());
      assertThat(after.dropped()).isZero();
    }
  }

  @Test
  void while_redis_is_away_requests_fail_and_the_events_come_afterwards() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      BrokerPeer a = peer(link.url());
      var reader = new FeedReader(a, "hook");
      reader.renew(0);
      add(a, 0, "before");
      link.cut();
      a.awaitDisconnected(1);
      assertThatThrownBy(() -> add(a, 0, "away")).isInstanceOf(BrokerException.class);
      assertThatThrownBy(() -> reader.renew(0)).isInstanceOf(BrokerException.class);
      feed(a).release("hook", 0);
      link.restore();
      a.awaitConnected(2);
      add(a, 0, "after");
      assertThat(reader.takeAll(0, 10)).containsExactly("before", "after");
    }
  }

  @Test
  void events_that_a_hanging_redis_does_not_take_are_bounded_and_fail() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      redis.pause();
      try {
        String large = "x".repeat(1 << 16);
        var adding = IntStream.range(0, 200).mapToObj(_ -> adding(a, 0, large)).toList();
        assertThatThrownBy(() -> BrokerPeer.get(adding.getLast()))
            .isInstanceOf(BrokerException.class)
            .hasMessageContaining("cannot take this now");
        assertThatThrownBy(() -> BrokerPeer.get(adding.getFirst()))
            .isInstanceOf(BrokerException.class);
        for (var each : adding) {
          assertThatThrownBy(() -> BrokerPeer.get(each)).isInstanceOf(BrokerException.class);
        }
      } finally {
        redis.unpause();
      }
      Await.until(
          "Redis to be back",
          () -> {
            try {
              add(a, 1, "after");
              return true;
            } catch (BrokerException e) {
              return false;
            }
          });
    }
  }

  @Test
  void in_a_redis_cluster_servers_add_the_events_of_messages() throws Exception {
    try (var cluster = new RedisCluster()) {
      BrokerPeer a = peer(cluster.urls().getFirst());
      BrokerPeer b = peer(cluster.urls().getLast());
      assertThat(feed(a).takesMessages()).isFalse();
      var reader = new FeedReader(a, "hook");
      for (int part = 0; part < feed(a).parts(); part++) {
        assertThat(reader.renew(part).isOurs()).isTrue();
      }
      for (int master = 0; master < 3; master++) {
        assertThat(say(b, cluster.room("room", master), "text").offset()).isEqualTo(1);
      }
      for (int part = 0; part < feed(b).parts(); part++) {
        add(b, part, "event " + part);
        assertThat(reader.takeAll(part, 10)).containsExactly("event " + part);
      }
      feed(a).release("hook", 0);
      var other = new FeedReader(b, "hook");
      Await.until("the other server to take over", () -> other.renew(0).isOurs());
    }
  }

  @Test
  void one_redis_takes_messages_with_their_events() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      assertThat(feed(a).takesMessages()).isTrue();
    }
  }
}
