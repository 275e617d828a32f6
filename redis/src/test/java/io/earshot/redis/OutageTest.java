package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerException;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Redis is lost, comes back, has no memory, or is slow. */
@Timeout(60)
final class OutageTest extends PeersTestCase {
  private static final String ROOM = "room";

  private BrokerPeer peer(String url) {
    BrokerPeer peer = begin(Brokers.config(url));
    peer.awaitConnected(1);
    return peer;
  }

  /** A server that keeps its connections when this machine or Redis is slow. */
  private BrokerPeer patientPeer(String url) {
    Config patient = Brokers.config(url).with("redis.timeout", "5s").with("redis.lease", "10s");
    BrokerPeer peer = begin(patient);
    peer.awaitConnected(1);
    return peer;
  }

  @ParameterizedTest
  @ValueSource(strings = {"pubsub", "normal"})
  void a_server_that_loses_a_connection_reconnects_and_no_message_is_delivered_twice(String type)
      throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.open(ROOM);
      var posts = new ArrayList<Post>();
      var places = new ArrayList<Cursor>();
      for (int i = 0; i < 300; i++) {
        Post post = a.post(String.valueOf(i));
        posts.add(post);
        if (i == 100) {
          redis.command("CLIENT", "KILL", "TYPE", type);
        }
        places.add(sayUntilStored(a, post));
      }
      a.awaitConnected(2);
      var stretch = a.open(ROOM);
      assertThat(stretch.posts().stream().map(Broker.Placed::post)).isEqualTo(posts);
      assertThat(stretch.posts().stream().map(Broker.Placed::place)).isEqualTo(places);
      a.say(ROOM, "heard again");
      a.awaitHeard(ROOM, "heard again");
    }
  }

  @Test
  void repeated_connection_losses_are_not_logged_each_time() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      for (int i = 2; i < 12; i++) {
        redis.command("CLIENT", "KILL", "TYPE", "pubsub");
        a.awaitConnected(i);
      }
      // There are a few ways to notice a loss, and each is logged once.
      assertThat(warnings.messages()).isNotEmpty().doesNotHaveDuplicates().hasSizeLessThan(10);
      assertThat(warnings.news()).hasSizeLessThanOrEqualTo(1 + warnings.messages().size());
    }
  }

  /** Repeats a message under its number until it is stored, as a client does with a messageId. */
  private static Cursor sayUntilStored(BrokerPeer peer, Post post) {
    var place = new AtomicReference<Cursor>();
    Await.until(
        "the message is stored",
        () -> {
          try {
            place.set(peer.say(ROOM, post));
            return true;
          } catch (BrokerException e) {
            return false;
          }
        });
    return Objects.requireNonNull(place.get());
  }

  @Test
  void a_redis_that_comes_back_empty_starts_a_new_epoch() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.enter(ROOM, "x");
      Cursor before = a.say(ROOM, "before");
      redis.kill();
      a.awaitDisconnected(1);
      assertThatThrownBy(() -> a.say(ROOM, "away")).isInstanceOf(BrokerException.class);
      redis.start();
      a.awaitConnected(2);
      var stretch = a.open(ROOM, before, null, 100);
      assertThat(Objects.requireNonNull(stretch.end()).epoch()).isNotEqualTo(before.epoch());
      assertThat(stretch.posts()).isEmpty();
      assertThat(a.members(ROOM)).isEmpty();
      assertThat(a.enter(ROOM, "x").isAnnounced()).isTrue();
      assertThat(a.awaitHeard(ROOM, "hi x")).containsExactly("hi x");
      assertThat(warnings.messages()).doesNotHaveDuplicates();
    }
  }

  @Test
  void requests_to_a_redis_that_does_not_answer_fail_within_the_timeout() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.open(ROOM);
      redis.pause();
      assertThatThrownBy(() -> a.say(ROOM, "x"))
          .isInstanceOfSatisfying(BrokerException.class, e -> assertThat(e.maybeDone()).isTrue());
      a.awaitDisconnected(1);
      assertThatThrownBy(() -> a.open("other"))
          .isInstanceOfSatisfying(BrokerException.class, e -> assertThat(e.maybeDone()).isFalse());
      redis.unpause();
      a.awaitConnected(2);
      a.say(ROOM, "y");
    }
  }

  @Test
  void a_redis_without_memory_refuses_messages_and_keeps_members() throws Exception {
    try (var redis = new RedisServer("--maxmemory-policy", "noeviction")) {
      BrokerPeer a = patientPeer(redis.url());
      a.open(ROOM);
      a.enter(ROOM, "x");
      Cursor place = a.say(ROOM, "before");
      redis.command("CONFIG", "SET", "maxmemory", "1");
      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(() -> a.say(ROOM, "too much"))
            .isInstanceOfSatisfying(
                BrokerException.class,
                e -> {
                  assertThat(e).hasMessageContaining("memory is full");
                  assertThat(e.maybeDone()).isFalse();
                });
      }
      assertThatThrownBy(() -> a.enter("unheard of", "x")).isInstanceOf(BrokerException.class);
      assertThat(a.open(ROOM).end()).isEqualTo(place);
      // Leases are renewed all the same, so no server is declared dead.
      String alive = alive(redis);
      Await.until("a lease that is renewed", () -> !alive(redis).equals(alive));
      redis.command("CONFIG", "SET", "maxmemory", "0");
      a.say(ROOM, "after");
      assertThat(a.awaitHeard(ROOM, "after")).containsExactly("hi x", "before", "after");
      assertThat(a.enter("unheard of", "x").isAnnounced()).isTrue();
      // The room is in the index although the first attempt failed.
      assertThat(redis.command("SMEMBERS", "earshot:{peers}:rooms:" + a.name() + ".0"))
          .asInstanceOf(InstanceOfAssertFactories.LIST)
          .contains("unheard of");
      assertThat(a.connections()).isEqualTo(1);
      assertThat(warnings.messages()).singleElement().asString().contains("OOM", "maxmemory");
    }
  }

  private static String alive(RedisServer redis) throws IOException {
    return String.valueOf(
        redis.command("ZRANGE", "earshot:{peers}:alive", "0", "-1", "WITHSCORES"));
  }

  @Test
  void scripts_that_redis_has_lost_are_sent_again() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = patientPeer(redis.url());
      a.open(ROOM);
      a.enter(ROOM, "x");
      redis.command("SCRIPT", "FLUSH");
      a.say(ROOM, "1");
      redis.command("SCRIPT", "FLUSH");
      a.leave(ROOM, "x");
      redis.command("SCRIPT", "FLUSH");
      assertThat(BrokerPeer.texts(a.open(ROOM).posts())).containsExactly("hi x", "1", "bye x");
      // Many at once. A message that another overtook while its script was sent again is refused,
      // and not mistaken for a repeated one.
      redis.command("SCRIPT", "FLUSH");
      var places = new ArrayList<CompletionStage<?>>();
      for (int i = 0; i < 50; i++) {
        places.add(a.broker().publish("many", a.post("" + i), a.terms("many"), null, 0));
      }
      long placed = places.stream().filter(OutageTest::isPlaced).count();
      assertThat(placed).isPositive();
      assertThat(a.open("many").posts()).hasSize((int) placed);
      assertThat(a.connections()).isEqualTo(1);
      assertThat(warnings.messages()).isEmpty();
    }
  }

  private static boolean isPlaced(CompletionStage<?> publishing) {
    try {
      BrokerPeer.get(publishing);
      return true;
    } catch (BrokerException e) {
      assertThat(e).hasMessageContaining("a later message");
      assertThat(e.maybeDone()).isFalse();
      return false;
    }
  }

  @Test
  void a_slow_link_to_redis_delays_messages_only() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      link.delay(Duration.ofMillis(200));
      BrokerPeer a = patientPeer(link.url());
      BrokerPeer b = peer(redis.url());
      a.open(ROOM);
      b.open(ROOM);
      a.enter(ROOM, "x");
      var places = new ArrayList<CompletionStage<?>>();
      for (int i = 0; i < 100; i++) {
        places.add(a.broker().publish(ROOM, a.post("" + i), a.terms(ROOM), null, 0));
      }
      places.forEach(BrokerPeer::get);
      a.awaitTold(ROOM, 101);
      assertThat(a.heard(ROOM)).isEqualTo(b.heard(ROOM)).hasSize(101);
      assertThat(a.connections()).isEqualTo(1);
    }
  }

  @Test
  void a_failover_of_sentinels_keeps_the_order() throws Exception {
    try (var sentinels = new Sentinels()) {
      BrokerPeer a = peer(sentinels.url());
      BrokerPeer b = peer(sentinels.url());
      a.open(ROOM);
      a.enter(ROOM, "x");
      Cursor before = a.say(ROOM, "before");
      sentinels.awaitReplica();
      sentinels.failover();
      a.awaitConnected(2);
      b.awaitConnected(2);
      assertThat(a.open(ROOM, before, null, 100).end()).isEqualTo(before);
      b.open(ROOM, before, null, 100);
      Cursor after = a.say(ROOM, "after");
      assertThat(after).isEqualTo(new Cursor(before.epoch(), before.offset() + 1));
      assertThat(b.awaitHeard(ROOM, "after")).containsExactly("after");
    }
  }
}
