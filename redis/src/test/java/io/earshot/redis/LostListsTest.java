package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Tally;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Servers find out within a lease that Redis has lost entries of their members, or has entries of
 * an older state, though no connection was lost.
 */
@Timeout(60)
final class LostListsTest {
  private static final String ROOM = "earshot:{defaultRoom}";

  @Test
  void lists_that_redis_lost_or_has_from_an_older_state_are_corrected_within_a_lease()
      throws Exception {
    try (var redis = new RedisServer()) {
      Config config = Brokers.config(redis.url()).with("redis.lease", "3s");
      List<TestServer> servers =
          Stream.of("a", "b").map(id -> server(config.with("general.id", id))).toList();
      // The first is in the list before the second enters, so that the second does not hear of it.
      var guests = new ArrayList<Guest>();
      Set<String> ids = new TreeSet<>();
      for (TestServer server : servers) {
        guests.add(server.guest());
        ids.add(guests.getLast().id());
        until(servers, "the list", () -> members(redis, ROOM).keySet().equals(ids));
      }
      until(servers, "the second's join", () -> guests.getFirst().lines.size() == 2);
      Map<String, String> before = members(redis, ROOM);
      guests.forEach(Guest::hear);
      Runnable corrected =
          () -> {
            until(servers, "both again", () -> owners(members(redis, ROOM)).equals(owners(before)));
            // Nothing that was asked before is under way when the next fault comes.
            for (Guest guest : guests) {
              long done = count(guest, "\"status\":\"OK\"");
              guest.send("say still here");
              until(servers, "an answer", () -> count(guest, "\"status\":\"OK\"") > done);
            }
          };
      // As if the server of a Redis Cluster with this room had restarted empty.
      redis.command("DEL", ROOM + ":head", ROOM + ":log", ROOM + ":members");
      corrected.run();
      // Only the list is lost.
      redis.command("DEL", ROOM + ":members");
      corrected.run();
      // Or a part of it.
      String first = guests.getFirst().id();
      redis.command("HDEL", ROOM + ":members", first);
      corrected.run();
      for (Guest guest : guests) {
        until(servers, "all of it", () -> count(guest, "still here") >= 3);
        assertThat(guest.heard()).hasSize(3).containsOnly("still here");
      }
      guests.getFirst().send("say hi");
      until(servers, "hi", () -> guests.getLast().heard().contains("hi"));
      // Entries that nobody has, in rooms that are used or not, as after a restart with old data.
      String owner = owners(before).get(first);
      for (String room : List.of(ROOM, "earshot:{attic}")) {
        redis.command("HSET", room + ":members", "ghost", owner + " 0");
        redis.command("HSET", room + ":head", "c:" + owner, "9 9");
      }
      redis.command("SADD", "earshot:{peers}:rooms:" + owner, "attic");
      until(
          servers,
          "no ghosts",
          () ->
              members(redis, ROOM).keySet().equals(ids)
                  && members(redis, "earshot:{attic}").isEmpty());
      assertThat(guests.getLast().heard()).containsExactly("I have left the room");
      servers.forEach(server -> server.earshot.close());
    }
  }

  @Test
  void the_log_says_whether_redis_lost_the_lease_or_other_servers_ended_it() throws Exception {
    try (var redis = new RedisServer();
        var warnings = new Warnings();
        var a = new BrokerPeer("a", Brokers.at(redis.url(), "earshot:"))) {
      a.start().awaitConnected(1);
      redis.command("FLUSHALL");
      a.awaitConnected(2);
      assertThat(warnings.messages())
          .singleElement()
          .asString()
          .contains("Redis has lost data")
          .doesNotContain("other servers");
      // As another server does after the lease has expired.
      redis.command("ZREM", "earshot:{peers}:alive", "a.1");
      redis.command("ZADD", "earshot:{peers}:dead", "1", "a.1");
      a.awaitConnected(3);
      assertThat(warnings.messages())
          .last()
          .asString()
          .contains("the lease of this server expired, and other servers removed its members");
    }
  }

  @Test
  void the_tally_of_a_large_room_counts_what_redis_has_lost() throws Exception {
    try (var redis = new RedisServer();
        var a = new BrokerPeer("a", Brokers.at(redis.url(), "earshot:"))) {
      a.start().awaitConnected(1);
      for (int i = 0; i < 40; i++) {
        a.enter("room", "m" + i);
      }
      Tally before = BrokerPeer.get(a.broker().tally("room"));
      assertThat(before.count()).isEqualTo(40);
      redis.command("HDEL", "earshot:{room}:members", "m7");
      Tally after = BrokerPeer.get(a.broker().tally("room"));
      assertThat(after.count()).isEqualTo(39);
      assertThat(after.sum()).isNotEqualTo(before.sum());
      assertThat(after.end()).isEqualTo(before.end());
    }
  }

  @Test
  void the_list_of_a_large_room_is_read_once_for_each_change() throws Exception {
    try (var redis = new RedisServer();
        var a = new BrokerPeer("a", Brokers.at(redis.url(), "earshot:"))) {
      a.start().awaitConnected(1);
      var ids = new ArrayList<String>();
      for (int i = 0; i < 40; i++) {
        ids.add("m" + i);
        a.enter("room", ids.getLast());
      }
      redis.command("CONFIG", "RESETSTAT");
      for (int change = 1; change <= 3; change++) {
        for (int i = 0; i < 10; i++) {
          assertThat(a.members("room")).isEqualTo(ids);
        }
        List<CompletionStage<List<Present>>> asked =
            IntStream.range(0, 10).mapToObj(_ -> a.broker().members("room")).toList();
        asked.forEach(each -> assertThat(BrokerPeer.get(each)).hasSize(ids.size()));
        assertThat(String.valueOf(redis.command("INFO", "commandstats")))
            .contains("cmdstat_hgetall:calls=" + change + ",");
        if (change == 1) {
          a.enter("room", "late");
          ids.add("late");
        } else {
          a.leave("room", ids.removeFirst());
        }
        a.say("room", "no change");
      }
      ids.stream().skip(20).forEach(id -> a.leave("room", id));
      assertThat(a.members("room")).isEqualTo(ids.subList(0, 20));
      assertThat(a.members("room")).isEqualTo(ids.subList(0, 20));
    }
  }

  private static long count(Guest guest, String part) {
    return guest.lines.stream().filter(line -> line.contains(part)).count();
  }

  private static TestServer server(Config config) {
    var server = new TestServer(2, config);
    server.earshot.join(new RedisProvider().broker(config));
    server.earshot.awaitConnected();
    return server;
  }

  private static void until(List<TestServer> servers, String what, Await.Check condition) {
    Await.until(
        what,
        () -> {
          servers.forEach(TestServer::settle);
          return condition.holds();
        });
    servers.forEach(TestServer::settle);
  }

  private static Map<String, String> members(RedisServer redis, String room) {
    try {
      Object fields = Objects.requireNonNull(redis.command("HGETALL", room + ":members"));
      List<String> texts = ((List<?>) fields).stream().map(String::valueOf).toList();
      return Stream.iterate(0, i -> i < texts.size(), i -> i + 2)
          .collect(Collectors.toMap(texts::get, i -> texts.get(i + 1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The owners of members, without their places in the order of joining. */
  private static Map<String, String> owners(Map<String, String> members) {
    return members.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, each -> each.getValue().replaceFirst(" \\d+$", "")));
  }
}
