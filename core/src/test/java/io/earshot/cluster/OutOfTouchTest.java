package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.StandIn;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.testing.Await;
import io.earshot.testing.Hub;
import io.earshot.testing.HubBroker;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server loses the connection to its cluster, and connects again. */
final class OutOfTouchTest {
  private static final int ROOMS = 3_000;
  private static final Broker.Terms LATE = new Broker.Terms(1, 1, null, "e");

  private final Hub hub = Hub.manual();
  private final HubBroker broker = hub.broker();
  private final TestServer server =
      new TestServer(
          1,
          Config.defaults()
              .with("rooms.announcements", false)
              .with("limits.rooms", ROOMS + 1)
              .with("limits.outboundBytes", 100_000_000));

  @Test
  void after_a_reconnect_few_rooms_read_missing_messages_at_once_and_a_room_in_use_comes_first() {
    server.earshot.join(broker);
    broker.connect();
    Guest guest = server.guest();
    for (int i = 0; i < ROOMS; i++) {
      guest.send("{\"event\":\"roomAdd\",\"room\":\"" + i + "\"}");
      rest();
    }
    broker.disconnect();
    rest();
    guest.hear();
    broker.connect();
    server.settle();
    assertThat(broker.asked).hasSizeLessThan(ROOMS / 2);
    // The room that is last in the queue.
    Guest other = server.guest();
    other.send("{\"event\":\"roomAdd\",\"room\":\"" + (ROOMS - 1) + "\"}");
    int most = rest();
    assertThat(most).isLessThan(ROOMS / 2);
    other.send("{\"event\":\"say\",\"message\":\"heard\",\"room\":\"" + (ROOMS - 1) + "\"}");
    rest();
    assertThat(guest.heard()).contains("heard");
    // Every room has its missing messages by then.
    for (int i = 0; i < ROOMS; i += 100) {
      server.earshot.api().chatRoom().socketRoomBroadcast(StandIn.in(String.valueOf(i)), "to " + i);
    }
    rest();
    assertThat(guest.heard()).hasSize(ROOMS / 100);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void a_member_that_left_while_disconnected_leaves_the_list_though_the_connection_breaks_again(
      int steps) {
    server.earshot.join(broker);
    broker.connect();
    Guest guest = server.guest();
    guest.send("{\"event\":\"roomAdd\",\"room\":\"attic\"}");
    rest();
    assertThat(hub.members("attic")).isNotEmpty();
    broker.disconnect();
    server.settle();
    guest.send("{\"event\":\"roomLeave\",\"room\":\"attic\"}");
    server.settle();
    broker.connect();
    server.settle();
    for (int i = 0; i < steps; i++) {
      step();
    }
    broker.disconnect();
    server.settle();
    broker.connect();
    rest();
    assertThat(hub.members("attic")).isEmpty();
  }

  @Test
  void a_room_whose_messages_do_not_arrive_reads_them_a_second_after_a_look_at_its_end() {
    server.earshot.join(broker);
    broker.connect();
    Guest guest = server.guest();
    rest();
    guest.hear();
    say("lost");
    broker.told.clear(); // the subscription is dead, and nothing says so
    broker.look("defaultRoom");
    rest();
    assertThat(guest.heard()).isEmpty();
    server.pass(Duration.ofSeconds(1));
    rest();
    assertThat(guest.heard()).containsExactly("lost");
    say("late");
    broker.look("defaultRoom");
    rest();
    assertThat(guest.heard()).containsExactly("late");
    server.pass(Duration.ofSeconds(1));
    assertThat(broker.asked).as("reads of a room that receives its messages").isEmpty();
  }

  /** Publishes a message, and stops when the hub has sent it. */
  private void say(String text) {
    server.earshot.api().chatRoom().socketRoomBroadcast(StandIn.in("defaultRoom"), text);
    server.settle();
    for (Runnable next = broker.asked.poll(); next != null; next = broker.asked.poll()) {
      next.run();
    }
  }

  @Test
  void connections_that_come_and_go_while_disconnected_are_not_kept_in_memory() {
    server.earshot.join(broker);
    broker.connect();
    Guest stays = server.guest();
    rest();
    broker.disconnect();
    var gone = new ArrayList<WeakReference<Connection>>();
    for (int i = 0; i < 100; i++) {
      gone.add(comesAndGoes());
    }
    Await.until(
        "connections to be collected",
        () -> {
          System.gc();
          return gone.stream().allMatch(each -> each.get() == null);
        });
    broker.connect();
    rest();
    assertThat(hub.members("defaultRoom")).containsOnlyKeys(stays.id());
  }

  @Test
  void a_subscription_that_comes_after_its_room_was_dropped_ends_with_the_next_message_or_look() {
    server.earshot.join(broker);
    broker.connect();
    subscribeLate("defaultRoom");
    var post =
        new Post(Json.of("x"), Json.of("y"), 0, null, false, null, new Post.Origin("other", 1));
    var _ = broker.publish("defaultRoom", post, LATE, null, 0);
    rest();
    assertThat(broker.isOpen("defaultRoom")).isFalse();
    subscribeLate("other");
    broker.look("other");
    rest();
    assertThat(broker.isOpen("other")).isFalse();
    Guest guest = server.guest();
    rest();
    broker.look("defaultRoom");
    rest();
    assertThat(broker.isOpen("defaultRoom")).isTrue();
    guest.hear();
    say("to a room that is here");
    rest();
    assertThat(guest.heard()).containsExactly("to a room that is here");
  }

  /** As when a request is repeated because the room's data moves, and the room is dropped first. */
  private void subscribeLate(String room) {
    var _ = broker.open(room, new Broker.Known(null, null), 1, LATE, true);
    rest();
    assertThat(broker.isOpen(room)).isTrue();
  }

  @Test
  void what_the_broker_sends_to_a_server_whose_loops_have_ended_is_dropped() {
    server.earshot.join(broker);
    broker.connect();
    Guest guest = server.guest();
    rest();
    guest.send("say on its way while the server stops");
    server.settle();
    Objects.requireNonNull(broker.asked.poll()).run();
    assertThat(broker.told).isNotEmpty();
    server.loops.forEach(ManualLoop::end);
    List.copyOf(broker.told).forEach(Runnable::run);
    broker.look("defaultRoom");
    broker.disconnect();
    broker.connect();
  }

  private WeakReference<Connection> comesAndGoes() {
    Guest guest = server.guest();
    var connection = new WeakReference<>(guest.connection());
    guest.loop.run(() -> guest.intake.gone());
    server.pass(Duration.ofSeconds(1));
    return connection;
  }

  /** Lets everything happen; gives the largest number of requests that waited at once. */
  private int rest() {
    int most = 0;
    server.settle();
    while (!hub.isIdle()) {
      most = Math.max(most, broker.asked.size());
      step();
    }
    return most;
  }

  /** Lets the first of each queue arrive, and everything happen that follows. */
  private void step() {
    for (var queue : List.of(broker.asked, broker.told, broker.answered)) {
      Runnable next = queue.poll();
      if (next != null) {
        next.run();
      }
    }
    server.settle();
  }
}
