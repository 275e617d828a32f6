package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.redis.Link;
import io.earshot.redis.RedisCluster;
import io.earshot.redis.RedisServer;
import io.earshot.redis.Sentinels;
import io.earshot.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Redis fails, is replaced, has forged messages, cannot be used, or is a Redis Cluster. */
class ClusterRedisTest extends ClusterFixture {
  @Test
  void messages_during_a_pause_of_redis_are_refused_or_delivered_once() throws Exception {
    Load load = load("paused", a, b);
    redis.pause();
    load.hold(Duration.ofSeconds(5), redis::unpause);
    load.judge("redis paused 5 s").isWhole().isAnswered().isHealedWithin(5);
  }

  @Test
  void a_redis_that_comes_back_empty_starts_new_epochs() throws Exception {
    Load load = loadWithoutRepeats("emptied", a, b);
    redis.kill();
    load.hold(Duration.ofMillis(500), redis::start);
    load.judge("redis killed, back empty").isInOrder().isAnswered().isHealedWithin(5);
    RoomClient observer = load.listener(a);
    assertThat(observer.members())
        .containsExactlyInAnyOrderElementsOf(
            List.of(load.at(a), load.at(b)).stream()
                .flatMap(List::stream)
                .map(RoomClient::id)
                .toList());
  }

  @Test
  void a_redis_that_keeps_its_files_loses_nothing_when_it_is_killed() throws Exception {
    RedisServer lasting = with(new RedisServer("--appendonly", "yes"));
    List<Peer> both = start(() -> Peer.at("fa", lasting.url()), () -> Peer.at("fb", lasting.url()));
    both.forEach(each -> with(each).connected());
    Load load = load("lasting", both.get(0), both.get(1));
    lasting.kill();
    load.hold(Duration.ofMillis(500), lasting::start);
    load.judge("redis killed, back with its files").isWhole().isAnswered().isHealedWithin(5);
    RoomClient observer = load.listener(both.get(0));
    assertThat(observer.received().stream().map(each -> each.place().epoch()).distinct())
        .hasSize(1);
  }

  @Test
  void a_failover_by_sentinels_keeps_the_order() throws Exception {
    Sentinels sentinels = with(new Sentinels());
    List<Peer> both =
        start(() -> Peer.at("na", sentinels.url()), () -> Peer.at("nb", sentinels.url()));
    both.forEach(each -> with(each).connected());
    Load load = loadWithoutRepeats("failover", both.get(0), both.get(1));
    sentinels.failover();
    load.judge("redis failed over by sentinels").isInOrder().isAnswered().isHealedWithin(10);
  }

  @Test
  void scripts_that_redis_has_lost_are_sent_again() throws Exception {
    Load load = load("flushed", a, b);
    for (int i = 0; i < 10; i++) {
      load.hold(Duration.ofMillis(50), () -> redis.command("SCRIPT", "FLUSH"));
    }
    load.judge("redis' scripts flushed 10 times").isWhole().isAnswered().isHealedWithin(2);
  }

  @Test
  void a_server_started_without_redis_works_when_redis_comes_back() throws Exception {
    var link = new Link(redis.port());
    link.cut();
    Peer early = with(Peer.behind("early", link, SETTINGS));
    early.awaitLog("cannot be used");
    RoomClient there = client("there", early, "early");
    assertThat(JsonFields.text(there.say("too early"), "error")).startsWith(UNREACHABLE);
    RoomClient here = client("here", a, "early");
    link.restore();
    long restored = System.nanoTime();
    Await.until(
        () -> "the server works again",
        Duration.ofSeconds(10),
        () -> {
          Json.Obj answer = there.say("now?");
          if (answer.get("error") != null) {
            assertThat(JsonFields.text(answer, "error")).startsWith(UNREACHABLE);
          }
          return answer.get("error") == null;
        });
    Faults.note(
        "started while redis was away",
        "works after %.1f s".formatted((System.nanoTime() - restored) / 1e9));
    RoomClient.await(
        "now?", () -> here.received().stream().anyMatch(each -> each.text().equals("now?")));
    RoomClient.await("entering", () -> here.moves("entered", there.id()) == 1);
    assertThat(here.received()).hasSize(1);
    here.say("yes");
    RoomClient.await(
        "yes", () -> there.received().stream().anyMatch(each -> each.text().equals("yes")));
    assertThat(here.members()).containsExactlyInAnyOrder(here.id(), there.id());
    assertThat(early.logged("cannot be used")).isEqualTo(1);
    assertThat(early.logged("connected to Redis")).isEqualTo(1);
  }

  @Test
  void an_unusable_redis_is_logged_once_and_the_server_stays_up() throws Exception {
    RedisServer locked = with(new RedisServer("--requirepass", "open sesame"));
    RedisServer replica =
        with(new RedisServer("--replicaof", "127.0.0.1", String.valueOf(redis.port())));
    Link old = new Link(redis.port());
    Matcher version =
        Pattern.compile("redis_version:\\d+(\\S+)")
            .matcher(String.valueOf(redis.command("INFO", "server")));
    assertThat(version.find()).isTrue();
    old.rewrite(Link.replace(version.group(), "redis_version:5" + version.group(1)));
    List<Peer> peers =
        start(
            () -> Peer.at("locked", locked.url()),
            () -> Peer.at("replica", replica.url()),
            () -> Peer.behind("old", old));
    peers.forEach(this::with);
    List<String> reasons =
        List.of(
            "Redis needs a password",
            "the server is a replica",
            "Redis 5" + version.group(1) + " is too old");
    List<RedisServer> servers = List.of(locked, replica, redis);
    for (int i = 0; i < peers.size(); i++) {
      peers.get(i).awaitLog(reasons.get(i));
    }
    for (int i = 0; i < peers.size(); i++) {
      Peer peer = peers.get(i);
      awaitConnections(servers.get(i), 3);
      assertThat(peer.logged(reasons.get(i))).as("%s", peer.log()).isEqualTo(1);
      assertThat(peer.isAlive()).isTrue();
      assertThat(JsonFields.text(client("t", peer, "any").say("hello"), "error"))
          .startsWith(UNREACHABLE);
    }
  }

  /** Waits for so many more connections to Redis; each check is a connection of its own. */
  private static void awaitConnections(RedisServer redis, int count) throws IOException {
    long first = connections(redis);
    var checks = new AtomicInteger();
    Await.until(
        "more connections", () -> connections(redis) - first >= count + checks.incrementAndGet());
  }

  private static long connections(RedisServer redis) throws IOException {
    Matcher count =
        Pattern.compile("total_connections_received:(\\d+)")
            .matcher(String.valueOf(redis.command("INFO", "stats")));
    assertThat(count.find()).isTrue();
    return Long.parseLong(count.group(1));
  }

  @Test
  void forged_messages_are_dropped() throws Exception {
    Load load = load("forged", a, b);
    String channel = "earshot:{forged}";
    Cursor end = load.listener(a).last();
    assertThat(end).isNotNull();
    String post = "{\"p\":\"x\",\"n\":1,\"t\":1,\"f\":\"x\",\"m\":\"forged\"}";
    for (String forgery :
        List.of(
            "",
            "rubbish",
            " ",
            ":",
            "-1:-1 - {}",
            end + " - {",
            end.epoch() + ":999999 - " + post,
            end.epoch() + ":" + (end.offset() + 30) + " AAAAAAAAAAAAAAAAAAAAAA " + post,
            "other:1 - " + post,
            "x".repeat(100_000))) {
      redis.command("PUBLISH", channel, forgery);
    }
    for (String inbox : listed(redis, "PUBSUB", "CHANNELS", "earshot:{peers}:*")) {
      for (String words : List.of("", "beat", "beat 1", "rubbish", "- {\"from\":1}", "- []")) {
        redis.command("PUBLISH", inbox, words);
      }
    }
    load.judge("forged messages on the channel").isWhole().isAnswered().isHealedWithin(1);
    assertThat(a.logged("dropped a message")).isPositive();
  }

  @Test
  void the_rooms_are_spread_over_a_redis_cluster() throws Exception {
    RedisCluster cluster = with(new RedisCluster());
    String url = String.join(",", cluster.urls());
    List<Peer> both = start(() -> Peer.at("ca", url), () -> Peer.at("cb", url));
    both.forEach(each -> with(each).connected());
    var here = new ArrayList<RoomClient>();
    var there = new ArrayList<RoomClient>();
    for (int i = 0; i < 30; i++) {
      here.add(client("h" + i, both.get(0), "room " + i));
      there.add(client("t" + i, both.get(1), "room " + i));
    }
    for (int i = 0; i < 30; i++) {
      RoomClient one = here.get(i);
      RoomClient other = there.get(i);
      assertThat(one.say("hello " + i).get("error")).isNull();
      RoomClient.await("hello", () -> other.received().size() == 1);
      assertThat(other.say("hello back " + i).get("error")).isNull();
      RoomClient.await("hello back", () -> one.received().size() == 1);
      assertThat(one.received().getFirst().text()).isEqualTo("hello back " + i);
      assertThat(other.received().getFirst().text()).isEqualTo("hello " + i);
      assertThat(one.members()).containsExactlyInAnyOrder(one.id(), other.id());
    }
    var rooms = new ArrayList<String>();
    for (RedisServer node : cluster.nodes()) {
      List<String> channels = listed(node, "PUBSUB", "SHARDCHANNELS");
      assertThat(channels).as("of %s", node.url()).isNotEmpty();
      assertThat(listed(node, "PUBSUB", "CHANNELS")).isEmpty();
      channels.stream().filter(each -> each.contains("{room ")).forEach(rooms::add);
    }
    assertThat(rooms).hasSize(30).doesNotHaveDuplicates();
  }

  private static List<String> listed(RedisServer redis, String... words) throws IOException {
    return redis.command(words) instanceof List<?> all
        ? all.stream().map(String::valueOf).toList()
        : List.of();
  }
}
