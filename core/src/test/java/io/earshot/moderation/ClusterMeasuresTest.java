package io.earshot.moderation;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Measure;
import io.earshot.Target;
import io.earshot.protocol.Json;
import io.earshot.testing.HubBroker;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Measures on several servers. */
final class ClusterMeasuresTest extends ModerationTestCase {
  @Test
  void measures_are_in_force_on_all_servers_and_on_those_that_start_later() {
    var cluster = new TestCluster(config(), 2);
    Guest guest = cluster.guest(1, "192.0.2.7");
    Guest loud = cluster.guest(1, "192.0.2.9");
    Measure ban =
        cluster.done(cluster.moderation(0).ban(Target.address("192.0.2.7"), HOUR, "spam"));
    cluster.done(cluster.moderation(0).mute(new Target.Id(loud.id()), null, HOUR, ""));
    cluster.done(cluster.moderation(1).closeRoom("attic", HOUR, ""));
    assertThat(isOut(guest)).isTrue();
    loud.send("say hey");
    cluster.settle();
    assertThat(loud.hear()).last().asString().contains("you are muted until");
    cluster.add();
    for (int at = 0; at < 3; at++) {
      assertThat(cluster.moderation(at).bans()).containsExactly(ban);
      assertThat(cluster.moderation(at).mutes()).hasSize(1);
      assertThat(cluster.moderation(at).closures()).hasSize(1);
      assertThat(isOut(cluster.guest(at, "192.0.2.7"))).isTrue();
    }
    assertThat(cluster.done(cluster.moderation(2).lift(ban.id()))).isTrue();
    cluster.add();
    for (int at = 0; at < 4; at++) {
      assertThat(cluster.moderation(at).bans()).isEmpty();
      assertThat(isOut(cluster.guest(at, "192.0.2.7"))).isFalse();
    }
  }

  @Test
  void a_server_that_reconnects_learns_the_measures_it_missed_and_publishes_its_own() {
    var cluster = new TestCluster(config(), 2);
    Measure old = cluster.done(cluster.moderation(0).ban(new Target.Id("old"), HOUR, ""));
    Guest guest = cluster.guest(1, "192.0.2.7");
    cluster.peers.get(1).disconnect();
    var here = cluster.moderation(0).ban(Target.address("192.0.2.7"), HOUR, "");
    var there = cluster.moderation(1).ban(Target.address("192.0.2.6"), HOUR, "");
    var lifted = cluster.moderation(1).lift(old.id());
    cluster.settle();
    assertThat(here.toCompletableFuture()).isCompleted();
    assertThat(there.toCompletableFuture()).isCompletedExceptionally();
    assertThat(lifted.toCompletableFuture()).isCompletedExceptionally();
    assertThat(isOut(cluster.guest(1, "192.0.2.6"))).as("it holds here").isTrue();
    assertThat(isOut(guest)).isFalse();
    cluster.peers.get(1).connect();
    cluster.settle();
    assertThat(isOut(guest)).isTrue();
    assertThat(isOut(cluster.guest(0, "192.0.2.6"))).isTrue();
    for (int at = 0; at < 2; at++) {
      assertThat(cluster.moderation(at).bans()).hasSize(2).doesNotContain(old);
    }
  }

  @Test
  void measures_that_the_broker_has_lost_are_published_again_once() {
    var cluster = new TestCluster(config(), 3);
    Measure ban = cluster.done(cluster.moderation(0).ban(new Target.Id("a"), HOUR, ""));
    cluster.done(cluster.moderation(1).ban(new Target.Id("b"), HOUR, ""));
    cluster.peers.forEach(HubBroker::disconnect);
    cluster.hub.forgetAll();
    cluster.peers.forEach(HubBroker::connect);
    cluster.settle();
    long told = cluster.hub.events.stream().filter(deed -> !deed.isLost).count();
    assertThat(told).as("told once, however many know it").isEqualTo(2);
    cluster.add();
    assertThat(cluster.moderation(3).bans()).hasSize(2).contains(ban);
  }

  @Test
  void a_long_measure_is_not_pushed_out_of_the_log_by_many_short_ones() {
    var cluster = new TestCluster(config().with("admin.measures", 20), 2);
    cluster.hub.maxRemembered = Measures.remembered(20);
    Measure ban = cluster.done(cluster.moderation(0).ban(new Target.Id("a"), HOUR, ""));
    for (int i = 0; i < 3 * Measures.remembered(20); i++) {
      int at = i % 2;
      Measure brief = cluster.done(cluster.moderation(at).ban(new Target.Id("b"), HOUR, ""));
      cluster.done(cluster.moderation(at).lift(brief.id()));
    }
    cluster.add();
    assertThat(cluster.moderation(2).bans()).containsExactly(ban);
  }

  @Test
  void a_lifted_measure_is_never_in_force_again_in_whatever_order_facts_arrive() {
    Measure ban = ban(new Target.Id("a"));
    done(moderation().lift(ban.id()));
    ((Moderator) moderation())
        .learn(ban.toJson(), 7, 0); // published again by a server that did not know
    assertThat(moderation().bans()).isEmpty();
    var other = new TestServer(1, config()).earshot.api().moderation();
    ((Moderator) other).learn(Json.from(Map.of("lift", ban.id())), 1, 0);
    ((Moderator) other).learn(ban.toJson(), 2, 0);
    assertThat(other.bans()).isEmpty();
    ((Moderator) other).learn(Json.of("what is no measure"), 3, 0);
    ((Moderator) other)
        .learn(Json.from(Map.of("id", "x", "kind", "spell", "reason", "", "until", 1)), 4, 0);
    assertThat(other.bans()).isEmpty();
  }
}
