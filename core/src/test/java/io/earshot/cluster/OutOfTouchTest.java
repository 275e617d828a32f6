package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.StandIn;
import io.earshot.testing.Hub;
import io.earshot.testing.Hub.Peer;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server of a cluster loses touch with the others, and comes back. */
final class OutOfTouchTest {
  private static final int ROOMS = 3_000;

  private final Hub hub = Hub.manual();
  private final Peer peer = hub.broker();
  private final TestServer server =
      new TestServer(
          1,
          Config.defaults()
              .with("rooms.announcements", false)
              .with("limits.rooms", ROOMS + 1)
              .with("limits.outboundBytes", 100_000_000));

  @Test
  void rooms_ask_a_few_at_a_time_for_what_they_missed_and_those_first_that_somebody_needs() {
    server.earshot.join(peer);
    peer.connect();
    Guest guest = server.guest();
    for (int i = 0; i < ROOMS; i++) {
      guest.send("{\"event\":\"roomAdd\",\"room\":\"" + i + "\"}");
      rest();
    }
    peer.disconnect();
    rest();
    guest.hear();
    peer.connect();
    server.settle();
    assertThat(peer.asked).hasSizeLessThan(ROOMS / 2);
    // The last one in line.
    Guest other = server.guest();
    other.send("{\"event\":\"roomAdd\",\"room\":\"" + (ROOMS - 1) + "\"}");
    int most = rest();
    assertThat(most).isLessThan(ROOMS / 2);
    other.send("{\"event\":\"say\",\"message\":\"heard\",\"room\":\"" + (ROOMS - 1) + "\"}");
    rest();
    assertThat(guest.heard()).contains("heard");
    // Each of them has caught up.
    for (int i = 0; i < ROOMS; i += 100) {
      server.earshot.api().chatRoom().socketRoomBroadcast(StandIn.in(String.valueOf(i)), "to " + i);
    }
    rest();
    assertThat(guest.heard()).hasSize(ROOMS / 100);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void who_left_meanwhile_is_in_no_list_though_it_is_lost_again_on_the_way_back(int steps) {
    server.earshot.join(peer);
    peer.connect();
    Guest guest = server.guest();
    guest.send("{\"event\":\"roomAdd\",\"room\":\"attic\"}");
    rest();
    assertThat(hub.members("attic")).isNotEmpty();
    peer.disconnect();
    server.settle();
    guest.send("{\"event\":\"roomLeave\",\"room\":\"attic\"}");
    server.settle();
    peer.connect();
    server.settle();
    for (int i = 0; i < steps; i++) {
      step();
    }
    peer.disconnect();
    server.settle();
    peer.connect();
    rest();
    assertThat(hub.members("attic")).isEmpty();
  }

  @Test
  void who_comes_and_goes_while_the_others_cannot_be_reached_is_not_kept() {
    server.earshot.join(peer);
    peer.connect();
    Guest stays = server.guest();
    rest();
    peer.disconnect();
    var gone = new ArrayList<WeakReference<Connection>>();
    for (int i = 0; i < 100; i++) {
      gone.add(comesAndGoes());
    }
    long end = System.nanoTime() + 20_000_000_000L;
    while (gone.stream().anyMatch(each -> each.get() != null)) {
      assertThat(System.nanoTime()).as("somebody is kept").isLessThan(end);
      System.gc();
    }
    peer.connect();
    rest();
    assertThat(hub.members("defaultRoom")).containsOnlyKeys(stays.id());
  }

  private WeakReference<Connection> comesAndGoes() {
    Guest guest = server.guest();
    var connection = new WeakReference<>(guest.connection());
    guest.loop.run(() -> guest.intake.gone());
    server.pass(Duration.ofSeconds(1));
    return connection;
  }

  /** Lets everything happen; returns how much was on its way at once. */
  private int rest() {
    int most = 0;
    server.settle();
    while (!hub.isIdle()) {
      most = Math.max(most, peer.asked.size());
      step();
    }
    return most;
  }

  /** Lets the next of each queue arrive, and everything happen that follows. */
  private void step() {
    for (var queue : List.of(peer.asked, peer.told, peer.answered)) {
      Runnable next = queue.poll();
      if (next != null) {
        next.run();
      }
    }
    server.settle();
  }
}
