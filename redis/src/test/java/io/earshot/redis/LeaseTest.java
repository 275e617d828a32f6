package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.BrokerException;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server whose lease has expired is declared dead by the others, and can come back. */
@Timeout(60)
final class LeaseTest {
  private static final String ROOM = "room";
  private static final long FEED_BYTES = 1 << 20;
  private static final String ALIVE = "earshot:{peers}:alive";

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
    BrokerPeer peer = started(name, url, lease);
    peer.open(ROOM);
    return peer;
  }

  private BrokerPeer started(String name, String url, String lease) {
    Config config = Brokers.config(url).with("redis.timeout", "300ms").with("redis.lease", lease);
    return started(name, Brokers.at(config));
  }

  private BrokerPeer started(String name, Broker broker) {
    var peer = new BrokerPeer(name, broker);
    peers.add(peer);
    peer.start().awaitConnected(1);
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
            a.broker().publish(ROOM, a.post("late"), a.terms(ROOM), null, 0),
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
        .containsExactly(new Present("z", false, null), new Present("x", true, null));
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
        .containsExactly(new Present("x", true, null));
    Moved again = a.enter(ROOM, "x");
    assertThat(again.isAnnounced()).isFalse();
    a.say(ROOM, "back");
    assertThat(b.awaitHeard(ROOM, "back")).containsExactly("hi x", "back");
  }

  @Test
  void a_dead_server_is_found_although_the_clock_of_redis_was_set_back() throws Exception {
    BrokerPeer a = peer("a", link.url(), "1s");
    BrokerPeer b = peer("b", redis.url(), "1s");
    a.enter(ROOM, "x");
    link.blackHole();
    // As if its last beat was before the clock was set back by two hours.
    long ahead = System.currentTimeMillis() + Duration.ofHours(2).toMillis();
    redis.command("ZADD", ALIVE, "XX", String.valueOf(ahead), "a.0");
    b.awaitHeard(ROOM, "gone x");
    assertThat(b.members(ROOM)).isEmpty();
  }

  @Test
  void a_server_that_beats_lives_although_the_clock_of_redis_was_set_forward() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    BrokerPeer b = peer("b", redis.url(), "1s");
    b.enter(ROOM, "x");
    for (int i = 1; i <= 25; i++) { // enough for either of them to beat first
      String past = String.valueOf(i);
      redis.command("ZADD", ALIVE, "XX", past, "b.0");
      Await.until("a beat of b", () -> !past.equals(redis.command("ZSCORE", ALIVE, "b.0")));
    }
    a.say(ROOM, "end");
    assertThat(a.awaitHeard(ROOM, "end")).containsExactly("hi x", "end");
    assertThat(a.members(ROOM)).containsExactly("x");
  }

  @Test
  void a_server_whose_process_paused_for_its_lease_writes_nothing_before_its_next_beat() {
    var paused = new AtomicLong();
    BrokerPeer a =
        started(
            "a",
            new RedisBroker(
                Brokers.config(redis.url()).with("redis.lease", "20s").redis(),
                FEED_BYTES,
                InstantSource.system(),
                () -> System.nanoTime() + paused.get()));
    // By the clock of Redis the lease is valid, as if that was set back meanwhile.
    paused.set(Duration.ofSeconds(21).toNanos());
    assertThatThrownBy(() -> a.say(ROOM, "late")).hasMessageContaining("lost contact");
    Await.until(
        "the next beat",
        () -> {
          try {
            a.say(ROOM, "now");
            return true;
          } catch (BrokerException e) {
            return false;
          }
        });
    assertThat(a.heard(ROOM)).doesNotContain("late");
  }

  @Test
  void a_clock_that_differs_from_that_of_redis_is_known_and_logged_once() {
    var warnings = new Warnings();
    try {
      Config config = Brokers.config(redis.url()).with("redis.lease", "1s");
      var shift = new AtomicLong(90);
      BrokerPeer fast =
          started(
              "a",
              new RedisBroker(
                  config.redis(),
                  FEED_BYTES,
                  () -> Instant.now().plusSeconds(shift.get()),
                  System::nanoTime));
      BrokerPeer exact = peer("b", redis.url(), "1s");
      assertThat(fast.broker().clockSkew()).isBetween(88_000L, 92_000L);
      assertThat(exact.broker().clockSkew()).isBetween(-2_000L, 2_000L);
      shift.set(0);
      Await.until("a line", () -> warnings.news().toString().contains("agree again"));
      assertThat(warnings.messages())
          .singleElement()
          .asString()
          .containsPattern("the clock of this server is (89|9\\d)\\d{3} ms ahead of that of Redis");
    } finally {
      warnings.close();
    }
  }

  @Test
  void the_age_of_a_message_is_by_the_clock_of_redis() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    a.say(ROOM, "by a clock of the year 2013");
    Await.until("an age", () -> a.open(ROOM).posts().getFirst().age() >= 20);
    assertThat(a.open(ROOM).posts().getFirst().age()).isLessThan(60_000);
    // An entry of an earlier version, which has no time.
    Object log = redis.command("XRANGE", "earshot:{room}:log", "-", "+");
    var entry = (List<?>) ((List<?>) ((List<?>) Objects.requireNonNull(log)).getFirst()).get(1);
    redis.command("DEL", "earshot:{room}:log");
    redis.command(
        "XADD",
        "earshot:{room}:log",
        "1-0",
        "o",
        String.valueOf(entry.get(1)),
        "p",
        String.valueOf(entry.get(3)));
    assertThat(a.open(ROOM).posts().getFirst().age()).isZero();
  }

  @Test
  void a_server_whose_death_redis_has_forgotten_becomes_another_owner() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    a.enter(ROOM, "x");
    // As if others had declared it dead long ago, while it was suspended.
    redis.command("ZREM", "earshot:{peers}:alive", "a.0");
    a.awaitConnected(2);
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("x", false, null));
    assertThat(a.enter(ROOM, "x").isAnnounced()).isFalse();
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("x", true, null));
  }

  @Test
  void a_server_removes_a_member_that_it_left_behind_as_an_earlier_owner() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    a.enter(ROOM, "x");
    redis.command("ZREM", ALIVE, "a.0");
    a.awaitConnected(2);
    assertThat(a.enter(ROOM, "y").isAnnounced()).isTrue();
    assertThat(a.leave(ROOM, "x").isAnnounced()).isTrue();
    assertThat(BrokerPeer.get(a.broker().members(ROOM)))
        .containsExactly(new Present("y", true, null));
    // Its entry is not counted any more, and the entries of the later owner are.
    assertThat(redis.command("HGET", "earshot:{room}:head", "c:a.0")).isNull();
    assertThat(redis.command("HGET", "earshot:{room}:head", "c:a.1"))
        .isEqualTo("1 " + Broker.Tally.digest("y", null));
  }

  @Test
  void a_server_that_has_a_lease_and_no_subscription_is_not_taken_for_one_that_has_nothing()
      throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    assertThat(BrokerPeer.get(a.broker().askAll(Json.of("?")))).isNull();
    // As a server that has just lost its connections, for as long as its lease goes on.
    redis.command("ZADD", ALIVE, "9000000000000000", "cut off.0");
    Await.until("a beat", () -> a.broker().peers().contains("cut off"));
    assertThatThrownBy(() -> BrokerPeer.get(a.broker().askAll(Json.of("?"))))
        .hasStackTraceContaining(
            "another server of the cluster does not answer; try again in 1000 ms");
    redis.command("ZREM", ALIVE, "cut off.0");
    Await.until("a beat", () -> !a.broker().peers().contains("cut off"));
    assertThat(BrokerPeer.get(a.broker().askAll(Json.of("?")))).isNull();
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
  void the_end_of_each_open_room_is_read_once_in_a_lease() {
    BrokerPeer a = peer("a", redis.url(), "1s");
    IntStream.range(0, 50).forEach(i -> a.open("open " + i));
    Cursor last = a.say("open 7", "missed by nobody");
    long start = System.nanoTime();
    Await.until(
        () -> "all ends: " + a.ends(),
        Await.LIMIT,
        () -> a.ends().size() == 51 && last.equals(a.ends().get("open 7")));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
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
    awaitRooms("a.0");
  }

  @Test
  void a_server_that_has_left_a_room_or_only_published_there_leaves_nothing_behind()
      throws Exception {
    BrokerPeer holder = peer("holder", redis.url(), "1s");
    holder.enter(ROOM, "x");
    holder.say(ROOM, "1");
    // This one stays, and closes the room. It is forgotten there after a lease.
    BrokerPeer left = peer("left", redis.url(), "1s");
    left.enter(ROOM, "y");
    left.leave(ROOM, "y");
    left.broker().close(ROOM);
    // These stop, or are killed. They never had a member.
    BrokerPeer stopped = started("stopped", redis.url(), "1s");
    stopped.say(ROOM, "2");
    BrokerPeer killed = started("killed", link.url(), "1s");
    killed.say(ROOM, "3");
    assertThat(writers()).contains("n:left", "n:stopped", "n:killed");
    stopped.close();
    link.cut();
    Await.until(
        () -> "only the holder, but " + writers(), Await.LIMIT, () -> writers().equals("n:holder"));
    for (String gone : List.of("left.0", "stopped.0", "killed.0")) {
      Await.until("no rooms of " + gone, () -> rooms(gone).isEmpty()); // after its numbers
    }
    assertThat(rooms("holder.0")).containsExactly(ROOM);
    assertThat(left.say(ROOM, "4").offset()).isEqualTo(7);
    assertThat(writers()).isEqualTo("n:holder n:left");
  }

  /** The fields of the room's head with a server's last number. */
  private String writers() {
    try {
      Object fields = redis.command("HKEYS", "earshot:{room}:head");
      return ((List<?>) Objects.requireNonNull(fields))
          .stream()
              .map(String::valueOf)
              .filter(field -> field.startsWith("n:"))
              .sorted()
              .collect(Collectors.joining(" "));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void the_rooms_of_a_dead_server_are_emptied_several_at_once() throws Exception {
    BrokerPeer a = peer("a", link.url(), "1s");
    List<String> rooms = IntStream.range(0, 300).mapToObj(i -> "r" + i).toList();
    var moves =
        rooms.stream()
            .map(room -> a.broker().enter(room, "x", a.post("hi"), 9, a.terms(room), false))
            .toList();
    moves.forEach(BrokerPeer::get);
    try (var slow = new Link(redis.port())) {
      slow.delay(Duration.ofMillis(20));
      BrokerPeer b = peer("b", slow.url(), "1s");
      link.cut();
      // One room after another takes 300 times two round trips of 40 ms.
      Await.until(() -> "no members", Duration.ofSeconds(10), () -> rooms("a.0").isEmpty());
      for (String room : rooms) {
        assertThat(redis.command("EXISTS", "earshot:{" + room + "}:members")).isEqualTo(0L);
      }
      assertThat(b.connections()).isEqualTo(1);
    }
  }

  @Test
  void a_room_that_cannot_be_emptied_keeps_no_other_room_waiting_and_is_tried_again()
      throws Exception {
    BrokerPeer a = peer("a", link.url(), "1s");
    List<String> rooms = IntStream.range(0, 20).mapToObj(i -> "r" + i).toList();
    rooms.forEach(room -> a.enter(room, "x"));
    redis.command("SET", "earshot:{bad}:members", "no hash");
    redis.command("SADD", "earshot:{peers}:rooms:a.0", "bad");
    peer("b", redis.url(), "1s");
    link.cut();
    Duration soon = Duration.ofSeconds(8); // less than the lock of the server that tries lasts
    Await.until(() -> "only the bad room", soon, () -> rooms("a.0").equals(List.of("bad")));
    redis.command("DEL", "earshot:{bad}:members");
    Await.until(() -> "no room", soon, () -> rooms("a.0").isEmpty());
  }

  @Test
  void the_index_of_a_servers_rooms_is_compared_once_per_lease() throws Exception {
    BrokerPeer a = peer("a", redis.url(), "1s");
    a.enter(ROOM, "x");
    assertThat(rooms("a.0")).containsExactly(ROOM);
    redis.command("DEL", "earshot:{peers}:rooms:a.0");
    awaitRooms("a.0", ROOM);
    redis.command("SADD", "earshot:{peers}:rooms:a.0", "of old");
    Await.until("the server to look", () -> a.listedIn().contains("of old"));
    awaitRooms("a.0", ROOM);
  }

  private void awaitRooms(String owner, String... rooms) {
    Await.until(
        () -> List.of(rooms) + ", but " + rooms(owner),
        Await.LIMIT,
        () -> rooms(owner).equals(List.of(rooms)));
  }

  private List<String> rooms(String owner) {
    try {
      Object rooms = redis.command("SMEMBERS", "earshot:{peers}:rooms:" + owner);
      return ((List<?>) Objects.requireNonNull(rooms)).stream().map(String::valueOf).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
