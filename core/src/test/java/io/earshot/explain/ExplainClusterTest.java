package io.earshot.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Explaining with several servers: each tells what it knows, and those that are silent are named.
 */
final class ExplainClusterTest {
  private static final User BOB = User.of("u7", "Bob", Map.of());

  private final TestCluster cluster =
      new TestCluster(
          Config.defaults()
              .with("rooms.announcements", false)
              .with("general.resumeWindow", Duration.ofSeconds(30))
              .with("commonWeb.cookieSecret", "the same for all of them"),
          2);

  private Guest bob(int server) {
    Guest bob = cluster.servers.get(server).guest(1, BOB, Transport.WEBSOCKET);
    cluster.settle();
    return bob;
  }

  private Json.Obj ask(int server, long offset) {
    CompletableFuture<Json.Obj> answer =
        cluster
            .servers
            .get(server)
            .earshot
            .explain(new Question("attic", offset, null, "u7", null, 0))
            .toCompletableFuture();
    cluster
        .servers
        .get(server)
        .runUntil(
            "the servers have explained it",
            () -> {
              cluster.settle();
              return answer.isDone();
            });
    return answer.join();
  }

  @Test
  void a_server_explains_what_a_client_of_another_server_received() {
    Guest speaker = cluster.guest(0, "10.0.0.1");
    cluster.ask(speaker, "roomChange attic");
    Guest bob = bob(1);
    cluster.ask(bob, "roomChange attic");
    assertThat(cluster.ask(speaker, "say one")).contains("OK");
    assertThat(cluster.ask(bob, "say two")).contains("OK");
    Json.Obj answer = ask(0, 1);
    assertThat(ExplainTestCase.told(answer))
        .startsWith("received: Bob (u7) received message 1 of attic at ")
        .contains("on connection " + bob.id());
    assertThat(String.valueOf(answer.get("events"))).contains("server1-");
    assertThat(ExplainTestCase.told(ask(0, 2))).startsWith("sender: ");
    assertThat(ExplainTestCase.told(ask(0, 3))).startsWith("no_such_message: ");
  }

  @Test
  void a_session_that_came_back_on_another_server_recovered_what_it_missed() {
    Guest speaker = cluster.guest(0, "10.0.0.1");
    cluster.ask(speaker, "roomChange attic");
    Guest bob = bob(1);
    String session = TestServer.session(bob.lines.getFirst());
    cluster.ask(bob, "roomChange attic");
    String known = ExplainTestCase.cursor(cluster.ask(speaker, "say one"));
    ExplainTestCase.lose(cluster.servers.get(1), bob);
    cluster.settle();
    cluster.ask(speaker, "say two");
    assertThat(ExplainTestCase.told(ask(0, 2))).startsWith("connection_lost: ");
    Guest back = bob(0);
    assertThat(cluster.ask(back, "resume " + session + " attic=" + known)).contains("OK");
    assertThat(ExplainTestCase.told(ask(1, 2)))
        .startsWith("recovered: ")
        .contains("back to its session with the cursor " + known);
    assertThat(ExplainTestCase.told(ask(1, 1))).startsWith("received: ");
  }

  @Test
  void a_server_that_does_not_answer_is_named() {
    Guest bob = bob(0);
    cluster.ask(bob, "roomChange attic");
    cluster.ask(bob, "say one");
    cluster.peers.get(1).disconnect();
    Json.Obj answer = ask(0, 1);
    assertThat(ExplainTestCase.told(answer))
        .startsWith("sender: ")
        .contains(" No answer came from server1-");
  }
}
