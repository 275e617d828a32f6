package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Cursor;
import io.earshot.testing.Hub;
import io.earshot.testing.HubBroker;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;

/**
 * Two or three servers that share their rooms, and clients that use them. Chance decides who posts,
 * to whom, who changes rooms, whose connection breaks and on which server the client comes back,
 * which loop runs next, when requests and messages arrive, and what fails between the servers.
 *
 * <p>Owned by the test's thread. A seed always gives the same run.
 */
final class Simulation {
  static final String DEFAULT_ROOM = "defaultRoom";
  static final List<String> ROOMS = List.of(DEFAULT_ROOM, "attic", "cellar");
  static final List<String> GROUPS = List.of("red", "blue");

  private static final Duration RESUME_WINDOW = Duration.ofSeconds(30);

  /** How long a session that was handed over stays in its rooms without its new server. */
  static final Duration RESUME_TIMEOUT = Duration.ofSeconds(15);

  private static final int MAX_TURNS = 20_000;

  /** What may fail between the servers. */
  enum Faults {
    NONE,
    /** Servers lose the connection to the hub. */
    CUTS,
    /** The hub loses data. */
    LOSSES,
    /** A server that has lost the connection is taken for dead. */
    DEATHS,
    ALL;

    boolean include(Faults kind) {
      return this == kind || this == ALL;
    }
  }

  final Random random;
  final Faults faults;
  final boolean canResume;
  private final boolean renewsLeases;

  /** Whether clients ask for earlier messages when they enter a room. */
  final boolean asksForHistory;

  private final int historyMessages;
  final Hub hub = Hub.manual();
  final HubEvents events = new HubEvents(hub);
  final List<TestServer> servers = new ArrayList<>();

  /** The broker of each server. */
  final List<HubBroker> brokers = new ArrayList<>();

  final HubLinks links = new HubLinks(hub);

  /**
   * The ids of sessions that may leave rooms though their clients are there: sessions whose client
   * was cut while it resumed, since that request may still take the session over after the client's
   * next request has, and sessions that took longer than {@link #RESUME_TIMEOUT} to resume.
   */
  final Set<String> mayLeave = new HashSet<>();

  final List<SimulatedClient> clients = new ArrayList<>();

  /** All connections that were ever made. */
  final List<Guest> connections = new ArrayList<>();

  /** Broken connections of which the server does not know yet. */
  final List<Guest> unnoticed = new ArrayList<>();

  /** The places that posts were answered with, by the post's text. */
  final Map<String, List<Cursor>> answered = new HashMap<>();

  final List<Expected> expected = new ArrayList<>();
  final List<Stay> stays = new ArrayList<>();

  /** The numbers of events before which the hub forgot everything. */
  final List<Integer> forgottenAt = new ArrayList<>();

  /** Whether the hub has lost data. */
  boolean hasLost;

  /** Whether a server was taken for dead. */
  boolean hasReaped;

  private int posts;

  Simulation(int seed) {
    this(seed, false, false);
  }

  /**
   * A run that has not begun.
   *
   * @param renewsLeases whether servers compare their members with the lists of the hub meanwhile
   * @param asksForHistory whether clients ask for earlier messages when they enter a room
   */
  Simulation(int seed, boolean renewsLeases, boolean asksForHistory) {
    this.renewsLeases = renewsLeases;
    this.asksForHistory = asksForHistory;
    historyMessages = seed / 5 % 7 == 0 ? 0 : 100;
    random = new Random(seed);
    faults = List.of(Faults.values()).get(seed % 5);
    canResume = seed / 5 % 3 > 0;
    hub.hasSeparateAnswers = true;
    if (faults == Faults.CUTS && seed / 5 % 4 == 0) {
      hub.maxRemembered = 8;
    }
    if (seed / 5 % 4 == 1) {
      hub.maxPerRead = 3;
    }
    for (int i = 0; i < 2 + seed % 2; i++) {
      var server =
          new TestServer(
              1 + random.nextInt(2),
              Config.defaults()
                  .with("general.id", "server" + i)
                  .with("rooms.announcements", seed / 5 % 5 > 0)
                  .with("rooms.historyMessages", historyMessages)
                  .with("rooms.historyAge", asksForHistory ? "1h" : "60s")
                  .with("general.resumeWindow", canResume ? RESUME_WINDOW : Duration.ZERO)
                  .with("general.repeatWindow", Duration.ofHours(1))
                  .with("commonWeb.cookieSecret", "the same for all of them"));
      HubBroker broker = hub.broker();
      server.earshot.join(broker);
      servers.add(server);
      brokers.add(broker);
      links.add(server, broker);
    }
  }

  // --- the run ---------------------------------------------------------------------------------

  void run() {
    for (int i = 0; i < servers.size(); i++) {
      if (faults == Faults.NONE || random.nextInt(4) > 0) {
        links.connect(i);
      }
    }
    for (int i = 0; i < 5; i++) {
      clients.add(new SimulatedClient(this));
    }
    for (int i = 0; i < 900; i++) {
      act(clients.get(random.nextInt(clients.size())));
    }
    finish();
    leave();
  }

  private void act(SimulatedClient client) {
    switch (random.nextInt(30)) {
      case 0, 1, 2, 3 -> client.say();
      case 4, 5 -> client.move();
      case 6 -> {
        if (random.nextInt(3) == 0) {
          client.cut(random.nextBoolean());
        }
      }
      case 7 -> noticeLoss();
      case 8, 9, 10 -> client.read(random.nextInt(12));
      case 11 -> fail();
      case 12 -> reconnect();
      case 13 -> sayFromServerCode();
      case 14 -> {
        if (random.nextInt(4) == 0) {
          pass(Duration.ofMillis(random.nextInt(3_000)));
        }
      }
      case 15 -> {
        if (random.nextInt(30) == 0) {
          passLong();
        }
      }
      default -> {
        step();
        step();
      }
    }
  }

  /** Lets every client catch up and post once more, and checks everything. */
  private void finish() {
    for (int i = 0; i < servers.size(); i++) {
      if (!links.isUp(i)) {
        links.connect(i);
      }
    }
    while (!unnoticed.isEmpty()) {
      noticeLoss();
    }
    comeToRest();
    clients.forEach(SimulatedClient::readAll);
    comeToRest();
    clients.forEach(SimulatedClient::sayLast);
    comeToRest();
    clients.forEach(SimulatedClient::finish);
    new SimulationChecks(this).checkAll();
  }

  /** Lets every connection end, and checks that nothing stays behind. */
  private void leave() {
    for (Guest guest : connections) {
      if (random.nextBoolean()) {
        guest.send("quit");
      } else {
        guest.loop.run(guest.intake::gone);
      }
    }
    comeToRest();
    comeToRest();
    new SimulationChecks(this).checkEmpty();
  }

  /** Whether each server remembers the last messages of each room that it has open. */
  boolean remembersAll() {
    return faults == Faults.NONE && historyMessages > 0 && hub.maxPerRead > 100;
  }

  String nextText() {
    return "w" + posts++;
  }

  String anyRoom() {
    return ROOMS.get(random.nextInt(ROOMS.size()));
  }

  /** Posts as an id that is no connection of that server, or as the server itself. */
  private void sayFromServerCode() {
    TestServer server = servers.get(random.nextInt(servers.size()));
    String text = nextText();
    ChatRoom chat = server.earshot.api().chatRoom();
    switch (random.nextInt(4)) {
      case 0 -> {
        var _ = chat.socketRoomBroadcast(null, text);
      }
      case 1 -> {
        String group = GROUPS.get(random.nextInt(2));
        var _ =
            chat.socketRoomBroadcast(
                StandIn.in(anyRoom()).to(group, "true"), text + " to " + group);
      }
      case 2 -> {
        // The id of a client that may be on any server.
        String id = clients.get(random.nextInt(clients.size())).id();
        var _ = chat.socketRoomBroadcast(StandIn.in(anyRoom()).withId(id), text);
      }
      default -> {
        var _ = chat.socketRoomBroadcast(StandIn.in(anyRoom()), text);
      }
    }
  }

  // --- time ------------------------------------------------------------------------------------

  /** Lets one thing happen that is due. */
  private void step() {
    int i = random.nextInt(servers.size());
    HubBroker broker = brokers.get(i);
    if (renewsLeases && broker.isUp() && random.nextInt(20) == 0) {
      broker.renewLease(1 + random.nextInt(2));
    }
    switch (random.nextInt(5)) {
      case 0 -> runOne(broker.asked);
      case 1 -> runOne(broker.answered);
      case 2 -> deliver(broker);
      default -> servers.get(i).step(random);
    }
  }

  /** Delivers the next message to a server; where connections fail, also twice or too late. */
  private void deliver(HubBroker broker) {
    Runnable next = broker.told.poll();
    if (next == null) {
      return;
    }
    int luck = faults.include(Faults.CUTS) ? random.nextInt(20) : 2;
    if (luck > 0) {
      next.run();
    }
    if (luck < 2) {
      broker.told.add(next);
    }
  }

  private static boolean runOne(Queue<Runnable> due) {
    Runnable next = due.poll();
    if (next == null) {
      return false;
    }
    next.run();
    return true;
  }

  /** Lets everything happen that is due, in an order that chance chooses. */
  void settle() {
    boolean any = true;
    for (int turns = 0; any; turns++) {
      assertThat(turns).as("turns until nothing is due").isLessThan(MAX_TURNS);
      any = false;
      for (int i = 0; i < servers.size(); i++) {
        HubBroker broker = brokers.get(i);
        for (Queue<Runnable> due : List.of(broker.asked, broker.answered, broker.told)) {
          any |= random.nextBoolean() ? runOne(due) : !due.isEmpty();
        }
        for (ManualLoop loop : servers.get(i).loops) {
          any |= random.nextBoolean() ? loop.runOne() : !loop.isIdle();
        }
      }
    }
  }

  Instant now() {
    return servers.getFirst().now();
  }

  private void pass(Duration time) {
    servers.forEach(server -> server.pass(time));
  }

  /** Lets the resume window of broken connections end. */
  void passLong() {
    settle();
    // A client that resumes on a server without the hub for longer has left, and enters again.
    boolean allUp = brokers.stream().allMatch(HubBroker::isUp);
    pass(allUp ? RESUME_WINDOW : RESUME_WINDOW.dividedBy(3));
  }

  private void comeToRest() {
    settle();
    for (int i = 0; i < 6; i++) {
      pass(Duration.ofMillis(1_500));
      settle();
    }
    pass(RESUME_WINDOW);
    settle();
    for (int i = 0; i < 3; i++) {
      pass(Duration.ofSeconds(6));
      settle();
    }
  }

  // --- faults ----------------------------------------------------------------------------------

  private void fail() {
    if (faults == Faults.NONE || random.nextInt(2) == 0) {
      return;
    }
    if (faults.include(Faults.LOSSES) && random.nextInt(4) == 0) {
      loseData();
      return;
    }
    int i = random.nextInt(brokers.size());
    disconnect(i);
    if (faults.include(Faults.DEATHS) && random.nextBoolean()) {
      for (int steps = random.nextInt(40); steps > 0; steps--) {
        step();
      }
      hasReaped = true;
      hub.reap(Objects.requireNonNull(EngineInside.cluster(servers.get(i).earshot)).peer());
    }
  }

  private void loseData() {
    for (int i = 0; i < brokers.size(); i++) {
      disconnect(i);
    }
    hasLost = true;
    if (random.nextBoolean()) {
      forgottenAt.add(hub.events.size());
      hub.forgetAll();
    } else {
      ROOMS.forEach(room -> hub.rollBack(room, random.nextInt(4)));
    }
  }

  private void disconnect(int server) {
    if (links.isUp(server)) {
      clients.stream()
          .filter(client -> client.server() == server)
          .forEach(client -> client.streams().expectNoMoreOfLeftRooms());
      links.disconnect(server);
    }
  }

  private void reconnect() {
    int server = random.nextInt(servers.size());
    if (!links.isUp(server)) {
      links.connect(server);
    }
  }

  /** A server notices that a connection is broken. */
  private void noticeLoss() {
    if (!unnoticed.isEmpty()) {
      Guest guest = unnoticed.remove(random.nextInt(unnoticed.size()));
      guest.loop.run(guest.intake::gone);
    }
  }
}
