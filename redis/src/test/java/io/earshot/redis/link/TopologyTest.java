package io.earshot.redis.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisCommandExecutionException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the nodes of a Redis Cluster say about slots. */
final class TopologyTest {
  private static Topology topology(String... views) {
    return Topology.of(
        List.of(views).stream().map(view -> new Topology.View("asked", view)).toList());
  }

  private static Node owner(Topology topology, int slot) {
    String id = Objects.requireNonNull(topology.owner(slot));
    return topology.masters().stream()
        .filter(each -> each.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void the_slots_of_masters_are_read_with_every_form_of_address() {
    Topology topology =
        topology(
            """
            a1 127.0.0.1:7000@17000,one.example myself,master - 0 0 1 connected 0-99 200 [150->-b2]
            b2 ::1:7001@17001,,shard-id=x master,fail? - 0 0 2 connected 100-199
            c3 10.0.0.3:7002 slave a1 0 0 1 connected
            d4 :0@0 master,noaddr - 0 0 3 disconnected 201
            e5 :7005@17005 master - 0 0 0 connected
            """);
    assertThat(owner(topology, 99)).isEqualTo(new Node("a1", "127.0.0.1", 7000, "one.example"));
    assertThat(owner(topology, 200).id()).isEqualTo("a1");
    assertThat(owner(topology, 150)).isEqualTo(new Node("b2", "::1", 7001, ""));
    assertThat(topology.owner(201)).isNull();
    assertThat(topology.missingSlots()).isEqualTo(16_384 - 201);
    assertThat(topology.masters()).extracting(Node::id).containsOnly("a1", "b2", "e5");
    assertThat(topology.masters()).contains(new Node("e5", "asked", 7005, ""));
  }

  @Test
  void a_master_that_was_replaced_and_does_not_know_does_not_get_its_slots_back() {
    String stale =
        """
        a1 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-16383
        b2 127.0.0.1:7001@17001 slave a1 0 0 1 connected
        """;
    String latest =
        """
        a1 127.0.0.1:7000@17000 master,fail - 0 0 1 disconnected
        b2 127.0.0.1:7001@17001 myself,master - 0 0 4 connected 0-16383
        """;
    for (Topology topology : List.of(topology(stale, latest), topology(latest, stale))) {
      assertThat(owner(topology, 7).id()).isEqualTo("b2");
    }
  }

  private static @Nullable Redirection redirection(String error) {
    return Redirection.of(new RedisCommandExecutionException(error));
  }

  @Test
  void redirections_are_told_from_other_errors() {
    assertThat(redirection("MOVED 3999 127.0.0.1:6381"))
        .isEqualTo(new Redirection(Redirection.Kind.MOVED, "127.0.0.1", 6381));
    assertThat(redirection("ASK 3999 ::1:6381"))
        .isEqualTo(new Redirection(Redirection.Kind.ASK, "::1", 6381));
    assertThat(redirection("TRYAGAIN Multiple keys request during rehashing of slot"))
        .isEqualTo(new Redirection(Redirection.Kind.TRY_AGAIN, "", 0));
    assertThat(redirection("MOVED")).isNull();
    assertThat(redirection("MOVED 1 x:99999999")).isNull();
    assertThat(redirection("CLUSTERDOWN The cluster is down")).isNull();
    assertThat(Redirection.of(new IllegalStateException("MOVED 1 x:1"))).isNull();
  }
}
