package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.protocol.Announcement;
import io.earshot.room.Shard;
import io.earshot.stats.Gauge;
import io.earshot.testing.HubEvent;
import io.earshot.testing.HubEvent.Kind;
import io.earshot.testing.TestServer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What must hold at the end of a {@link Simulation}, by the events that its hub recorded.
 *
 * <p>Owned by the test's thread.
 */
final class SimulationChecks {
  private final Simulation sim;
  private final List<HubEvent> events;

  SimulationChecks(Simulation sim) {
    this.sim = sim;
    this.events = sim.hub.events;
  }

  void checkAll() {
    checkMembers();
    sim.expected.forEach(this::checkReceived);
    checkPosts();
    checkAnnouncements();
  }

  private void checkReceived(Expected expected) {
    ClientStreams streams = expected.client.streams();
    for (HubEvent event : events) {
      if (expected.includes(event) && !streams.received().contains(event.at)) {
        assertThat(streams.isInGap(event)).as("missed %s by %s", event, expected).isTrue();
      }
    }
  }

  /** Each server gives the members that there are. */
  private void checkMembers() {
    for (String room : Simulation.ROOMS) {
      var owners = new TreeMap<String, String>();
      sim.clients.stream()
          .filter(client -> client.rooms().contains(room))
          .forEach(client -> owners.put(client.id(), sim.brokers.get(client.server()).owner()));
      assertThat(members(room, owners.keySet())).as("members of %s", room).isEqualTo(owners);
      for (TestServer server : sim.servers) {
        var members = new ArrayList<String>();
        var _ =
            EngineInside.rooms(server.earshot)
                .status(room, null)
                .thenAccept(status -> members.addAll(status.members()));
        sim.settle();
        members.removeIf(id -> !owners.containsKey(id) && isLeaveLost(room, id));
        assertThat(members).containsExactlyInAnyOrderElementsOf(owners.keySet());
      }
    }
  }

  /** The members by the hub, except those that are there only because their leave was lost. */
  private Map<String, String> members(String room, Set<String> inRoom) {
    var members = new HashMap<>(sim.hub.members(room));
    members.keySet().removeIf(id -> !inRoom.contains(id) && isLeaveLost(room, id));
    return members;
  }

  /**
   * Whether the hub lost that a client has left. No server corrects that if it was long ago, so
   * that it stays in the list.
   */
  private boolean isLeaveLost(String room, String id) {
    return events.reversed().stream()
        .filter(event -> event.kind != Kind.POSTED)
        .filter(event -> event.room.equals(room) && event.id.equals(id))
        .findFirst()
        .map(event -> event.kind == Kind.LEFT && event.isLost)
        .orElse(false);
  }

  /** Each text is posted once at most, at the place that its sender was answered with. */
  private void checkPosts() {
    var posted = new HashMap<String, List<HubEvent>>();
    for (HubEvent event : events) {
      if (event.kind == Kind.POSTED && !HubEvents.isAnnouncement(event)) {
        posted.computeIfAbsent(HubEvents.text(event), _ -> new ArrayList<>()).add(event);
      }
    }
    posted.forEach(
        (text, all) ->
            assertThat(all.stream().filter(event -> !event.isLost).count())
                .as("%s", all)
                .isLessThanOrEqualTo(1));
    sim.answered.forEach(
        (text, places) ->
            places.forEach(
                place ->
                    assertThat(posted.getOrDefault(text, List.of()))
                        .as("%s, answered with %s", text, place)
                        .anyMatch(event -> event.place.equals(place))));
  }

  /** Each join and each leave is announced once. */
  private void checkAnnouncements() {
    var joins = new HashMap<String, HubEvent>();
    var leaves = new HashMap<String, HubEvent>();
    for (HubEvent event : events) {
      if (event.kind != Kind.POSTED || !HubEvents.isAnnouncement(event)) {
        continue;
      }
      String id = HubEvents.from(event);
      String key = event.room + " " + id;
      List<Stay> stays = sim.stays.stream().filter(stay -> stay.includes(event, id)).toList();
      if (HubEvents.text(event).equals(Announcement.JOIN.text())) {
        checkJoin(event, joins.put(key, event), stays);
        leaves.remove(key);
      } else {
        checkLeave(event, leaves.put(key, event), stays);
        joins.remove(key);
      }
    }
  }

  private void checkJoin(HubEvent join, @Nullable HubEvent before, List<Stay> stays) {
    if (before != null) {
      HubEvent entry = lastEntry(join, before);
      boolean isForgotten = sim.forgottenAt.stream().anyMatch(at -> entry.at < at && at <= join.at);
      assertThat(isForgotten ? stays.stream().noneMatch(stay -> stay.isSure) : entry.isLost)
          .as("%s though it was a member since %s; stays: %s", join, before, stays)
          .isTrue();
    }
  }

  /**
   * The last time that a member entered before a join is announced: a list that was forgotten is
   * filled again without announcements, and may then be rolled back. A server cannot tell that from
   * a member that was taken out, since the room's order does not show it.
   */
  private HubEvent lastEntry(HubEvent join, HubEvent announced) {
    return events.subList(announced.at, join.at).reversed().stream()
        .filter(event -> event.kind == Kind.ENTERED && event.room.equals(join.room))
        .filter(event -> event.id.equals(HubEvents.from(join)))
        .findFirst()
        .orElse(announced);
  }

  private void checkLeave(HubEvent leave, @Nullable HubEvent before, List<Stay> stays) {
    assertThat(before == null || before.isLost || hasEnteredSince(before))
        .as("%s twice, %s", leave, before)
        .isTrue();
    // A member handed over to a server that has no hub for long leaves in between.
    boolean mayLeave =
        sim.hasReaped
            || sim.mayLeave.contains(HubEvents.from(leave))
            || (sim.canResume && sim.faults != Simulation.Faults.NONE);
    assertThat(!stays.isEmpty() && !mayLeave).as("%s though it is a member", leave).isFalse();
  }

  /** Whether a client has entered again, perhaps unannounced, since it was announced to leave. */
  private boolean hasEnteredSince(HubEvent leave) {
    return events.subList(leave.at, events.size()).stream()
        .filter(event -> event.kind == Kind.ENTERED && event.room.equals(leave.room))
        .anyMatch(event -> event.id.equals(HubEvents.from(leave)));
  }

  /** After all clients have left, servers and hub keep nothing of them. */
  void checkEmpty() {
    for (String room : Simulation.ROOMS) {
      assertThat(members(room, Set.of())).isEmpty();
    }
    for (TestServer server : sim.servers) {
      assertThat(EngineInside.connections(server.earshot).all()).isEmpty();
      for (Shard shard : EngineInside.rooms(server.earshot).shards()) {
        assertThat(shard.stats().get(Gauge.ROOMS)).isZero();
        Simulation.ROOMS.forEach(room -> assertThat(shard.roomIfAny(room)).as(room).isNull());
        long budget = EngineInside.config(server.earshot).limits().historyBytes();
        assertThat(shard.history().spare()).isEqualTo(budget / server.loops.size());
      }
    }
  }
}
