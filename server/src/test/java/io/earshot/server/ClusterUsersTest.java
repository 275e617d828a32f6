package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Three users with five connections each, on two servers as processes over a real Redis. Chance
 * decides who connects where, enters and leaves rooms, quits, is cut off and comes back. Then one
 * server is killed, and later it is back. The lists of users have to be the truth, which is what
 * the clients did; no server is asked for it.
 *
 * <p>The property {@code earshot.seed} chooses another run.
 */
@Tag("soak") // server/soak runs it
class ClusterUsersTest {
  private static final int SEED = Integer.getInteger("earshot.seed", 1);
  private static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";
  private static final Duration GRACE = Duration.ofMillis(300);
  private static final List<String> USERS = List.of("ada", "bob", "eve");
  private static final List<String> ROOMS = List.of("attic", "cellar");
  private static final int MOST_CONNECTIONS = 5;

  private static final String[] SETTINGS = {
    "redis.secret=a secret of the servers",
    "tokens.keys=" + KEY,
    "users.leaveGrace=" + GRACE.toMillis() + "ms"
  };

  /** How long a killed server's connections stay in lists: the lease, a fifth of it, and a beat. */
  private static final Duration GHOST_TIME =
      Peer.LEASE.plus(Peer.LEASE.dividedBy(5)).plusSeconds(1);

  private final Random random = new Random(SEED);
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<UserClient> clients = new ArrayList<>();
  private final List<Peer> peers = new ArrayList<>();
  private final HttpClient http = opened(HttpClient.newHttpClient());

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.add(resource);
    return resource;
  }

  private Peer start(String id, RedisServer redis) throws IOException, InterruptedException {
    return Peer.at(id, redis.url(), SETTINGS);
  }

  @Test
  void the_users_of_two_servers_are_those_that_are_connected_also_after_one_is_killed()
      throws Exception {
    RedisServer redis = opened(new RedisServer());
    ClusterFixture.start(() -> start("a", redis), () -> start("b", redis))
        .forEach(peer -> peers.add(opened(peer).connected()));
    Peer a = peers.getFirst();
    Peer b = peers.getLast();
    var watcher = new UserClient(a, null);
    ROOMS.forEach(room -> watcher.ask(Map.of("event", "listenToRoom", "room", room)));
    fill();
    check("all are there");
    act(60);
    check("after cuts");

    fill();
    check("all are there again");
    long killed = System.nanoTime();
    b.kill();
    peers.remove(b);
    List<UserClient> lost = clients.stream().filter(client -> client.peer == b).toList();
    clients.removeAll(lost);
    // Some of them are back before the others know of it.
    lost.stream().filter(_ -> random.nextBoolean()).forEach(each -> connect(each.user(), a));
    check("one server was killed");
    Faults.note(
        "three users on two servers, one killed",
        "lists were true after %.1f s".formatted((System.nanoTime() - killed) / 1e9));
    act(20);
    check("on the server that stayed");

    peers.add(opened(start("b", redis)).connected());
    fill();
    act(60);
    check("both servers are back");
    List.copyOf(clients).forEach(this::quit);
    check("all have gone");
    checkAnnouncements(watcher.moves);
  }

  private static String token(String user) {
    long end = System.currentTimeMillis() / 1000 + 3600;
    return new TokenKeys(List.of(KEY), "").sign(Map.of("sub", user, "exp", end));
  }

  // --- what clients do -------------------------------------------------------------------------

  /** Each user has all connections, spread over the servers. */
  private void fill() {
    for (String user : USERS) {
      while (count(user) < MOST_CONNECTIONS) {
        connect(user, peers.get(count(user) % peers.size()));
      }
    }
  }

  private int count(String user) {
    return (int) clients.stream().filter(client -> user.equals(client.user)).count();
  }

  private void act(int steps) {
    for (int i = 0; i < steps; i++) {
      if (clients.isEmpty()) {
        fill();
      }
      UserClient any = clients.get(random.nextInt(clients.size()));
      switch (random.nextInt(6)) {
        case 0 -> quit(any);
        case 1 -> cut(any);
        case 2 -> {
          cut(any);
          connect(
              any.user(), peers.get(random.nextInt(peers.size()))); // as a page that is reloaded
        }
        case 3 -> move(any);
        default -> {
          String user = USERS.get(random.nextInt(USERS.size()));
          if (count(user) < MOST_CONNECTIONS) {
            connect(user, peers.get(random.nextInt(peers.size())));
          }
        }
      }
    }
  }

  private void connect(String user, Peer peer) {
    var client = new UserClient(peer, user);
    clients.add(client);
    client.enter(ROOMS.getFirst());
    if (random.nextBoolean()) {
      client.enter(ROOMS.getLast());
    }
  }

  private void quit(UserClient client) {
    clients.remove(client);
    client.ask(Map.of("event", "quit"));
  }

  private void cut(UserClient client) {
    clients.remove(client);
    client.line.close();
  }

  private void move(UserClient client) {
    String room = ROOMS.get(random.nextInt(ROOMS.size()));
    if (client.rooms.remove(room)) {
      client.ask(Map.of("event", "roomLeave", "room", room));
    } else {
      client.enter(room);
    }
  }

  // --- the truth -------------------------------------------------------------------------------

  /** Waits for all lists to be true, within the time for which lost connections may stay. */
  private void check(String when) {
    for (Peer peer : peers) {
      for (String room : ROOMS) {
        var truth = new TreeMap<String, Long>();
        clients.stream()
            .filter(client -> client.rooms.contains(room))
            .forEach(client -> truth.merge(client.user(), 1L, Long::sum));
        long members = truth.values().stream().mapToLong(Long::longValue).sum();
        var viewer = new UserClient(peer, "zoe");
        viewer.enter(room);
        truth.put("zoe", 1L);
        var last = new ArrayList<Json.Obj>();
        Await.until(
            () -> when + ": " + truth + " in " + room + " on " + peer + ", not " + last,
            GHOST_TIME.plus(GRACE).plus(Await.LIMIT),
            () -> {
              last.clear();
              Json.Obj view = viewer.ask(Map.of("event", "roomView", "room", room));
              last.add((Json.Obj) view.get("roomStatus"));
              last.add(get(peer, "/rooms/" + room));
              return last.stream().allMatch(each -> isTrue(each, truth, members + 1));
            });
        viewer.ask(Map.of("event", "quit"));
      }
    }
  }

  private static boolean isTrue(Json.Obj status, Map<String, Long> truth, long members) {
    var counts = new TreeMap<String, Long>();
    if (status.get("users") instanceof Json.Array(List<Json> users)) {
      for (Json each : users) {
        var user = (Json.Obj) each;
        counts.put(JsonFields.text(user, "id"), JsonFields.number(user, "connections"));
      }
    }
    return counts.equals(truth)
        && JsonFields.number(status, "usersCount") == truth.size()
        && JsonFields.number(status, "membersCount") == members;
  }

  private Json.Obj get(Peer peer, String path) throws Exception {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + peer.httpPort() + path));
    return (Json.Obj) Json.parse(http.send(request.build(), BodyHandlers.ofString(UTF_8)).body());
  }

  /** The joins and leaves of each user take turns, and all users have left. */
  private static void checkAnnouncements(Collection<String> moves) {
    for (String room : ROOMS) {
      for (String user : USERS) {
        List<String> its =
            moves.stream().filter(each -> each.startsWith(room + " " + user + " ")).toList();
        for (int i = 0; i < its.size(); i++) {
          assertThat(its.get(i)).as("%s", its).endsWith(i % 2 == 0 ? "join" : "leave");
        }
        assertThat(its.size() % 2).as("%s", its).isZero();
      }
    }
  }

  /**
   * A connection of a user, or of nobody.
   *
   * <p>Thread-safe: two queues, which the connection's thread fills; the rest is the test's.
   */
  private final class UserClient implements ClientLine.Receiver {
    final Peer peer;
    final @Nullable String user;
    final Set<String> rooms = new HashSet<>();
    final ClientLine line;
    private final BlockingQueue<Json.Obj> answers = new LinkedBlockingQueue<>();

    /** The joins and leaves of users: the room, the user and the type. */
    final Queue<String> moves = new ConcurrentLinkedQueue<>();

    /** Connects, and logs in. */
    UserClient(Peer peer, @Nullable String user) {
      this.peer = peer;
      this.user = user;
      line = random.nextBoolean() ? ClientLine.tcp(peer, this) : ClientLine.webSocket(peer, this);
      if (user != null) {
        ask(Map.of("event", "login", "token", token(user)));
      }
    }

    String user() {
      return Objects.requireNonNull(user);
    }

    void enter(String room) {
      ask(Map.of("event", "roomAdd", "room", room));
      rooms.add(room);
    }

    Json.Obj ask(Map<String, ?> request) {
      try {
        line.send(LineClient.encoded(request));
        Json.Obj answer = answers.poll(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(answer).as("the answer to %s", request).isNotNull();
        assertThat(answer.get("error")).as("%s", request).isNull();
        return answer;
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(request.toString(), e);
      }
    }

    @Override
    public void text(String json) {
      try {
        var message = (Json.Obj) Json.parse(json);
        String type = JsonFields.text(message, "type");
        if (JsonFields.text(message, "context").equals("response")) {
          answers.add(message);
        } else if (!type.isEmpty() && message.get("user") != null) {
          String room = JsonFields.text(message, "room");
          moves.add(room + " " + JsonFields.text(message, "user", "id") + " " + type);
        }
      } catch (MalformedJsonException e) {
        throw new AssertionError(json, e);
      }
    }

    @Override
    public void end() {}
  }
}
