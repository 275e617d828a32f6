package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.RoomStatus;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.stats.Gauge;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * One random run. Chance decides which client says something, to whom, which client changes its
 * rooms, which connection breaks and when the server notices, how the client comes back, and which
 * loop runs next.
 */
final class ResumeSimulation {
  static final String HOME = "defaultRoom";

  /** The rooms that {@link #witness} listens to all the time, so that their record is complete. */
  static final List<String> WITNESSED = List.of(HOME, "attic", "cellar");

  static final List<String> ROOMS = List.of(HOME, "attic", "cellar", "hut", "shed");
  static final List<String> GROUPS = List.of("red", "blue");

  static final Duration WINDOW = Duration.ofSeconds(30);
  static final Duration HISTORY_AGE = Duration.ofSeconds(60);
  private static final int HISTORY_MESSAGES = 12;
  private static final int MAX_DETACHED = 40;

  final Random random;
  final TestServer server;
  final RoomRecord record;
  private final boolean announcements;
  private final List<SimulatedClient> clients = new ArrayList<>();
  private final List<Guest> connections = new ArrayList<>();

  /** Connections that are broken, which the server has not noticed. */
  private final List<Guest> unnoticed = new ArrayList<>();

  private final Guest witness;
  private int words;

  ResumeSimulation(int seed) {
    random = new Random(seed);
    announcements = seed % 2 == 0;
    int historyMessages = seed % 7 == 0 ? 0 : HISTORY_MESSAGES;
    record = new RoomRecord(Math.max(1, historyMessages));
    server =
        new TestServer(
            1 + seed % 3,
            Config.defaults()
                .with("rooms.announcements", announcements)
                .with("general.resumeWindow", WINDOW)
                .with("general.repeatWindow", Duration.ofMinutes(5))
                .with("limits.lostClients", MAX_DETACHED)
                .with("rooms.historyMessages", historyMessages)
                .with("rooms.historyAge", HISTORY_AGE));
    witness = connect();
    GROUPS.forEach(group -> witness.connection().set(group, "true"));
    WITNESSED.forEach(room -> witness.ask("listenToRoom " + room));
  }

  /** A new connection, on a random loop and wire. */
  Guest connect() {
    Guest guest =
        server.guest(
            random.nextInt(server.loops.size()), random.nextBoolean() ? Lines.ONE : Lines.TWO);
    connections.add(guest);
    return guest;
  }

  /** A text that no client has sent yet. */
  String nextWord() {
    return "w" + words++;
  }

  void run() {
    for (int i = 0; i < 5; i++) {
      clients.add(new SimulatedClient(this));
    }
    for (int i = 0; i < 700; i++) {
      SimulatedClient client = clients.get(random.nextInt(clients.size()));
      switch (random.nextInt(24)) {
        case 0, 1, 2, 3, 4, 5 -> client.say();
        case 6, 7 -> client.move();
        case 8 -> client.lose(random.nextBoolean());
        case 9 -> noticeLoss();
        case 10, 11 -> client.read(random.nextInt(12));
        case 12 -> {
          if (random.nextInt(12) == 0) {
            passLong(random.nextInt(4) == 0 ? HISTORY_AGE : WINDOW);
          }
        }
        case 13 -> server.pass(Duration.ofMillis(random.nextInt(500)));
        default -> server.step(random);
      }
    }
    server.settle();
    clients.forEach(SimulatedClient::finish);
    check();
    endAll();
  }

  /** Breaks a connection; the server notices now or later. */
  void disconnect(Guest guest, boolean isNoticed) {
    if (isNoticed) {
      guest.loop.run(guest.intake::gone);
    } else {
      unnoticed.add(guest);
    }
  }

  private void noticeLoss() {
    if (!unnoticed.isEmpty()) {
      disconnect(unnoticed.remove(random.nextInt(unnoticed.size())), true);
    }
  }

  /** Lets so much time pass that history may expire. */
  void passLong(Duration time) {
    record.mayHaveAged();
    server.pass(time);
  }

  Rooms rooms() {
    return EngineInside.rooms(server.earshot);
  }

  RoomStatus status(String room) {
    var status = new CompletableFuture<RoomStatus>();
    var _ = rooms().status(room, null).thenAccept(status::complete);
    server.settle();
    return Objects.requireNonNull(status.getNow(null));
  }

  /** All clients are connected and have read everything, and no session is detached any more. */
  private void check() {
    while (!unnoticed.isEmpty()) {
      noticeLoss();
    }
    server.pass(WINDOW);
    clients.forEach(SimulatedClient::readAll);
    connections.forEach(guest -> guest.lines.forEach(record::add));
    record.check();
    for (String room : ROOMS) {
      var members = new TreeSet<String>();
      clients.stream()
          .filter(client -> client.rooms().contains(room))
          .forEach(client -> members.add(client.id()));
      if (room.equals(HOME)) {
        members.add(witness.id());
      }
      assertThat(status(room).members())
          .as("members of %s", room)
          .containsExactlyInAnyOrderElementsOf(members);
      if (announcements && WITNESSED.contains(room)) {
        assertThat(
                RoomRecord.announced(room, room.equals(HOME) ? witness.id() : null, witness.lines))
            .isEqualTo(members);
      }
    }
  }

  /** All connections end, and nothing is left of them. */
  private void endAll() {
    for (Guest guest : connections) {
      if (random.nextBoolean()) {
        guest.send("quit");
      } else {
        disconnect(guest, true);
      }
    }
    server.settle();
    server.pass(WINDOW);
    assertThat(EngineInside.connections(server.earshot).all()).isEmpty();
    assertThat(rooms().shards())
        .allSatisfy(shard -> assertThat(shard.stats().get(Gauge.ROOMS)).isZero());
    server.pass(Duration.ofMinutes(6));
    server.pass(Duration.ofMinutes(6));
    long budget = EngineInside.config(server.earshot).limits().historyBytes();
    for (Shard shard : rooms().shards()) {
      ROOMS.forEach(room -> assertThat(shard.roomIfAny(room)).isNull());
      assertThat(shard.history().spare()).isEqualTo(budget / server.loops.size());
    }
    // No session is detached any more, since as many can be detached as at the start.
    List<Guest> others = IntStream.range(0, MAX_DETACHED + 1).mapToObj(_ -> connect()).toList();
    server.settle();
    others.forEach(guest -> disconnect(guest, true));
    server.settle();
    assertThat(EngineInside.connections(server.earshot).all()).hasSize(MAX_DETACHED);
  }
}
