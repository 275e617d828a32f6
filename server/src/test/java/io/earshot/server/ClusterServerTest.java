package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One of several servers is killed, suspended or shut down while clients speak in a room. */
class ClusterServerTest extends ClusterFixture {
  @Test
  void the_members_of_a_killed_server_leave() throws Exception {
    Peer c = victim();
    Load load = load("killed", a, b, c);
    RoomClient mover = load.listener("w", c);
    RoomClient.await("what w knows", () -> mover.received().size() > 10);
    List<RoomClient> there = load.at(c);
    List<String> gone = there.stream().map(RoomClient::id).toList();
    long killed = System.nanoTime();
    c.kill();
    load.gone(c);
    Cursor known = mover.last();
    mover.connect(b);
    Json.Obj answer = mover.enter(known);
    assertThat(LineClient.encoded(answer)).contains("\"recovered\":true");
    double healed = load.heal();
    RoomClient observer = load.listener(a);
    RoomClient.await(
        "all have left", () -> gone.stream().allMatch(each -> observer.moves("left", each) > 0));
    double seconds =
        (observer.moves().stream()
                    .filter(each -> each.text().contains("left"))
                    .mapToLong(RoomClient.Received::at)
                    .max()
                    .orElseThrow()
                - killed)
            / 1e9;
    Faults.note("one of three killed", "members stayed for %.1f s".formatted(seconds));
    assertThat(observer.members()).doesNotContainAnyElementsOf(gone);
    load.judge("one of three killed", healed).isWhole().isHealedWithin(2);
    for (String id : gone) {
      assertThat(observer.moves("left", id)).isEqualTo(1);
      assertThat(load.listener(b).moves("left", id)).isEqualTo(1);
    }
    // The lease, a fifth of it as grace, a beat, and some time for a busy machine.
    assertThat(seconds).isLessThan(Peer.LEASE.toMillis() / 1000.0 * 1.2 + 2);
  }

  /** The servers that stay publish many leaves beside the messages of their own clients. */
  @Test
  void many_members_of_a_killed_server_leave_while_others_speak() throws Exception {
    Peer c = victim();
    var members = new ArrayList<RoomClient>();
    for (int i = 0; i < 100; i++) {
      members.add(client("m" + i, c, "many"));
    }
    Load load = load("many", a, b); // only now, so that they need not hear it while they enter
    RoomClient observer = load.listener(a);
    long killed = System.nanoTime();
    c.kill();
    RoomClient.await(
        "all have left",
        () ->
            observer.moves().stream().filter(each -> each.text().contains("left")).count()
                >= members.size());
    Faults.note(
        "a server with 100 members killed",
        "members stayed for %.1f s".formatted((System.nanoTime() - killed) / 1e9));
    load.judge("a server with 100 members killed").isWhole().isAnswered();
    for (RoomClient member : members) {
      assertThat(observer.moves("left", member.id())).as("%s", member).isEqualTo(1);
    }
  }

  @Test
  void a_server_that_was_suspended_joins_again() throws Exception {
    Peer c = victim();
    Load load = load("stopped", a, c);
    List<RoomClient> there = load.at(c);
    c.pause();
    load.hold(Duration.ofSeconds(6), c::unpause);
    load.judge("one server stopped 6 s").isWhole().isAnswered().isHealedWithin(5);
    assertThat(there).noneMatch(RoomClient::ended);
    assertLeftAndEnteredOnce(load.listener(a), there);
    assertThat(load.listener(a).members()).containsAll(there.stream().map(RoomClient::id).toList());
  }

  @Test
  void a_server_that_shuts_down_delivers_all_confirmed_messages() throws Exception {
    Peer c = victim();
    Load load = load("terminated", a, b, c);
    List<RoomClient> there = load.at(c);
    long terminated = System.nanoTime();
    c.terminate();
    load.gone(c);
    RoomClient.await(
        "the end of all connections", () -> there.stream().allMatch(RoomClient::ended));
    for (RoomClient each : there) {
      assertThat(each.closing()).as("%s", each).isNotNull();
      assertThat(LineClient.encoded(each.closing()))
          .contains("\"reason\":\"server shutdown\"", "\"reconnectAfter\":");
    }
    RoomClient observer = load.listener(a);
    RoomClient.await(
        "all have left",
        () -> there.stream().allMatch(each -> observer.moves("left", each.id()) > 0));
    double seconds = (System.nanoTime() - terminated) / 1e9;
    Faults.note("one of three shut down", "members stayed for %.1f s".formatted(seconds));
    assertThat(c.status()).isZero();
    load.judge("one of three shut down").isWhole().isHealedWithin(2);
    there.forEach(each -> assertThat(observer.moves("left", each.id())).isEqualTo(1));
    assertThat(observer.members())
        .doesNotContainAnyElementsOf(there.stream().map(RoomClient::id).toList());
    assertThat(seconds).isLessThan(2);
  }
}
