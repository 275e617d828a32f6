package io.earshot.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Moderation;
import io.earshot.Transport;
import io.earshot.testing.TestServer.Guest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Servers that share their rooms, without sockets, threads or Redis.
 *
 * <p>Owned by the test's thread.
 */
public final class TestCluster {
  public final Hub hub = Hub.manual();
  public final List<TestServer> houses = new ArrayList<>();
  public final List<Hub.Peer> peers = new ArrayList<>();
  private final Config config;

  public TestCluster(Config config, int count) {
    this.config = config;
    IntStream.range(0, count).forEach(_ -> build());
  }

  public TestServer build() {
    var built = new TestServer(2, config.with("general.id", "server" + houses.size()));
    Hub.Peer peer = hub.broker();
    built.earshot.join(peer);
    peer.connect();
    houses.add(built);
    peers.add(peer);
    settle();
    return built;
  }

  public void settle() {
    do {
      for (Hub.Peer peer : peers) {
        run(peer.asked.poll());
        run(peer.told.poll());
        run(peer.answered.poll());
      }
      houses.forEach(TestServer::settle);
    } while (!hub.isIdle());
  }

  private static void run(@Nullable Runnable task) {
    if (task != null) {
      task.run();
    }
  }

  public Moderation moderation(int at) {
    return houses.get(at).earshot.api().moderation();
  }

  public <T> T done(CompletionStage<T> stage) {
    settle();
    CompletableFuture<T> future = stage.toCompletableFuture();
    assertThat(future).isDone();
    return future.join();
  }

  public Guest guest(int at, String address) {
    Guest guest = houses.get(at).guest(address, Transport.WEBSOCKET, "defaultRoom", null);
    settle();
    return guest;
  }
}
