package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.RoomStatus;
import io.earshot.testing.HubBroker;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each server compares the broker's lists of members with its own members once per lease. */
final class MemberListTest {
  private static final String ROOM = "defaultRoom";
  private static final String ANYWHERE = "192.0.2.1";

  private final TestCluster cluster =
      new TestCluster(
          Config.defaults()
              .with("general.resumeWindow", "1m")
              .with("commonWeb.cookieSecret", "the same for all of them"),
          2);
  private final Guest ann = cluster.guest(0, ANYWHERE);
  private final Guest ben = cluster.guest(1, ANYWHERE);

  private void passLease() {
    cluster.peers.forEach(peer -> peer.renewLease(1));
    cluster.settle();
  }

  private Map<String, String> ownersByMember() {
    return Map.of(
        ann.id(), cluster.peers.getFirst().owner(), ben.id(), cluster.peers.getLast().owner());
  }

  private void assertNothingHeard() {
    assertThat(ann.hear()).isEmpty();
    assertThat(ben.hear()).isEmpty();
  }

  @Test
  void members_that_the_broker_lost_are_listed_again_and_not_announced() {
    ann.hear();
    ben.hear();
    cluster.hub.forgetMembers(ROOM);
    passLease();
    assertThat(cluster.hub.members(ROOM)).isEqualTo(ownersByMember());
    assertNothingHeard();
  }

  @Test
  void pages_of_members_are_the_same_on_each_server() {
    List<String> ids = Stream.of(ann.id(), ben.id()).sorted().toList();
    for (TestServer server : cluster.servers) {
      RoomStatus first = page(server, null);
      assertThat(first.members()).containsExactly(ids.getFirst());
      assertThat(first.membersCount()).isEqualTo(2);
      assertThat(first.next()).isEqualTo(ids.getFirst());
      RoomStatus last = page(server, first.next());
      assertThat(last.members()).containsExactly(ids.getLast());
      assertThat(last.next()).isNull();
    }
  }

  private RoomStatus page(TestServer server, @Nullable String after) {
    var page =
        server
            .earshot
            .api()
            .chatRoom()
            .socketRoomStatus(ROOM, new RoomStatus.Page(1, after, null))
            .toCompletableFuture();
    cluster.settle();
    return page.join();
  }

  @Test
  void members_of_a_room_that_the_broker_lost_are_listed_again_and_not_announced() {
    ann.hear();
    ben.hear();
    cluster.hub.forget(ROOM);
    passLease();
    assertThat(cluster.hub.members(ROOM)).isEqualTo(ownersByMember());
    assertNothingHeard();
    ann.send("say hi");
    cluster.settle();
    assertThat(ben.heard()).containsExactly("hi");
  }

  @Test
  void members_of_a_room_that_the_broker_lost_are_listed_again_after_a_message() {
    ann.hear();
    ben.hear();
    cluster.hub.forget(ROOM);
    ann.send("say hi");
    cluster.settle();
    assertThat(cluster.hub.members(ROOM)).isEqualTo(ownersByMember());
    assertThat(ben.heard()).containsExactly("hi");
  }

  @Test
  void an_entry_of_this_server_without_a_member_is_removed_and_announced() {
    ann.hear();
    ben.hear();
    String owner = cluster.peers.getFirst().owner();
    cluster.hub.list(ROOM, "ghost", owner);
    passLease();
    assertThat(cluster.hub.members(ROOM)).isEqualTo(ownersByMember());
    assertThat(ben.heard()).containsExactly("I have left the room");
    // In a room that no server uses.
    cluster.hub.list("attic", "ghost", owner);
    passLease();
    cluster.peers.getFirst().findListed("attic");
    cluster.settle();
    assertThat(cluster.hub.members("attic")).isEmpty();
  }

  @Test
  void equal_numbers_of_members_are_not_taken_for_equal_lists() {
    cluster.hub.forgetMembers(ROOM);
    cluster.hub.list(ROOM, "ghost", cluster.peers.getFirst().owner());
    cluster.hub.list(ROOM, ben.id(), cluster.peers.getLast().owner());
    passLease();
    assertThat(cluster.hub.members(ROOM)).isEqualTo(ownersByMember());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_member_that_is_being_handed_over_is_neither_removed_nor_announced(boolean reconnects) {
    String session = TestServer.session(String.join("", ann.hear()));
    String id = ann.id();
    Guest next = cluster.guest(1, ANYWHERE);
    cluster.settle();
    next.hear();
    ben.hear();
    TestServer former = cluster.servers.getFirst();
    HubBroker broker = cluster.peers.getFirst();
    next.send("{\"event\":\"resume\",\"session\":\"" + session + "\"}");
    // The former server gives the session up, and the other does not have it yet.
    former.settle();
    cluster.servers.getLast().loops.forEach(loop -> loop.run(() -> {}));
    if (reconnects) {
      broker.disconnect();
      former.settle();
      broker.connect();
    } else {
      broker.renewLease(1);
    }
    for (former.settle(); !(broker.asked.isEmpty() && broker.told.isEmpty()); former.settle()) {
      runOne(broker);
    }
    assertThat(cluster.hub.members(ROOM)).containsKey(id);
    cluster.settle();
    assertThat(cluster.hub.members(ROOM)).containsEntry(id, cluster.peers.getLast().owner());
    assertThat(next.id()).isEqualTo(id);
    assertThat(ben.heard()).containsExactly("I have left the room"); // the id before the resume
  }

  private static void runOne(HubBroker broker) {
    for (var queue : List.of(broker.asked, broker.told)) {
      Runnable next = queue.poll();
      if (next != null) {
        next.run();
      }
    }
  }

  @Test
  void the_checks_of_many_rooms_are_spread_over_a_lease() {
    IntStream.range(0, 95).forEach(i -> ann.send("{\"event\":\"roomAdd\",\"room\":\"" + i + "\"}"));
    cluster.settle();
    HubBroker broker = cluster.peers.getFirst();
    TestServer server = cluster.servers.getFirst();
    int all = 0;
    for (int i = 0; i < 10; i++) {
      broker.renewLease(10);
      server.settle();
      int asked = broker.asked.size();
      assertThat(asked).isLessThanOrEqualTo(12); // a tenth of each loop's rooms
      all += asked;
      cluster.settle();
    }
    assertThat(all).isEqualTo(96);
    assertThat(broker.asked).isEmpty();
  }

  @Test
  void a_loop_asks_for_a_few_rooms_at_once() {
    IntStream.range(0, 95).forEach(i -> ann.send("{\"event\":\"roomAdd\",\"room\":\"" + i + "\"}"));
    cluster.settle();
    HubBroker broker = cluster.peers.getFirst();
    broker.renewLease(1);
    cluster.servers.getFirst().settle();
    assertThat(broker.asked).hasSizeBetween(32, 64);
    for (int i = 0; i < 96; i++) {
      cluster.settle();
    }
    cluster.servers.getFirst().pass(Duration.ofSeconds(1));
    assertThat(broker.asked).isEmpty();
  }
}
