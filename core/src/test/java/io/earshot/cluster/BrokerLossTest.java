package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.StandIn;
import io.earshot.testing.HubBroker;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The broker loses data, as when a replica without the last messages takes over. */
final class BrokerLossTest {
  private static final String ROOM = "defaultRoom";

  private final TestCluster cluster = new TestCluster(TestServer.quiet(), 2);
  private final Guest here = cluster.guest(0, "10.0.0.1");
  private final Guest there = cluster.guest(1, "10.0.0.2");

  @Test
  void messages_delivered_long_ago_are_not_delivered_again_when_the_order_falls_back_far() {
    for (int i = 0; i < 600; i++) {
      var _ =
          cluster
              .servers
              .get(0)
              .earshot
              .api()
              .chatRoom()
              .socketRoomBroadcast(StandIn.in(ROOM), "m" + i);
      cluster.settle();
    }
    assertThat(there.heard()).hasSize(600);
    cluster.peers.forEach(HubBroker::disconnect);
    cluster.hub.rollBack(ROOM, 300);
    cluster.peers.forEach(HubBroker::connect);
    cluster.settle();
    assertThat(there.hear()).isEmpty();
    here.send("say after");
    cluster.settle();
    assertThat(there.heard()).containsExactly("after");
  }

  @Test
  void a_place_that_was_answered_is_not_given_again_though_its_message_was_lost_undelivered() {
    here.hear();
    here.send("say lost");
    TestServer server = cluster.servers.getFirst();
    HubBroker broker = cluster.peers.getFirst();
    server.settle();
    Objects.requireNonNull(broker.asked.poll()).run();
    // The answer comes last, and the broker fails before it sends the message.
    Objects.requireNonNull(broker.told.pollLast()).run();
    server.settle();
    String first = place(here);
    cluster.peers.forEach(HubBroker::disconnect);
    cluster.hub.rollBack(ROOM, 1);
    cluster.peers.forEach(HubBroker::connect);
    cluster.settle();
    here.hear();
    here.send("say again");
    cluster.settle();
    assertThat(place(here)).isNotEqualTo(first);
    assertThat(there.heard()).containsExactly("again");
  }

  private static String place(Guest guest) {
    String answer = guest.hear().getLast();
    assertThat(answer).contains("\"status\":\"OK\"");
    return answer.replaceAll(",\"messageCount.*", "");
  }
}
