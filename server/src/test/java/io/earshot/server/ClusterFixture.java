package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.redis.Link;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * Two servers as processes, and a real Redis, for the tests of one class. Each test has a room of
 * its own.
 *
 * <p>Owned by the test's thread.
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class ClusterFixture {
  static final String UNREACHABLE = "Error: the cluster cannot be reached";
  static final String[] SETTINGS = {
    "redis.secret=a secret of the servers",
    "general.resumeWindow=10s",
    "commonWeb.httpClientMessageTTL=30s", // cookies and sessions are signed with a shared secret
  };

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final List<AutoCloseable> openedOnce = new ArrayList<>();
  private final AtomicInteger ids = new AtomicInteger();
  private @Nullable Peer victim;

  @SuppressWarnings("NullAway.Init")
  RedisServer redis;

  @SuppressWarnings("NullAway.Init")
  Peer a;

  @SuppressWarnings("NullAway.Init")
  Peer b;

  @BeforeAll
  void startServers() throws Exception {
    redis = once(new RedisServer());
    List<Peer> both = start(() -> behindLink("a"), () -> behindLink("b"));
    a = once(both.get(0)).connected();
    b = once(both.get(1)).connected();
    awaitWorking(a);
    awaitWorking(b);
  }

  /** A server that has just started on a busy machine may lose its first lease once more. */
  private static void awaitWorking(Peer peer) throws Exception {
    try (var first = new RoomClient("first", peer, "first")) {
      Await.until("a say is answered", () -> first.say("hello").get("error") == null);
    }
  }

  @AfterAll
  void stopServers() throws Exception {
    Faults.write(getClass().getSimpleName());
    close(openedOnce);
  }

  @AfterEach
  void restoreLinks() throws Exception {
    close(opened);
    a.link().restore();
    b.link().restore();
  }

  private static void close(List<AutoCloseable> all) throws Exception {
    for (AutoCloseable each : all.reversed()) {
      each.close();
    }
    all.clear();
  }

  /** Closes a resource at the end of the test. */
  <T extends AutoCloseable> T with(T resource) {
    opened.add(resource);
    return resource;
  }

  private <T extends AutoCloseable> T once(T resource) {
    openedOnce.add(resource);
    return resource;
  }

  /** Starts a process, which takes a while. */
  interface Start<T> {
    T run() throws Exception;
  }

  /** Starts several processes at the same time. */
  @SafeVarargs
  static <T> List<T> start(Start<T>... starts) throws Exception {
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
      var started = new ArrayList<Future<T>>();
      for (Start<T> each : starts) {
        started.add(threads.submit(each::run));
      }
      var all = new ArrayList<T>();
      for (Future<T> each : started) {
        all.add(each.get());
      }
      return all;
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private Peer behindLink(String id) throws IOException, InterruptedException {
    return Peer.behind(id, new Link(redis.port()), SETTINGS);
  }

  /** A third server, which a test may kill; the next test gets a new one then. */
  Peer victim() throws IOException, InterruptedException {
    if (victim == null || !victim.isAlive()) {
      victim = once(behindLink("c" + ids.incrementAndGet())).connected();
    }
    return victim;
  }

  /** Clients of these servers that speak in a room. */
  Load load(String room, Peer... peers) throws InterruptedException {
    return with(new Load(room, List.of(peers), true));
  }

  /** The same for a Redis that loses message ids: no client repeats a refused message. */
  Load loadWithoutRepeats(String room, Peer... peers) throws InterruptedException {
    return with(new Load(room, List.of(peers), false));
  }

  RoomClient client(String name, Peer peer, String room) {
    return with(new RoomClient(name, peer, room));
  }

  /** Each of these members has entered, left, and entered again, as the observer received it. */
  static void assertLeftAndEnteredOnce(RoomClient observer, List<RoomClient> members)
      throws InterruptedException {
    for (RoomClient member : members) {
      RoomClient.comes(
          Duration.ofSeconds(5),
          () -> {
            List<RoomClient.Received> moves = observer.moves();
            return !moves.isEmpty() && observer.moves("entered", member.id()) == 2;
          });
      List<String> moves =
          observer.moves().stream()
              .filter(each -> each.from().equals(member.id()))
              .map(each -> each.text().contains("left") ? "left" : "entered")
              .toList();
      assertThat(moves).as("%s", member).containsExactly("entered", "left", "entered");
    }
  }
}
