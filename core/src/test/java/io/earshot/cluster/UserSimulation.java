package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.UserPresence;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Announcement;
import io.earshot.protocol.PresentUser;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.User;
import io.earshot.testing.Hub;
import io.earshot.testing.HubBroker;
import io.earshot.testing.HubEvent;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One to three servers, and users with several connections. Chance decides who connects where,
 * which rooms a connection enters and leaves, who logs in, whose connection breaks, which server
 * loses the hub, is taken for dead or is killed, and what runs next. The truth is what the clients
 * did; no server is asked for it.
 *
 * <p>Owned by the test's thread. A seed always gives the same run.
 */
final class UserSimulation {
  private static final List<Transport> TRANSPORTS =
      List.of(Transport.TCP, Transport.WEBSOCKET, Transport.STREAM);

  private static final List<String> ROOMS = List.of("defaultRoom", "attic", "cellar");
  private static final List<User> USERS =
      List.of(
          User.of("ada", "Ada", Map.of()),
          User.of("bob", null, Map.of()),
          User.of("eve", "Eve", Map.of()));
  private static final int MOST_CONNECTIONS = 5;
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Random random;
  private final boolean isFaulty;
  private final boolean losesData;
  private final Hub hub = Hub.manual();
  private final List<TestServer> servers = new ArrayList<>();

  /** The broker of each server; empty for a lone server. */
  private final List<HubBroker> brokers = new ArrayList<>();

  private final Set<TestServer> killed = new HashSet<>();
  private final List<Client> clients = new ArrayList<>();

  /** Hears the announcements of a lone server. */
  private @Nullable Guest watcher;

  /** A connection, as its client knows it. */
  private static final class Client {
    final TestServer server;
    final Guest guest;
    @Nullable User user;
    final List<String> rooms = new ArrayList<>(List.of("defaultRoom"));

    Client(TestServer server, Guest guest, @Nullable User user) {
      this.server = server;
      this.guest = guest;
      this.user = user;
    }
  }

  /**
   * A run that has not begun.
   *
   * @param count how many servers there are
   */
  UserSimulation(int seed, int count) {
    random = new Random(seed);
    isFaulty = count > 1 && seed % 3 > 0;
    losesData = count > 1 && seed % 6 == 5;
    hub.hasSeparateAnswers = true;
    for (int i = 0; i < count; i++) {
      var server =
          new TestServer(
              1 + random.nextInt(2),
              Config.defaults()
                  .with("general.id", "server" + i)
                  .with("users.leaveGrace", GRACE)
                  .with("general.resumeWindow", seed % 2 == 0 ? "3s" : "0s")
                  .with("commonWeb.cookieSecret", "the same for all of them"));
      servers.add(server);
      if (count > 1) {
        HubBroker broker = hub.broker();
        server.earshot.join(broker);
        broker.connect();
        brokers.add(broker);
      }
    }
    if (count == 1) {
      watcher = servers.getFirst().guest();
      ROOMS.forEach(room -> watcher.send("listenToRoom " + room));
    }
  }

  void run() {
    for (int i = 0; i < 600; i++) {
      act();
    }
    finish();
    check();
    List.copyOf(clients).forEach(this::quit);
    finish();
    check();
    killed.forEach(TestServer::settle); // so that they release their buffers
  }

  private void act() {
    switch (random.nextInt(20)) {
      case 0, 1 -> connect();
      case 2, 3, 4 -> any(this::move);
      case 5 -> any(this::identify);
      case 6 -> any(this::lose);
      case 7 -> any(random.nextInt(3) == 0 ? this::quit : this::lose);
      case 8 -> {
        if (random.nextInt(4) == 0) {
          pass(Duration.ofMillis(random.nextInt(4_000)));
        }
      }
      case 9 -> {
        if (isFaulty && random.nextInt(3) == 0) {
          fail();
        }
      }
      case 10 -> {
        if (isFaulty) {
          reconnect(random.nextInt(brokers.size()));
        }
      }
      default -> {
        for (int steps = random.nextInt(8); steps > 0; steps--) {
          step();
        }
      }
    }
  }

  // --- what clients do -------------------------------------------------------------------------

  private void any(Consumer<Client> task) {
    if (!clients.isEmpty()) {
      task.accept(clients.get(random.nextInt(clients.size())));
    }
  }

  private void connect() {
    List<TestServer> alive = servers.stream().filter(each -> !killed.contains(each)).toList();
    TestServer server = alive.get(random.nextInt(alive.size()));
    int loop = random.nextInt(server.loops.size());
    if (random.nextInt(5) == 0) {
      clients.add(new Client(server, server.guest(loop, TestServer.Lines.ONE), null));
      return;
    }
    User user = USERS.get(random.nextInt(USERS.size()));
    if (clients.stream().filter(each -> user.equals(each.user)).count() < MOST_CONNECTIONS) {
      Transport transport = TRANSPORTS.get(random.nextInt(TRANSPORTS.size()));
      clients.add(new Client(server, server.guest(loop, user, transport), user));
    }
  }

  private void move(Client client) {
    String room = ROOMS.get(random.nextInt(ROOMS.size()));
    if (!client.rooms.contains(room)) {
      if (random.nextBoolean()) {
        client.guest.send("{\"event\":\"roomAdd\",\"room\":\"%s\"}".formatted(room));
      } else {
        client.guest.send("roomChange " + room);
        client.rooms.removeFirst();
        client.rooms.addFirst(room);
        return;
      }
      client.rooms.add(room);
    } else if (!room.equals(client.rooms.getFirst())) {
      client.guest.send("{\"event\":\"roomLeave\",\"room\":\"%s\"}".formatted(room));
      client.rooms.remove(room);
    } else {
      client.guest.send("roomChange " + room); // leaves, and joins again
    }
  }

  private void identify(Client client) {
    client.user = client.user != null ? null : USERS.get(random.nextInt(USERS.size()));
    client.guest.identify(client.user);
  }

  private void lose(Client client) {
    clients.remove(client);
    client.guest.loop.run(client.guest.intake::gone);
  }

  private void quit(Client client) {
    clients.remove(client);
    client.guest.send("quit");
  }

  // --- faults ----------------------------------------------------------------------------------

  private void fail() {
    if (losesData && random.nextInt(3) == 0) {
      brokers.forEach(this::disconnect);
      hub.forgetAll();
      return;
    }
    int i = random.nextInt(brokers.size());
    TestServer server = servers.get(i);
    disconnect(brokers.get(i));
    if (random.nextInt(3) == 0) {
      String name = EngineInside.rooms(server.earshot).server();
      if (killed.size() < servers.size() - 1 && random.nextInt(3) == 0 && killed.add(server)) {
        clients.removeIf(each -> each.server == server);
      }
      for (int steps = random.nextInt(40); steps > 0; steps--) {
        step();
      }
      hub.reap(name);
    }
  }

  private void disconnect(HubBroker broker) {
    if (broker.isUp()) {
      broker.disconnect();
    }
  }

  private void reconnect(int i) {
    if (!brokers.get(i).isUp() && !killed.contains(servers.get(i))) {
      brokers.get(i).connect();
    }
  }

  // --- time ------------------------------------------------------------------------------------

  private void step() {
    int i = random.nextInt(servers.size());
    if (killed.contains(servers.get(i))) {
      return;
    }
    if (!brokers.isEmpty() && random.nextBoolean()) {
      HubBroker broker = brokers.get(i);
      if (broker.isUp() && random.nextInt(20) == 0) {
        broker.renewLease(1 + random.nextInt(2));
      }
      runOne(List.of(broker.asked, broker.told, broker.answered).get(random.nextInt(3)));
    } else {
      servers.get(i).step(random);
    }
  }

  private static boolean runOne(Queue<Runnable> due) {
    Runnable next = due.poll();
    if (next != null) {
      next.run();
    }
    return next != null;
  }

  private void settle() {
    boolean any = true;
    while (any) {
      any = false;
      for (int i = 0; i < servers.size(); i++) {
        if (killed.contains(servers.get(i))) {
          continue;
        }
        if (!brokers.isEmpty()) {
          HubBroker broker = brokers.get(i);
          any |= runOne(broker.asked);
          any |= runOne(broker.answered);
          any |= runOne(broker.told);
        }
        for (ManualLoop loop : servers.get(i).loops) {
          any |= loop.runOne();
        }
      }
    }
  }

  private void pass(Duration time) {
    servers.stream().filter(each -> !killed.contains(each)).forEach(each -> each.pass(time));
  }

  /** Lets all servers reach the hub, the grace of lost connections end, and lists be compared. */
  private void finish() {
    for (int i = 0; i < brokers.size(); i++) {
      reconnect(i);
    }
    settle();
    for (int i = 0; i < 4; i++) {
      pass(GRACE);
      settle();
      brokers.stream().filter(HubBroker::isUp).forEach(broker -> broker.renewLease(1));
      settle();
    }
  }

  // --- the truth -------------------------------------------------------------------------------

  private void check() {
    for (String room : ROOMS) {
      var truth = new TreeMap<String, Integer>();
      clients.stream()
          .filter(client -> client.rooms.contains(room))
          .forEach(client -> count(client.user, truth));
      for (TestServer server : servers) {
        if (!killed.contains(server)) {
          RoomStatus status = status(server, room);
          assertThat(counts(status)).as("users in %s", room).isEqualTo(truth);
          assertThat(status.usersCount()).isEqualTo(truth.size());
        }
      }
      if (!losesData) {
        checkAnnouncements(room, truth.keySet());
      }
    }
    USERS.forEach(this::checkOnline);
  }

  private static void count(@Nullable User user, Map<String, Integer> to) {
    if (user != null) {
      to.merge(user.id(), 1, Integer::sum);
    }
  }

  private static Map<String, Integer> counts(RoomStatus status) {
    var counts = new TreeMap<String, Integer>();
    for (PresentUser each : status.users()) {
      counts.put(each.user().id(), each.connections());
    }
    return counts;
  }

  private RoomStatus status(TestServer server, String room) {
    CompletableFuture<RoomStatus> status =
        EngineInside.rooms(server.earshot).status(room, null).toCompletableFuture();
    settle();
    return status.join();
  }

  /** The joins and leaves of each user take turns, and the last one says whether it is there. */
  private void checkAnnouncements(String room, Set<String> present) {
    var there = new HashMap<String, Boolean>();
    for (String announced : announced(room)) {
      String id = announced.substring(0, 3);
      boolean isJoin = announced.endsWith(Announcement.JOIN.type());
      boolean wasThere = Boolean.TRUE.equals(there.put(id, isJoin));
      assertThat(wasThere).as("%s in %s", announced, room).isNotEqualTo(isJoin);
    }
    var last = new HashSet<String>();
    there.forEach((id, isThere) -> add(id, isThere, last));
    assertThat(last).as("those who joined %s", room).isEqualTo(present);
  }

  private static void add(String id, boolean isThere, Set<String> last) {
    if (isThere) {
      last.add(id);
    }
  }

  /** What was announced of users in a room: the user's id, and the type. */
  private List<String> announced(String room) {
    var announced = new ArrayList<String>();
    if (watcher != null) {
      for (String line : watcher.lines) {
        if (line.contains("\"room\":\"" + room) && line.contains("\"user\":{\"id\":\"")) {
          String id = line.replaceAll(".*\"user\":\\{\"id\":\"(...).*", "$1");
          announced.add(id + " " + line.replaceAll(".*\"type\":\"(\\w+)\".*", "$1"));
        }
      }
      return announced;
    }
    for (HubEvent event : hub.events) {
      if (event.post != null && event.post.user() != null && event.room.equals(room)) {
        Announcement what = event.post.announcement();
        announced.add(event.post.user().id() + " " + (what == null ? "" : what.type()));
      }
    }
    return announced;
  }

  private void checkOnline(User user) {
    long count = clients.stream().filter(client -> user.equals(client.user)).count();
    var known = new HashSet<String>();
    clients.stream()
        .filter(client -> user.equals(client.user))
        .forEach(client -> known.add(client.guest.id() + " " + client.rooms));
    for (TestServer server : servers) {
      if (killed.contains(server)) {
        continue;
      }
      CompletableFuture<UserPresence> found =
          server.earshot.api().users().find(user.id()).toCompletableFuture();
      settle();
      UserPresence presence = found.join();
      assertThat(presence.count()).isEqualTo((int) count);
      var listed = new HashSet<String>();
      presence.connections().forEach(each -> listed.add(each.id() + " " + each.rooms()));
      assertThat(listed).isEqualTo(known);
      assertThat(presence.isComplete()).isEqualTo(killed.isEmpty());
    }
  }
}
