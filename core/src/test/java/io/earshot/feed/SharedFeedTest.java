package io.earshot.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.FeedEvent.Type;
import io.earshot.engine.Engine;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.testing.Await;
import io.earshot.testing.HubBroker;
import io.earshot.testing.HubFeed;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Consumers of the feed in a cluster: each event is told on one server, and by another if it dies.
 */
class SharedFeedTest {
  private static final int PARTS = 4;

  private TestCluster cluster = cluster(true);

  /** What each server was told. */
  private final List<List<FeedEvent>> told =
      List.of(new CopyOnWriteArrayList<>(), new CopyOnWriteArrayList<>());

  private static TestCluster cluster(boolean takesMessages) {
    return new TestCluster(
        TestServer.quiet(),
        2,
        hub -> hub.feed = new HubFeed(PARTS, takesMessages, () -> hub.clock.getAsLong()));
  }

  @AfterEach
  void close() {
    cluster.servers.forEach(each -> each.earshot.close());
  }

  private Feed.Registration consume(int server, Set<Type> types, Feed.Handler handler) {
    return cluster
        .servers
        .get(server)
        .earshot
        .api()
        .feed()
        .add(new Feed.Consumer("test", types, List.of("*"), 10), handler);
  }

  private void consume(Set<Type> types) {
    for (int i = 0; i < told.size(); i++) {
      var unused = consume(i, types, told.get(i)::addAll);
    }
  }

  /** Lets time pass until other threads have brought about a condition. */
  private void runUntil(String what, BooleanSupplier condition) {
    Await.until(
        what,
        () -> {
          if (condition.getAsBoolean()) {
            return true;
          }
          cluster.pass(Duration.ofMillis(20));
          return false;
        });
  }

  private List<FeedEvent> all(int count) {
    runUntil(
        count + " events, of " + told, () -> told.stream().mapToInt(List::size).sum() >= count);
    var all = new ArrayList<FeedEvent>();
    told.forEach(all::addAll);
    assertThat(all).hasSize(count);
    return all;
  }

  private static String text(FeedEvent event, String field) {
    Json value = event.data().get(field);
    return value == null ? "-" : String.valueOf(value.asText());
  }

  private HubFeed.View view(int server) {
    return Objects.requireNonNull(cluster.peers.get(server).feed());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void messages_of_all_servers_are_told_once_in_the_order_of_their_room(boolean takesMessages) {
    cluster = cluster(takesMessages);
    consume(EnumSet.of(Type.MESSAGE));
    Guest ada = cluster.guest(0, "10.0.0.1");
    Guest bob = cluster.guest(1, "10.0.0.2");
    cluster.ask(ada, "roomChange attic");
    cluster.ask(bob, "roomChange attic");
    for (int i = 0; i < 10; i++) {
      assertThat(cluster.ask(i % 2 == 0 ? ada : bob, "say m" + i)).contains("OK");
    }
    List<FeedEvent> events = all(10);
    assertThat(events.stream().map(each -> text(each, "message")))
        .containsExactly("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9");
    assertThat(events.stream().map(each -> text(each, "offset")))
        .containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
    FeedEvent first = events.getFirst();
    assertThat(first.id()).startsWith("m-" + text(first, "epoch") + "-1-");
    assertThat(first.room()).isEqualTo("attic");
    assertThat(text(first, "from")).isEqualTo(ada.id());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_message_whose_answer_is_lost_is_told_all_the_same(boolean takesMessages) {
    cluster = cluster(takesMessages);
    consume(EnumSet.of(Type.MESSAGE));
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    cluster.ask(ada, "say one");
    ada.send("say two");
    HubBroker peer = cluster.peers.getFirst();
    TestServer server = cluster.servers.getFirst();
    server.settle();
    for (Runnable asked = peer.asked.poll(); asked != null; asked = peer.asked.poll()) {
      asked.run(); // the hub gives the message its place
    }
    peer.disconnect(); // before it says so
    cluster.settle();
    peer.connect();
    cluster.settle();
    cluster.ask(ada, "say three");
    assertThat(all(3).stream().map(each -> text(each, "message")))
        .containsExactly("one", "two", "three");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_repeat_with_other_content_by_a_hook_is_no_event(boolean takesMessages) {
    cluster = cluster(takesMessages);
    consume(EnumSet.of(Type.MESSAGE));
    var calls = new AtomicInteger();
    cluster
        .servers
        .getFirst()
        .earshot
        .api()
        .hooks()
        .onSay("*", say -> say.message().asText() + calls.incrementAndGet());
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    String say = "{\"event\":\"say\",\"message\":\"x\",\"messageId\":\"1\"}";
    for (String each : List.of(say, say, "say y")) {
      ada.hear();
      ada.send(each);
      runUntil(
          "an answer",
          () -> ada.lines.stream().anyMatch(line -> line.contains("\"context\":\"response\"")));
    }
    assertThat(all(2).stream().map(each -> text(each, "message"))).containsExactly("x1", "y3");
  }

  private Engine first() {
    return cluster.servers.getFirst().earshot;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_post_by_http_to_a_room_with_nobody_on_its_server_is_told(boolean takesMessages) {
    cluster = cluster(takesMessages);
    consume(EnumSet.of(Type.MESSAGE));
    var poster = new Visitor("9".repeat(40), "defaultRoom", new InetSocketAddress(0));
    for (int i = 0; i < 3; i++) {
      Json id = Json.of("id" + i);
      cluster.done(first().http().say(poster, "attic", null, Json.of("m" + i), null, "ada", id));
    }
    assertThat(all(3).stream().map(each -> text(each, "message")))
        .containsExactly("m0", "m1", "m2");
  }

  @Test
  void joins_and_messages_of_a_room_keep_their_order_on_a_server() {
    cluster = cluster(false);
    consume(EnumSet.of(Type.MESSAGE, Type.JOINED, Type.LEFT, Type.ROOM_OPENED, Type.ROOM_CLOSED));
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    cluster.ask(ada, "say hello");
    cluster.ask(ada, "roomChange cellar");
    runUntil(
        "room.closed",
        () -> told.stream().flatMap(List::stream).anyMatch(each -> isClosed(each, "attic")));
    assertThat(
            told.stream()
                .flatMap(List::stream)
                .filter(each -> "attic".equals(each.room()))
                .map(each -> each.type().toString()))
        .containsExactly("room.opened", "joined", "message", "left", "room.closed");
  }

  private static boolean isClosed(FeedEvent event, String room) {
    return event.type() == Type.ROOM_CLOSED && room.equals(event.room());
  }

  @Test
  void a_server_that_loses_its_lease_is_interrupted_and_another_one_goes_on() throws Exception {
    var begun = new Semaphore(0);
    var ended = new Semaphore(0);
    var unused =
        consume(
            0,
            EnumSet.of(Type.MESSAGE),
            events -> {
              begun.release();
              try {
                new Semaphore(0).acquire();
              } finally {
                ended.release();
              }
            });
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    cluster.ask(ada, "say one");
    runUntil("a call", () -> begun.tryAcquire());
    cluster.ask(ada, "say two");
    var unusedToo = consume(1, EnumSet.of(Type.MESSAGE), told.get(1)::addAll);
    for (int i = 0; i < 15; i++) {
      cluster.pass(Duration.ofSeconds(1));
    }
    assertThat(told.get(1)).isEmpty(); // the first server has renewed its lease
    assertThat(ended.availablePermits()).isZero();
    Objects.requireNonNull(cluster.hub.feed).take("test");
    runUntil("an interruption", () -> ended.tryAcquire());
    view(0).isAway.set(true); // so that the other one is the first to ask again
    assertThat(all(2).stream().map(each -> text(each, "message"))).containsExactly("one", "two");
    assertThat(begun.availablePermits()).isZero();
  }

  @Test
  void events_wait_while_the_store_is_away_and_are_added_in_their_order() {
    cluster = cluster(false);
    consume(EnumSet.of(Type.MESSAGE));
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    view(0).isAway.set(true);
    for (int i = 0; i < 10; i++) {
      assertThat(cluster.ask(ada, "say m" + i)).contains("OK");
    }
    cluster.pass(Duration.ofSeconds(3));
    assertThat(EngineInside.feed(cluster.servers.getFirst().earshot).state().unsent())
        .isEqualTo(10);
    view(0).isAway.set(false);
    assertThat(all(10).stream().map(each -> text(each, "message")))
        .containsExactly("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9");
    assertThat(EngineInside.feed(cluster.servers.getFirst().earshot).state().unsent()).isZero();
  }

  @Test
  void events_are_added_in_lists_and_tried_once_a_second_while_the_store_is_away() {
    cluster = cluster(false);
    consume(EnumSet.of(Type.MESSAGE));
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    cluster.pass(Duration.ofSeconds(1));
    AtomicInteger calls = view(0).calls;
    calls.set(0);
    view(0).isAway.set(true);
    for (int i = 0; i < 100; i++) {
      cluster.ask(ada, "say m" + i);
    }
    assertThat(calls).hasValue(1);
    for (int i = 0; i < 5; i++) {
      cluster.pass(Duration.ofSeconds(1));
    }
    assertThat(calls).hasValue(6);
    view(0).isAway.set(false);
    List<FeedEvent> events = all(100);
    assertThat(events.stream().map(each -> text(each, "message")))
        .isEqualTo(IntStream.range(0, 100).mapToObj(i -> "m" + i).toList());
    assertThat(calls).hasValue(8); // 64 and 36
  }

  @Test
  void beyond_the_limit_the_oldest_unsent_events_are_dropped() {
    cluster =
        new TestCluster(
            TestServer.quiet().with("feed.bytes", 1 << 20),
            2,
            hub -> hub.feed = new HubFeed(PARTS, false, () -> hub.clock.getAsLong()));
    consume(EnumSet.of(Type.MESSAGE));
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    view(0).isAway.set(true);
    String long10k = "x".repeat(10_000);
    int count = 40; // a quarter of a megabyte may wait
    for (int i = 0; i < count; i++) {
      cluster.ask(ada, "say " + i + long10k);
    }
    var state = EngineInside.feed(cluster.servers.getFirst().earshot).state();
    assertThat(state.dropped()).isPositive();
    assertThat(state.dropped() + state.unsent()).isEqualTo(count);
    view(0).isAway.set(false);
    List<FeedEvent> events = all((int) state.unsent());
    assertThat(text(events.getLast(), "message")).startsWith((count - 1) + "x");
  }

  @Test
  void a_server_that_stops_hands_over_at_once_and_its_last_events_are_told() {
    cluster = cluster(false);
    consume(EnumSet.of(Type.LEFT, Type.DISCONNECTED));
    Guest ada = cluster.guest(0, "10.0.0.1");
    cluster.ask(ada, "roomChange attic");
    runUntil("left", () -> told.stream().mapToInt(List::size).sum() == 1);
    TestServer stopping = cluster.servers.getFirst();
    stopping.earshot.closeAll();
    cluster.settle();
    var flushing =
        Thread.startVirtualThread(() -> stopping.earshot.flushFeed(Duration.ofSeconds(5)));
    runUntil("the end", () -> !flushing.isAlive());
    assertThat(all(3).stream().map(each -> each.type().toString()))
        .containsExactlyInAnyOrder("left", "left", "disconnected");
    assertThat(all(3).stream().map(FeedEvent::id)).doesNotHaveDuplicates();
  }
}
