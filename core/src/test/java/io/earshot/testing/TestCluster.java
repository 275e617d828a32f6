package io.earshot.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Moderation;
import io.earshot.Transport;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Servers that share their rooms, without sockets, threads or Redis.
 *
 * <p>Owned by the test's thread.
 */
public final class TestCluster {
  public final Hub hub = Hub.manual();

  /** The servers, in the order in which they joined. */
  public final List<TestServer> servers = new ArrayList<>();

  /** The broker of each server. */
  public final List<HubBroker> peers = new ArrayList<>();

  private final Config config;

  public TestCluster(Config config, int count) {
    this(config, count, _ -> {});
  }

  /** The same with a hub that the test prepares. */
  public TestCluster(Config config, int count, Consumer<Hub> prepare) {
    this.config = config;
    prepare.accept(hub);
    IntStream.range(0, count).forEach(_ -> add());
  }

  /** Adds one more server, and lets it join the others. */
  public TestServer add() {
    return add(Duration.ZERO);
  }

  /**
   * The same, with a wall clock that is fast by some time.
   *
   * @param fast by how much; negative for a slow clock
   */
  public TestServer add(Duration fast) {
    var added = new TestServer(2, config.with("general.id", "server" + servers.size()));
    added.setClock(fast);
    if (servers.isEmpty()) {
      hub.clock = added::elapsed;
    }
    HubBroker peer = hub.broker();
    added.earshot.join(peer);
    peer.connect();
    servers.add(added);
    peers.add(peer);
    settle();
    return added;
  }

  /** Lets everything happen that is due on any server or between them. */
  public void settle() {
    do {
      for (HubBroker peer : peers) {
        run(peer.asked.poll());
        run(peer.told.poll());
        run(peer.answered.poll());
      }
      servers.forEach(TestServer::settle);
    } while (!hub.isIdle());
  }

  /** Lets time pass on all servers, and everything happen that is due by then. */
  public void pass(Duration time) {
    servers.forEach(server -> server.pass(time));
    settle();
  }

  private static void run(@Nullable Runnable task) {
    if (task != null) {
      task.run();
    }
  }

  /** The moderation of the server with an index. */
  public Moderation moderation(int server) {
    return servers.get(server).earshot.api().moderation();
  }

  /** What a stage gives once everything has happened; it must be complete by then. */
  public <T> T done(CompletionStage<T> stage) {
    settle();
    CompletableFuture<T> future = stage.toCompletableFuture();
    assertThat(future).isDone();
    return future.join();
  }

  /** A client that connects from an address by WebSocket, to the server with an index. */
  public Guest guest(int server, String address) {
    Guest guest = servers.get(server).guest(address, Transport.WEBSOCKET, "defaultRoom", null);
    settle();
    return guest;
  }

  /** Sends a line, lets everything happen, and gives the last answer. */
  public String ask(Guest guest, String line) {
    guest.hear();
    guest.send(line);
    for (int i = 0; i < 4; i++) {
      settle(); // servers also give tasks to each other
    }
    return guest.lines.stream()
        .filter(each -> each.contains("\"context\":\"response\""))
        .reduce((_, last) -> last)
        .orElse("");
  }
}
