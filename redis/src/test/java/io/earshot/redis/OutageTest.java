package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.BrokerPeer;
import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Redis goes, comes back, refuses, or takes its time. */
@Timeout(60)
final class OutageTest {
  private static final String ROOM = "room";
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Pattern RECEIVED = Pattern.compile("total_connections_received:(\\d+)");

  private final List<BrokerPeer> peers = new ArrayList<>();
  private final Warnings warnings = new Warnings();

  @AfterEach
  void end() {
    warnings.close();
    peers.forEach(BrokerPeer::close);
  }

  private BrokerPeer begin(Config config) {
    var peer = new BrokerPeer("peer-" + peers.size(), Brokers.at(config));
    peers.add(peer);
    return peer.start();
  }

  private BrokerPeer peer(String url) {
    BrokerPeer peer = begin(Brokers.config(url));
    peer.awaitConnected(1);
    return peer;
  }

  @ParameterizedTest
  @ValueSource(strings = {"pubsub", "normal"})
  void who_loses_a_connection_is_back_soon_and_nothing_is_told_twice(String type) throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.open(ROOM);
      var posts = new ArrayList<Post>();
      var places = new ArrayList<Cursor>();
      long killed = 0;
      for (int i = 0; i < 300; i++) {
        Post post = a.post(String.valueOf(i));
        posts.add(post);
        if (i == 100) {
          redis.command("CLIENT", "KILL", "TYPE", type);
          killed = System.nanoTime();
        }
        places.add(sayUntilTold(a, post));
      }
      a.awaitConnected(2);
      assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(3));
      var stretch = a.open(ROOM);
      assertThat(stretch.posts().stream().map(Broker.Placed::post)).isEqualTo(posts);
      assertThat(stretch.posts().stream().map(Broker.Placed::place)).isEqualTo(places);
      a.say(ROOM, "heard again");
      a.awaitHeard(ROOM, "heard again");
    }
  }

  @Test
  void a_connection_that_is_lost_again_and_again_is_not_said_each_time() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      for (int i = 2; i < 12; i++) {
        redis.command("CLIENT", "KILL", "TYPE", "pubsub");
        a.awaitConnected(i);
      }
      // There are a few ways to find out.
      assertThat(warnings.messages()).hasSizeBetween(1, 4);
      assertThat(warnings.news()).hasSizeLessThanOrEqualTo(1 + warnings.messages().size());
    }
  }

  /** As a client would that says something again under its messageId. */
  private static Cursor sayUntilTold(BrokerPeer peer, Post post) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return peer.say(ROOM, post);
      } catch (BrokerException e) {
        assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(end);
        LockSupport.parkNanos(5_000_000);
      }
    }
  }

  @Test
  void a_redis_that_comes_back_empty_begins_the_order_anew() throws Exception {
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
      assertThat(warnings.messages()).hasSizeLessThanOrEqualTo(3);
    }
  }

  @Test
  void a_redis_that_does_not_answer_is_not_waited_for() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.open(ROOM);
      redis.pause();
      long start = System.nanoTime();
      assertThatThrownBy(() -> a.say(ROOM, "x"))
          .isInstanceOfSatisfying(BrokerException.class, e -> assertThat(e.maybeDone()).isTrue());
      a.awaitDisconnected(1);
      assertThatThrownBy(() -> a.open("other"))
          .isInstanceOfSatisfying(BrokerException.class, e -> assertThat(e.maybeDone()).isFalse());
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
      redis.unpause();
      a.awaitConnected(2);
      a.say(ROOM, "y");
    }
  }

  @Test
  void a_redis_without_memory_refuses_what_is_new_and_keeps_who_is_there() throws Exception {
    try (var redis = new RedisServer("--maxmemory-policy", "noeviction")) {
      BrokerPeer a = peer(redis.url());
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
      // Leases are renewed all the same, so that nobody is taken for dead.
      String alive = alive(redis);
      await("a lease that is renewed", () -> !alive(redis).equals(alive));
      redis.command("CONFIG", "SET", "maxmemory", "0");
      a.say(ROOM, "after");
      assertThat(a.awaitHeard(ROOM, "after")).containsExactly("hi x", "before", "after");
      assertThat(a.enter("unheard of", "x").isAnnounced()).isTrue();
      // So that who looks for what a dead server leaves finds it, though the first try failed.
      assertThat(redis.command("SMEMBERS", "earshot:{peers}:rooms:" + a.name() + ".0"))
          .asInstanceOf(InstanceOfAssertFactories.LIST)
          .contains("unheard of");
      assertThat(a.connections()).isEqualTo(1);
      assertThat(warnings.messages()).singleElement().asString().contains("OOM", "maxmemory");
    }
  }

  private static String alive(RedisServer redis) {
    try {
      return String.valueOf(
          redis.command("ZRANGE", "earshot:{peers}:alive", "0", "-1", "WITHSCORES"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited in vain for " + what).isLessThan(end);
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  void a_wrong_password_is_said_once_and_tried_with_patience() throws Exception {
    try (var redis = new RedisServer("--requirepass", "right")) {
      BrokerPeer a = begin(Brokers.config("redis://:wrong@127.0.0.1:" + redis.port()));
      assertRefused(a, redis, "WRONGPASS", "the password in redis.url is wrong");
      redis.command("CONFIG", "SET", "requirepass", "wrong");
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  @Test
  void a_missing_password_is_said_once_and_tried_with_patience() throws Exception {
    try (var redis = new RedisServer("--requirepass", "right")) {
      BrokerPeer a = begin(Brokers.config(redis.url()));
      assertRefused(a, redis, "NOAUTH", "redis://:PASSWORD@HOST:PORT");
      redis.command("CONFIG", "SET", "requirepass", "");
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  @Test
  void a_replica_is_no_place_to_meet() throws Exception {
    // Of nobody, which is all that it takes to be one.
    try (var redis = new RedisServer("--replicaof", "127.0.0.1", "1")) {
      BrokerPeer a = begin(Brokers.config(redis.url()));
      assertRefused(a, redis, "the server is a replica", "its sentinels");
      redis.command("REPLICAOF", "NO", "ONE");
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  @Test
  void a_redis_of_the_past_is_no_place_to_meet() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      Object info = redis.command("INFO", "server");
      Matcher version = Pattern.compile("redis_version:\\d").matcher(String.valueOf(info));
      assertThat(version.find()).isTrue();
      link.rewrite(Link.replace(version.group(), "redis_version:5"));
      BrokerPeer a = begin(Brokers.config(link.url()));
      assertRefused(a, redis, "Redis 5.", "is too old", "6.2 or newer");
      link.rewrite(bytes -> bytes);
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  private void assertRefused(BrokerPeer peer, RedisServer redis, String... words)
      throws IOException {
    long start = System.nanoTime();
    try (RespClient client = redis.client(PATIENCE)) {
      long before = received(client);
      await("five more connections", () -> received(client) >= before + 5);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .as("five more connections")
        .isGreaterThan(Duration.ofMillis(500));
    assertThatThrownBy(() -> peer.say(ROOM, "x"))
        .isInstanceOfSatisfying(
            BrokerException.class,
            e -> {
              assertThat(e).hasMessageContaining("cannot be reached");
              assertThat(e.maybeDone()).isFalse();
            });
    assertThat(peer.connections()).isZero();
    assertThat(warnings.messages()).singleElement().asString().contains(words);
  }

  private static long received(RespClient client) {
    try {
      Matcher received = RECEIVED.matcher(String.valueOf(client.call("INFO", "stats")));
      assertThat(received.find()).isTrue();
      return Long.parseLong(received.group(1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void nobody_there_is_said_once() throws Exception {
    int port = Ports.free();
    BrokerPeer a = begin(Brokers.config("redis://127.0.0.1:" + port));
    await("a warning", () -> !warnings.messages().isEmpty());
    assertThatThrownBy(() -> a.say(ROOM, "x")).isInstanceOf(BrokerException.class);
    a.close();
    assertThat(warnings.messages())
        .singleElement()
        .asString()
        .contains("127.0.0.1:" + port, "Connection refused");
  }

  @Test
  void scripts_that_redis_forgot_do_no_harm() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.open(ROOM);
      a.enter(ROOM, "x");
      redis.command("SCRIPT", "FLUSH");
      a.say(ROOM, "1");
      redis.command("SCRIPT", "FLUSH");
      a.leave(ROOM, "x");
      redis.command("SCRIPT", "FLUSH");
      assertThat(BrokerPeer.texts(a.open(ROOM).posts())).containsExactly("hi x", "1", "bye x");
      // Many at once. One that was overtaken while its script was sent anew is refused, and not
      // taken for a repeated one.
      redis.command("SCRIPT", "FLUSH");
      var places = new ArrayList<CompletionStage<?>>();
      for (int i = 0; i < 50; i++) {
        places.add(a.broker().publish("many", a.post("" + i), a.terms("many"), null, 0, false));
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
  void a_long_way_to_redis_is_no_hindrance() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      link.delay(Duration.ofMillis(200));
      Config patient = Brokers.config(link.url()).with("redis.timeout", "2s");
      BrokerPeer a = begin(patient.with("redis.lease", "4s"));
      a.awaitConnected(1);
      BrokerPeer b = peer(redis.url());
      a.open(ROOM);
      b.open(ROOM);
      a.enter(ROOM, "x");
      var places = new ArrayList<CompletionStage<?>>();
      for (int i = 0; i < 100; i++) {
        places.add(a.broker().publish(ROOM, a.post("" + i), a.terms(ROOM), null, 0, false));
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
