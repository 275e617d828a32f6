package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.BrokerException;
import io.earshot.testing.BrokerPeer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server whose lease has expired is declared dead by the others, and can come back. */
@Timeout(60)
final class LeaseTest {
  private static final String ROOM = "room";

  private final List<BrokerPeer> peers = new ArrayList<>();
  private RedisServer redis;
  private Link link;

  @BeforeEach
  @SuppressWarnings("NullAway.Init")
  void start() throws Exception {
    redis = new RedisServer();
    link = new Link(redis.port());
  }

  @AfterEach
  void end() throws Exception {
    link.restoreAfterLoss();
    peers.forEach(BrokerPeer::close);
    link.close();
    redis.close();
  }

  private BrokerPeer peer(String name, String url, String lease) {
    Config config = Brokers.config(url).with("redis.timeout", "300ms").with("redis.lease", lease);
    var peer = new BrokerPeer(name, Brokers.at(config));
    peers.add(peer);
    peer.start().awaitConnected(1);
    peer.open(ROOM);
    return peer;
  }

  @Test
  void the_members_of_a_dead_server_leave_once_and_its_late_commands_are_refused() {
    BrokerPeer a = peer("a", link.url(), "1s");
    BrokerPeer b = peer("b", redis.url(), "1s");
    BrokerPeer c = peer("c", redis.url(), "1s");
    a.enter(ROOM, "x");
    b.enter(ROOM, "z");
    a.enter(ROOM, "y");
    link.blackHole();
    // Sent now, and delivered after the lease has expired.
    var late =
        List.of(
            a.broker().publish(ROOM, a.post("late"), a.terms(ROOM), null, 0, false),
            a.broker().enter(ROOM, "ghost", a.post("hi ghost"), 9, a.terms(ROOM), true),
            a.broker().enter(ROOM, "z", a.post("hi z"), 9, a.terms(ROOM), true),
            a.broker().leave(ROOM, "x", a.post("bye x"), 9, a.terms(ROOM)));
    late.forEach(
        each ->
            assertThatThrownBy(() -> BrokerPeer.get(each))
                .isInstanceOfSatisfying(
                    BrokerException.class, e -> assertThat(e.maybeDone()).isTrue()));
    a.awaitDisconnected(1);
    assertThatThrownBy(() -> a.say(ROOM, "away")).isInstanceOf(BrokerException.class);
    for (BrokerPeer each : List.of(b, c)) {
      each.awaitHeard(ROOM, "gone x");
      each.awaitHeard(ROOM, "gone y");
      assertThat(each.members(ROOM)).containsExactly("z");
    }
    link.restore();
    a.awaitConnected(2);
    assertThat(a.enter(ROOM, "x").isAnnounced()).isTrue();
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("z", "b", false), new Present("x", "a", true));
    assertThat(a.say(ROOM, "back").offset()).isEqualTo(7);
    for (BrokerPeer each : List.of(b, c)) {
      assertThat(each.awaitHeard(ROOM, "back"))
          .containsExactlyInAnyOrder("hi x", "hi z", "hi y", "gone x", "gone y", "hi x", "back");
    }
    // The server is another owner now, which can be declared dead as well.
    link.blackHole();
    b.awaitTold(ROOM, 8);
    assertThat(b.heard(ROOM).getLast()).isEqualTo("gone x");
    link.restore();
    a.awaitConnected(3);
    assertThat(a.enter(ROOM, "x").isAnnounced()).isTrue();
  }

  @Test
  void a_server_that_is_away_for_less_than_its_lease_keeps_its_members() {
    BrokerPeer a = peer("a", link.url(), "5s");
    BrokerPeer b = peer("b", redis.url(), "5s");
    a.enter(ROOM, "x");
    link.blackHole();
    a.awaitDisconnected(1);
    link.restoreAfterLoss();
    a.awaitConnected(2);
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("x", "a", true));
    Moved again = a.enter(ROOM, "x");
    assertThat(again.isAnnounced()).isFalse();
    a.say(ROOM, "back");
    assertThat(b.awaitHeard(ROOM, "back")).containsExactly("hi x", "back");
  }

  @Test
  void a_server_whose_death_redis_has_forgotten_becomes_another_owner() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    a.enter(ROOM, "x");
    // As if others had declared it dead long ago, while it was suspended.
    redis.command("ZREM", "earshot:{peers}:alive", "a.0");
    a.awaitConnected(2);
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("x", "a", false));
    assertThat(a.enter(ROOM, "x").isAnnounced()).isFalse();
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("x", "a", true));
  }

  @Test
  void a_server_that_removes_the_members_of_another_delivers_messages_meanwhile() {
    BrokerPeer a = peer("a", link.url(), "1s");
    BrokerPeer b = peer("b", redis.url(), "1s");
    List<String> ids = IntStream.range(0, 200).mapToObj(String::valueOf).toList();
    ids.forEach(id -> a.enter(ROOM, id));
    link.blackHole();
    var said = new ArrayList<String>();
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (leaves(b).size() < ids.size() && System.nanoTime() < end) {
      said.add("said " + said.size());
      b.say(ROOM, said.getLast());
    }
    b.say(ROOM, "end");
    List<String> heard = b.awaitHeard(ROOM, "end");
    assertThat(heard.stream().filter(text -> text.startsWith("said "))).isEqualTo(said);
    // In any order: the members of a hash have none.
    assertThat(leaves(b))
        .containsExactlyInAnyOrderElementsOf(ids.stream().map(id -> "gone " + id).toList());
  }

  private static List<String> leaves(BrokerPeer peer) {
    return peer.heard(ROOM).stream().filter(text -> text.startsWith("gone ")).toList();
  }

  @Test
  void the_index_of_a_servers_rooms_survives_a_lost_connection() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    a.enter(ROOM, "x");
    a.enter("left", "y");
    a.leave("left", "y");
    redis.command("CLIENT", "KILL", "TYPE", "normal");
    a.awaitConnected(2);
    // As in a Redis Cluster that has lost the server with the index, but not the rooms.
    redis.command("SREM", "earshot:{peers}:rooms:a.0", ROOM);
    assertThat(a.members(ROOM)).containsExactly("x");
    assertThat(rooms("a.0")).containsExactlyInAnyOrder(ROOM, "left");
    a.broker().close("left");
    a.leave(ROOM, "x");
    a.broker().close(ROOM);
    a.members(ROOM);
    assertThat(rooms("a.0")).isEmpty();
  }

  private List<String> rooms(String owner) throws Exception {
    Object rooms = redis.command("SMEMBERS", "earshot:{peers}:rooms:" + owner);
    return ((List<?>) Objects.requireNonNull(rooms)).stream().map(String::valueOf).toList();
  }

  @Test
  void no_server_is_declared_dead_after_all_were_away() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    BrokerPeer b = peer("b", redis.url(), "1s");
    a.enter(ROOM, "x");
    b.enter(ROOM, "y");
    redis.pause();
    a.awaitDisconnected(1);
    b.awaitDisconnected(1);
    redis.unpause();
    a.awaitConnected(2);
    b.awaitConnected(2);
    a.open(ROOM);
    assertThat(a.members(ROOM)).containsExactly("x", "y");
    a.say(ROOM, "back");
    assertThat(a.awaitHeard(ROOM, "back")).containsExactly("hi x", "hi y", "back");
  }
}
