package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.testing.Hub;
import io.earshot.testing.Hub.Deed;
import io.earshot.testing.Hub.Peer;
import io.earshot.testing.Hub.What;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two or three servers that share their rooms. Chance decides who speaks, to whom, who moves, whose
 * connection breaks and on which server they come back, which loop runs next, when a server is
 * heard by what is between them, and when it hears of that; and what fails of it.
 *
 * <p>What was to be heard is put together from what the {@link Hub} wrote down, and from nothing
 * that the servers say of themselves.
 */
final class ClusterOrderTest {
  private static final Duration WINDOW = Duration.ofSeconds(30);
  private static final int MOST_TURNS = 20_000;
  private static final String HOME = "defaultRoom";
  private static final List<String> ROOMS = List.of(HOME, "attic", "cellar");
  private static final List<String> GROUPS = List.of("red", "blue");

  /** What may go wrong between the servers. */
  private enum Weather {
    FAIR,
    /** Servers lose touch. */
    CUTS,
    /** What is between them forgets. */
    LOSSES,
    /** A server that has lost touch is taken for dead. */
    DEATHS,
    ALL;

    boolean has(Weather what) {
      return this == what || this == ALL;
    }
  }

  static IntStream seeds() {
    return IntStream.range(0, 200);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void who_is_in_a_room_of_several_servers_hears_its_one_order_without_a_gap_and_once(int seed) {
    new Simulation(seed).run();
  }

  /** One run. */
  private static final class Simulation {
    final Random random;
    final Weather weather;
    final boolean canResume;
    final Hub hub = Hub.manual();
    final List<TestServer> houses = new ArrayList<>();
    final List<Peer> peers = new ArrayList<>();

    /** How often each lost touch. */
    final int[] cuts;

    final List<Client> clients = new ArrayList<>();
    final List<Guest> all = new ArrayList<>();
    final List<Guest> unseen = new ArrayList<>();
    final Map<String, List<Cursor>> answered = new HashMap<>();
    final List<Duty> duties = new ArrayList<>();
    final List<Stay> stays = new ArrayList<>();
    final List<Integer> oblivions = new ArrayList<>();
    boolean hasLost;
    boolean hasReaped;
    int words;

    Simulation(int seed) {
      random = new Random(seed);
      weather = List.of(Weather.values()).get(seed % 5);
      canResume = seed / 5 % 3 > 0;
      hub.isApart = true;
      if (weather == Weather.CUTS && seed / 5 % 4 == 0) {
        hub.mostRemembered = 8;
      }
      if (seed / 5 % 4 == 1) {
        hub.mostAtOnce = 3;
      }
      for (int i = 0; i < 2 + seed % 2; i++) {
        var server =
            new TestServer(
                1 + random.nextInt(2),
                Config.defaults()
                    .with("general.id", "server" + i)
                    .with("rooms.announcements", seed / 5 % 5 > 0)
                    .with("rooms.historyMessages", seed / 5 % 7 == 0 ? 0 : 100)
                    .with("general.resumeWindow", canResume ? WINDOW : Duration.ZERO)
                    .with("general.repeatWindow", Duration.ofHours(1))
                    .with("commonWeb.cookieSecret", "the same for all of them"));
        Peer peer = hub.broker();
        server.earshot.join(peer);
        houses.add(server);
        peers.add(peer);
      }
      cuts = new int[houses.size()];
    }

    // --- what happens --------------------------------------------------------------------------

    void run() {
      peers.forEach(
          peer -> {
            if (weather == Weather.FAIR || random.nextInt(4) > 0) {
              peer.connect();
            }
          });
      for (int i = 0; i < 5; i++) {
        clients.add(new Client(this));
      }
      for (int i = 0; i < 900; i++) {
        Client client = clients.get(random.nextInt(clients.size()));
        switch (random.nextInt(30)) {
          case 0, 1, 2, 3 -> client.say();
          case 4, 5 -> client.move();
          case 6 -> {
            if (random.nextInt(3) == 0) {
              client.isCut(random.nextBoolean());
            }
          }
          case 7 -> seeLoss();
          case 8, 9, 10 -> client.read(random.nextInt(12));
          case 11 -> fail();
          case 12 -> mend();
          case 13 -> standIn();
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
      finish();
      leave();
    }

    /** Lets one thing happen that is due. */
    void step() {
      int i = random.nextInt(houses.size());
      Peer peer = peers.get(i);
      switch (random.nextInt(5)) {
        case 0 -> runOne(peer.asked);
        case 1 -> runOne(peer.answered);
        case 2 -> hear(peer);
        default -> houses.get(i).step(random);
      }
    }

    /** Lets a server hear what it is told next; where links fail, also twice or too late. */
    private void hear(Peer peer) {
      Runnable next = peer.told.poll();
      if (next == null) {
        return;
      }
      int luck = weather.has(Weather.CUTS) ? random.nextInt(20) : 2;
      if (luck > 0) {
        next.run();
      }
      if (luck < 2) {
        peer.told.add(next);
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
        assertThat(turns).as("it comes to rest").isLessThan(MOST_TURNS);
        any = false;
        for (int i = 0; i < houses.size(); i++) {
          Peer peer = peers.get(i);
          for (Queue<Runnable> due : List.of(peer.asked, peer.answered, peer.told)) {
            any |= random.nextBoolean() ? runOne(due) : !due.isEmpty();
          }
          for (ManualLoop loop : houses.get(i).loops) {
            any |= random.nextBoolean() ? loop.runOne() : !loop.isIdle();
          }
        }
      }
    }

    /** So long that nobody is waited for any more; nothing takes so long on its way. */
    void passLong() {
      settle();
      // Who comes back on a server that is out of touch for longer has left and enters again.
      pass(peers.stream().allMatch(Peer::isUp) ? WINDOW : WINDOW.dividedBy(3));
    }

    void pass(Duration time) {
      for (TestServer server : houses) {
        server.pass(time);
      }
    }

    private void fail() {
      if (weather == Weather.FAIR || random.nextInt(2) == 0) {
        return;
      }
      if (weather.has(Weather.LOSSES) && random.nextInt(4) == 0) {
        for (int i = 0; i < peers.size(); i++) {
          cut(i);
        }
        hasLost = true;
        if (random.nextBoolean()) {
          oblivions.add(hub.deeds.size());
          hub.forgetAll();
        } else {
          ROOMS.forEach(room -> hub.rollBack(room, random.nextInt(4)));
        }
        return;
      }
      int i = random.nextInt(peers.size());
      cut(i);
      if (weather.has(Weather.DEATHS) && random.nextBoolean()) {
        for (int steps = random.nextInt(40); steps > 0; steps--) {
          step();
        }
        hasReaped = true;
        hub.reap(Objects.requireNonNull(EngineInside.cluster(houses.get(i).earshot)).peer());
      }
    }

    private void cut(int i) {
      if (peers.get(i).isUp()) {
        clients.stream().filter(client -> client.home == i).forEach(Client::soften);
        cuts[i]++;
        peers.get(i).disconnect();
      }
    }

    private void mend() {
      Peer peer = peers.get(random.nextInt(peers.size()));
      if (!peer.isUp()) {
        peer.connect();
      }
    }

    private void seeLoss() {
      if (!unseen.isEmpty()) {
        Guest guest = unseen.remove(random.nextInt(unseen.size()));
        guest.loop.run(guest.intake::gone);
      }
    }

    /** Somebody speaks who is no connection of that server, or the server itself does. */
    private void standIn() {
      TestServer server = houses.get(random.nextInt(houses.size()));
      String text = "w" + words++;
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
          // In the name of somebody who may be on any server.
          String id = clients.get(random.nextInt(clients.size())).id;
          var _ = chat.socketRoomBroadcast(StandIn.in(anyRoom()).withId(id), text);
        }
        default -> {
          var _ = chat.socketRoomBroadcast(StandIn.in(anyRoom()), text);
        }
      }
    }

    String anyRoom() {
      return ROOMS.get(random.nextInt(ROOMS.size()));
    }

    // --- what must hold ------------------------------------------------------------------------

    /** Lets everything come right, and looks at all there is. */
    private void finish() {
      peers.stream().filter(peer -> !peer.isUp()).forEach(Peer::connect);
      while (!unseen.isEmpty()) {
        seeLoss();
      }
      comeToRest();
      clients.forEach(Client::catchUp);
      comeToRest();
      clients.forEach(Client::lastWord);
      comeToRest();
      clients.forEach(Client::finish);
      checkMembers();
      duties.forEach(this::check);
      checkWords();
      checkAnnouncements();
    }

    private void comeToRest() {
      settle();
      for (int i = 0; i < 6; i++) {
        pass(Duration.ofMillis(1_500));
        settle();
      }
      pass(WINDOW);
      settle();
      for (int i = 0; i < 3; i++) {
        pass(Duration.ofSeconds(6));
        settle();
      }
    }

    private void check(Duty duty) {
      for (Deed deed : hub.deeds) {
        if (duty.from < deed.at
            && deed.at < duty.to
            && deed.what == What.TOLD
            && deed.room.equals(duty.room)
            && !deed.isLost
            && (deed.at > duty.aimedFrom || !isAimed(deed))
            && isFor(deed, duty.id, duty.client.groups)
            && !duty.client.heard.contains(deed.at)) {
          assertThat(duty.client.isExcused(deed)).as("missed %s by %s", deed, duty).isTrue();
        }
      }
    }

    private void checkMembers() {
      for (String room : ROOMS) {
        var there = new TreeMap<String, String>();
        clients.stream()
            .filter(client -> client.rooms().contains(room))
            .forEach(client -> there.put(client.id, peers.get(client.home).owner()));
        assertThat(members(room)).as("who is in %s", room).isEqualTo(there);
        for (TestServer server : houses) {
          var members = new ArrayList<String>();
          var _ =
              EngineInside.rooms(server.earshot)
                  .status(room)
                  .thenAccept(s -> members.addAll(s.members()));
          settle();
          members.removeIf(id -> isGhost(room, id));
          assertThat(members).containsExactlyInAnyOrderElementsOf(there.keySet());
        }
      }
    }

    private Map<String, String> members(String room) {
      var members = new HashMap<>(hub.members(room));
      members.keySet().removeIf(id -> isGhost(room, id));
      return members;
    }

    /** Whether it was forgotten long afterwards that somebody had left, so that nobody minds. */
    private boolean isGhost(String room, String id) {
      return hub.deeds.reversed().stream()
          .filter(deed -> deed.what != What.TOLD && deed.room.equals(room) && deed.id.equals(id))
          .findFirst()
          .map(deed -> deed.what == What.LEFT && deed.isLost)
          .orElse(false);
    }

    /** Each word is told once at most, and has the place that its speaker was told. */
    private void checkWords() {
      var told = new HashMap<String, List<Deed>>();
      for (Deed deed : hub.deeds) {
        if (deed.what == What.TOLD && !isMove(deed)) {
          told.computeIfAbsent(text(deed), _ -> new ArrayList<>()).add(deed);
        }
      }
      told.forEach(
          (text, all) ->
              assertThat(all.stream().filter(deed -> !deed.isLost).count())
                  .as("%s", all)
                  .isLessThanOrEqualTo(1));
      answered.forEach(
          (text, places) ->
              places.forEach(
                  place ->
                      assertThat(told.getOrDefault(text, List.of()))
                          .as("%s, answered with %s", text, place)
                          .anyMatch(deed -> deed.place.equals(place))));
    }

    /** Each coming and going is announced once. */
    private void checkAnnouncements() {
      var inside = new HashMap<String, Deed>();
      var outside = new HashMap<String, Deed>();
      for (Deed deed : hub.deeds) {
        if (deed.what != What.TOLD || !isMove(deed)) {
          continue;
        }
        String id = from(deed);
        String key = deed.room + " " + id;
        List<Stay> there =
            stays.stream()
                .filter(stay -> stay.room.equals(deed.room) && stay.id.equals(id))
                .filter(stay -> stay.from < deed.at && deed.at < stay.to)
                .toList();
        boolean isStaying = !there.isEmpty();
        if (text(deed).equals(Room.ENTERED)) {
          Deed before = inside.put(key, deed);
          if (before != null) {
            boolean isForgotten =
                oblivions.stream().anyMatch(at -> before.at < at && at <= deed.at);
            assertThat(isForgotten ? there.stream().noneMatch(stay -> stay.isSure) : before.isLost)
                .as("%s though it was in since %s; stays: %s", deed, before, there)
                .isTrue();
          }
          outside.remove(key);
        } else {
          Deed before = outside.put(key, deed);
          assertThat(before == null || before.isLost || isBack(before, id))
              .as("%s twice, %s", deed, before)
              .isTrue();
          // Who is given up to a server that is out of touch for long has left in between.
          boolean mayLeave = hasReaped || (canResume && weather != Weather.FAIR);
          assertThat(isStaying && !mayLeave).as("%s though it stays", deed).isFalse();
          inside.remove(key);
        }
      }
    }

    /** Whether somebody was let in again, if only without a word, since they were let out. */
    private boolean isBack(Deed left, String id) {
      return hub.deeds.subList(left.at, hub.deeds.size()).stream()
          .anyMatch(
              deed ->
                  deed.what == What.ENTERED && deed.room.equals(left.room) && deed.id.equals(id));
    }

    /** All leave; nothing stays. */
    private void leave() {
      for (Guest guest : all) {
        if (random.nextBoolean()) {
          guest.send("quit");
        } else {
          guest.loop.run(guest.intake::gone);
        }
      }
      comeToRest();
      comeToRest();
      for (String room : ROOMS) {
        assertThat(members(room)).isEmpty();
      }
      for (TestServer server : houses) {
        assertThat(EngineInside.connections(server.earshot).all()).isEmpty();
        for (Shard shard : EngineInside.rooms(server.earshot).shards()) {
          assertThat(shard.roomCount()).isZero();
          ROOMS.forEach(room -> assertThat(shard.roomIfAny(room)).as(room).isNull());
          assertThat(shard.budget().spare())
              .isEqualTo(
                  EngineInside.config(server.earshot).limits().historyBytes()
                      / server.loops.size());
        }
      }
    }

    // --- reading what the hub wrote down -------------------------------------------------------

    /** What was told at a place, by its text and who said it, as the last that could be meant. */
    Deed deed(String room, Cursor place, String text, String from) {
      @Nullable Deed found = null;
      // What an order has of the one before was told before anything else in it.
      int begun =
          hub.deeds.stream()
              .filter(deed -> deed.room.equals(room))
              .filter(deed -> deed.place.epoch().equals(place.epoch()))
              .mapToInt(deed -> deed.at)
              .findFirst()
              .orElse(Integer.MAX_VALUE);
      for (Deed deed : hub.deeds.reversed()) {
        if (deed.what == What.TOLD
            && deed.room.equals(room)
            && deed.place.offset() == place.offset()
            && text(deed).equals(text)
            && from(deed).equals(from)) {
          if (deed.place.equals(place)) {
            return deed;
          }
          found = found == null || found.at > begun ? deed : found;
        }
      }
      assertThat(found).as("%s %s %s %s was never told", room, place, from, text).isNotNull();
      return Objects.requireNonNull(found);
    }

    /** After which deed somebody is who knows a room up to a place. */
    int after(String room, Cursor place) {
      int found = -1;
      for (Deed deed : hub.deeds.reversed()) {
        if (deed.what == What.TOLD && deed.room.equals(room)) {
          if (deed.place.equals(place)) {
            return deed.at;
          }
          boolean isBetter = found < 0 || (hub.deeds.get(found).isLost && !deed.isLost);
          if (deed.place.offset() == place.offset() && isBetter) {
            found = deed.at;
          }
        }
      }
      if (found >= 0 || place.offset() > 0) {
        return found >= 0 ? found : hub.deeds.size() - 1;
      }
      return hub.deeds.stream()
          .filter(deed -> deed.room.equals(room) && deed.place.epoch().equals(place.epoch()))
          .findFirst()
          .map(deed -> deed.at - 1)
          .orElse(hub.deeds.size() - 1);
    }

    static boolean isFor(Deed deed, String id, Set<String> groups) {
      Post post = Objects.requireNonNull(deed.post);
      int aimed = text(deed).indexOf(" to ");
      return !id.equals(post.except())
          && (aimed < 0 || groups.contains(text(deed).substring(aimed + 4)));
    }

    private static boolean isAimed(Deed deed) {
      return text(deed).contains(" to ");
    }

    private static boolean isMove(Deed deed) {
      return text(deed).startsWith("I have ");
    }

    private static String text(Deed deed) {
      return String.valueOf(Objects.requireNonNull(deed.post).message().asText());
    }

    private static String from(Deed deed) {
      return String.valueOf(Objects.requireNonNull(deed.post).from().asText());
    }
  }

  /** What a client has to have heard in the end: all for it after one deed and before another. */
  private static final class Duty {
    final Client client;
    final String room;
    final String id;
    final int from;
    int to;

    /** Before this one nobody knew what is aimed at it. */
    int aimedFrom = -1;

    Duty(Client client, String room, int from, int to) {
      this.client = client;
      this.room = room;
      this.id = client.id;
      this.from = from;
      this.to = to;
    }

    @Override
    public String toString() {
      return "%s in %s on %d, from %d to %d; heard %s"
          .formatted(id, room, client.home, from, to, client.heard);
    }
  }

  /** From when to when somebody was in a room without a doubt. */
  private static final class Stay {
    final String room;
    final String id;
    final int from;

    /** Whether its server knows that the others know. */
    final boolean isSure;

    int to = Integer.MAX_VALUE;

    Stay(String room, String id, int from, boolean isSure) {
      this.isSure = isSure;
      this.room = room;
      this.id = id;
      this.from = from;
    }

    @Override
    public String toString() {
      return "%s from %d to %d".formatted(room, from, to);
    }
  }

  /** What a client has of a room. */
  private static final class Stretch {
    final String room;

    /** After which deed it has to hear all; -2 if after the first that it hears. */
    int from;

    String epoch;

    /** Up to where it knows the room; -1 before the first message where nothing was promised. */
    long at;

    int first = -2;
    int last = -2;
    int aimedFrom = -1;

    final Map<Integer, String> heard = new HashMap<>();

    Stretch(String room, int from, String epoch, long at) {
      this.room = room;
      this.from = from;
      this.epoch = epoch;
      this.at = at;
    }
  }

  /** What a client was told that it is not told. */
  private record Gap(String room, String epoch, long from, long to) {}

  /** Somebody with a connection, and another one when that breaks. */
  private static final class Client {
    final Simulation sim;
    final Random random;
    final Set<String> groups = new TreeSet<>();
    final boolean hasSession;

    /** The server that it is on. */
    int home;

    Guest guest;
    int read;
    String id = "";
    String session = "";
    String place = HOME;
    final Set<String> added = new TreeSet<>();
    final Set<String> listening = new TreeSet<>();
    final Map<String, Stretch> stretches = new TreeMap<>();
    final Map<String, Stay> stays = new TreeMap<>();

    /** What it is still to hear of rooms that it has left by going to another one. */
    final List<Duty> fading = new ArrayList<>();

    /** Rooms that it has left by going to another one, which may still be heard for a moment. */
    final Set<String> left = new TreeSet<>();

    /** Where it was when it was cut, by room. */
    final Map<String, Cursor> cursors = new TreeMap<>();

    /** The deeds that it has heard, and the last in each room. */
    final Set<Integer> heard = new TreeSet<>();

    final Map<String, Integer> last = new HashMap<>();
    final List<Gap> gaps = new ArrayList<>();

    /** What it has asked and not been answered, in order. */
    final Map<String, Answered> pending = new LinkedHashMap<>();

    /** What it has said and not been answered: the request, by its id. */
    final Map<String, String> unanswered = new LinkedHashMap<>();

    /** When it was cut last. */
    int cutAt;

    /** It waits to be who it was. */
    boolean visiting;

    /** It waits for the answer to a move. */
    boolean busy;

    int asked;

    /** What to do with an answer, given when it was asked for and how often touch was lost then. */
    private interface Answered {
      void accept(Json.Obj answer);
    }

    Client(Simulation sim) {
      this.sim = sim;
      random = sim.random;
      hasSession = random.nextInt(3) > 0;
      GROUPS.stream().filter(_ -> random.nextBoolean()).forEach(groups::add);
      guest = connect(HOME, null);
    }

    /** Connects to any server; to the room that it wants at once, with what it knows of it. */
    private Guest connect(String room, @Nullable Cursor after) {
      home = random.nextInt(sim.houses.size());
      TestServer server = sim.houses.get(home);
      Guest now =
          server
          .new Guest(
              server.loops.get(random.nextInt(server.loops.size())),
              random.nextBoolean() ? Lines.ONE : Lines.TWO);
      var asking = new Asking(sim.hub.deeds.size(), sim.cuts[home], sim.peers.get(home).isUp());
      now.loop.run(
          () ->
              now.intake =
                  server.earshot.connect(
                      now.loop, now, now.wire, Transport.TCP, room, after, null));
      sim.all.add(now);
      groups.forEach(group -> now.connection().set(group, "true"));
      guest = now;
      read = 0;
      id = now.id();
      pending.clear();
      busy = true;
      visiting = false;
      pending.put(
          "welcome",
          answer -> {
            if (session.isEmpty() && hasSession) {
              session = text(answer, "session");
            }
            if (!visiting) {
              place = room;
              begin(room, answer, after, asking, true);
              // Its attributes are set once it is connected.
              Objects.requireNonNull(stretches.get(room)).aimedFrom = asking.at - 1;
              busy = false;
            }
          });
      return now;
    }

    /** What there was when something was asked. */
    private record Asking(int at, int cuts, boolean isUp) {}

    private Asking asking() {
      return new Asking(sim.hub.deeds.size(), sim.cuts[home], sim.peers.get(home).isUp());
    }

    private boolean wasInTouch(Asking since) {
      return since.isUp && since.cuts == sim.cuts[home] && sim.peers.get(home).isUp();
    }

    Set<String> rooms() {
      var rooms = new TreeSet<>(added);
      rooms.add(place);
      return rooms;
    }

    private boolean hears(String room) {
      return rooms().contains(room) || listening.contains(room);
    }

    // --- what it does --------------------------------------------------------------------------

    private void ask(String request, Answered then) {
      String messageId = "q" + asked++;
      pending.put(messageId, then);
      guest.send(request.replace("}", ",\"messageId\":\"" + messageId + "\"}"));
    }

    void say() {
      if (pending.containsKey("welcome") || visiting || unanswered.size() > 5) {
        return;
      }
      String text = "w" + sim.words++;
      if (random.nextInt(4) == 0) {
        guest.send("say " + text); // without an id, and so once
        return;
      }
      String aim = "";
      if (random.nextInt(4) == 0) {
        String group = GROUPS.get(random.nextInt(2));
        text += " to " + group;
        aim = ",\"roomMatchKey\":\"" + group + "\",\"roomMatchValue\":\"true\"";
      }
      String room = random.nextInt(3) > 0 ? place : sim.anyRoom();
      String request =
          "{\"event\":\"say\",\"room\":\"%s\",\"message\":\"%s\"%s,\"messageId\":\"%s\"}"
              .formatted(room, text, aim, text);
      unanswered.put(text, request);
      guest.send(request);
      if (random.nextInt(10) == 0) {
        guest.send(request); // impatient
      }
    }

    void lastWord() {
      guest.send("say w" + sim.words++);
    }

    void move() {
      if (busy) {
        return;
      }
      String room = sim.anyRoom();
      busy = true;
      switch (random.nextInt(5)) {
        case 0 -> changeRoom(room);
        case 1 -> enter("roomAdd", room, null, added);
        case 2 -> enter("listenToRoom", room, null, listening);
        case 3 -> {
          if (room.equals(place)) {
            busy = false;
          } else {
            endStay(room, sim.hub.deeds.size());
            getOut("roomLeave", room, added);
          }
        }
        default -> getOut("silenceRoom", room, listening);
      }
    }

    private static String event(String event, String room, @Nullable Cursor after) {
      return "{\"event\":\"%s\",\"room\":\"%s\"%s}"
          .formatted(event, room, after == null ? "" : ",\"after\":\"" + after + "\"");
    }

    private void changeRoom(String room) {
      Asking since = asking();
      endStay(place, sim.hub.deeds.size());
      endStay(room, sim.hub.deeds.size());
      ask(
          event("roomChange", room, null),
          answer -> {
            String before = place;
            boolean goesOn = listening.contains(room);
            place = room;
            added.remove(room);
            if (!before.equals(room) && !hears(before)) {
              Stretch stretch = stretches.remove(before);
              if (stretch != null) {
                left.add(before);
                fading.add(end(stretch, wasInTouch(since) ? left(before, since) : -1));
              }
            }
            begin(room, answer, null, since, true, goesOn);
            busy = false;
          });
    }

    private void endStay(String room, int to) {
      Stay stay = stays.remove(room);
      if (stay != null) {
        stay.to = to;
      }
    }

    /** When the hub let it out of a room, for the first time since then. */
    private int left(String room, Asking since) {
      return moved(What.LEFT, room, since);
    }

    private int moved(What what, String room, Asking since) {
      return sim.hub.deeds.subList(since.at, sim.hub.deeds.size()).stream()
          .filter(deed -> deed.what == what && deed.room.equals(room) && deed.id.equals(id))
          .findFirst()
          .map(deed -> deed.at)
          .orElse(-1);
    }

    private void enter(String verb, String room, @Nullable Cursor after, Set<String> to) {
      Asking since = asking();
      ask(
          event(verb, room, after),
          answer -> {
            if (answer.get("error") == null) {
              boolean goesOn = stretches.containsKey(room) && hears(room);
              to.add(room);
              begin(room, answer, after, since, to == added, goesOn);
            }
            busy = false;
          });
    }

    private void getOut(String verb, String room, Set<String> from) {
      Asking since = asking();
      ask(
          event(verb, room, null),
          answer -> {
            if (answer.get("error") == null) {
              from.remove(room);
              Stretch stretch = hears(room) ? null : stretches.remove(room);
              if (stretch != null) {
                end(stretch, wasInTouch(since) ? since.at : -1);
              }
            }
            busy = false;
          });
    }

    void isCut(boolean isSeen) {
      read(random.nextInt(1 + guest.lines.size() - read)); // the rest was in flight
      cutAt = visiting ? cutAt : sim.hub.deeds.size();
      Guest old = guest;
      if (isSeen) {
        old.loop.run(old.intake::gone);
      } else {
        sim.unseen.add(old);
      }
      soften();
      stretches.forEach(
          (room, stretch) -> {
            if (stretch.at >= 0) {
              cursors.put(room, new Cursor(stretch.epoch, stretch.at));
            }
            end(stretch, -1);
          });
      stretches.clear();
      if (isSeen && random.nextInt(15) == 0) {
        sim.passLong();
      }
      comeBack();
    }

    /** What it has left may not be heard to the end. */
    void soften() {
      fading.forEach(duty -> duty.to = Math.min(duty.to, 1 + last.getOrDefault(duty.room, -2)));
      fading.clear();
    }

    private void comeBack() {
      String before = session;
      String was = id;
      if (!hasSession || before.isEmpty()) {
        returnByCursors();
        return;
      }
      connect(HOME, null);
      visiting = true;
      id = was;
      boolean withCursors = random.nextInt(4) > 0;
      Map<String, Cursor> after = withCursors ? new TreeMap<>(cursors) : Map.of();
      var line = new StringBuilder("{\"event\":\"resume\",\"session\":\"" + before + "\"");
      if (withCursors) {
        var fields = new ArrayList<String>();
        after.forEach((room, cursor) -> fields.add("\"" + room + "\":\"" + cursor + "\""));
        line.append(",\"after\":{").append(String.join(",", fields)).append('}');
      }
      Asking since = asking();
      String messageId = "q" + asked++;
      pending.put(messageId, answer -> isBack(answer, after, since));
      guest.send(line + ",\"messageId\":\"" + messageId + "\"}");
    }

    private void isBack(Json.Obj answer, Map<String, Cursor> after, Asking since) {
      if (answer.get("error") != null) {
        session = "";
        Guest old = guest;
        old.loop.run(old.intake::gone);
        returnByCursors();
        return;
      }
      visiting = false;
      assertThat(text(answer, "id")).isEqualTo(id);
      session = text(answer, "session");
      place = text(answer, "room");
      cursors.clear();
      added.clear();
      listening.clear();
      if (answer.get("rooms") instanceof Json.Array(List<Json> rooms)) {
        for (Json room : rooms) {
          String name = text((Json.Obj) room, "room");
          begin(name, (Json.Obj) room, after.get(name), since, false);
        }
      }
      lookAround();
      unanswered.values().forEach(guest::send);
    }

    /** Asks where it is. */
    private void lookAround() {
      ask(
          "{\"event\":\"detailsView\"}",
          answer -> {
            Json.Obj data = (Json.Obj) Objects.requireNonNull(answer.get("data"));
            assertThat(text(data, "id")).isEqualTo(id);
            assertThat(text(data, "room")).isEqualTo(place);
            added.addAll(texts(data, "rooms"));
            added.remove(place);
            listening.addAll(texts(data, "listening"));
            var all = rooms();
            all.addAll(listening);
            assertThat(stretches.keySet()).isEqualTo(all);
            for (String room : List.copyOf(stays.keySet())) {
              if (!rooms().contains(room)) {
                endStay(room, cutAt);
              }
            }
            for (String room : rooms()) {
              stays.computeIfAbsent(room, _ -> newStay(room, false));
            }
            busy = false;
          });
    }

    private Stay newStay(String room, boolean isSure) {
      var stay = new Stay(room, id, sim.hub.deeds.size(), isSure);
      sim.stays.add(stay);
      return stay;
    }

    private void returnByCursors() {
      Set<String> others = new TreeSet<>(added);
      Set<String> heardToo = new TreeSet<>(listening);
      Map<String, Cursor> after = new TreeMap<>(cursors);
      for (String room : List.copyOf(stays.keySet())) {
        endStay(room, cutAt);
      }
      unanswered.clear();
      cursors.clear();
      added.clear();
      listening.clear();
      session = "";
      connect(place, after.get(place));
      others.remove(place);
      for (String other : others) {
        enter("roomAdd", other, after.get(other), added);
      }
      for (String other : heardToo) {
        // Where it goes on hearing a room, that is told without a gap by itself.
        boolean isIn = others.contains(other) || other.equals(place);
        enter("listenToRoom", other, isIn ? null : after.get(other), listening);
      }
    }

    // --- what it is told -----------------------------------------------------------------------

    private void begin(
        String room, Json.Obj answer, @Nullable Cursor after, Asking since, boolean asMember) {
      begin(room, answer, after, since, asMember, false);
    }

    private void begin(
        String room,
        Json.Obj answer,
        @Nullable Cursor after,
        Asking since,
        boolean asMember,
        boolean goesOn) {
      assertThat(answer.get("error")).as("%s", answer).isNull();
      if (asMember) {
        stays.computeIfAbsent(room, _ -> newStay(room, wasInTouch(since)));
      }
      if (goesOn) {
        return;
      }
      Cursor now = answer.get("epoch") == null ? null : cursor(answer);
      Json recovered = answer.get("recovered");
      boolean all = recovered instanceof Json.Bool(boolean yes) && yes;
      if (after != null) {
        assertThat(recovered).isNotNull();
      }
      Stretch old = stretches.remove(room);
      if (old != null) {
        end(old, -1);
      }
      Stretch stretch;
      if (all) {
        Cursor given = Objects.requireNonNull(after);
        Cursor end = Objects.requireNonNull(now);
        assertThat(end.epoch()).isEqualTo(given.epoch());
        assertThat(end.offset()).isGreaterThanOrEqualTo(given.offset());
        stretch = new Stretch(room, sim.after(room, given), given.epoch(), given.offset());
      } else {
        int from = -2;
        if (asMember && recovered == null && wasInTouch(since)) {
          // The last, since who is in already may be let in again to make sure.
          for (Deed deed : sim.hub.deeds.subList(since.at, sim.hub.deeds.size())) {
            boolean isIt = deed.what == What.ENTERED && deed.room.equals(room);
            if (isIt && deed.id.equals(id) && isUpTo(deed.place, now)) {
              from = deed.at;
            }
          }
        }
        if (from == -2 && now != null) {
          from = sim.after(room, now);
          boolean knowsLess = sim.weather != Weather.FAIR && last.getOrDefault(room, -1) > from;
          if (knowsLess || sim.hasLost) {
            // That server was out of touch, and says so; or what it knows was lost since.
            last.put(room, sim.hasLost ? -1 : from);
          }
        } else if (from == -2 && sim.weather == Weather.FAIR) {
          from = -1;
        } else if (from == -2) {
          last.remove(room); // that server knows nothing yet
        }
        boolean isBound = after != null || recovered == null;
        stretch =
            now == null
                ? new Stretch(room, from, "", -1)
                : new Stretch(room, from, now.epoch(), isBound ? now.offset() : -1);
      }
      stretches.put(room, stretch);
    }

    private static boolean isUpTo(Cursor place, @Nullable Cursor now) {
      return now != null && place.epoch().equals(now.epoch()) && place.offset() <= now.offset();
    }

    /** Hears a room no more, and was to hear all up to a deed, or -1 for all up to the last. */
    private Duty end(Stretch stretch, int before) {
      int from = stretch.from == -2 ? stretch.first : stretch.from;
      int to = before >= 0 ? before : stretch.last;
      var duty = new Duty(this, stretch.room, from, from == -2 ? 0 : Math.max(from + 1, to));
      duty.aimedFrom = stretch.aimedFrom;
      sim.duties.add(duty);
      return duty;
    }

    void read(int count) {
      for (int i = 0; i < count && read < guest.lines.size(); i++) {
        String line = guest.lines.get(read++);
        if (line.equals("end 4000")) {
          isCut(true); // what it asked for on the connection before was slow, and came true
          return;
        }
        assertThat(line).as("told to %s on %s", id, home).doesNotStartWith("end ");
        Json.Obj json = parsed(line);
        switch (text(json, "context")) {
          case "user" -> hear(json);
          case "api" -> Objects.requireNonNull(pending.remove("welcome")).accept(json);
          case "gap" -> skip(json);
          default -> answered(json);
        }
      }
    }

    private void answered(Json.Obj json) {
      String messageId = text(json, "messageId");
      if (messageId.isEmpty()) {
        assertThat(json.get("messageCount")).as("%s", json).isNotNull();
        return; // to what was said without an id
      }
      if (messageId.startsWith("w")) {
        unanswered.remove(messageId);
        if (json.get("epoch") != null) {
          sim.answered.computeIfAbsent(messageId, _ -> new ArrayList<>()).add(cursor(json));
        } else if (sim.weather == Weather.FAIR) {
          assertThat(text(json, "error")).startsWith("Error: you are not in this room");
        } else if (text(json, "error").contains("away") && random.nextBoolean()) {
          sayAgain(messageId, json);
        }
        return;
      }
      Answered then = pending.remove(messageId);
      assertThat(then).as("asked for %s", json).isNotNull();
      Objects.requireNonNull(then).accept(json);
    }

    private void sayAgain(String text, Json.Obj refusal) {
      int aimed = text.indexOf(" to ");
      String aim =
          aimed < 0
              ? ""
              : ",\"roomMatchKey\":\"%s\",\"roomMatchValue\":\"true\""
                  .formatted(text.substring(aimed + 4));
      String request =
          "{\"event\":\"say\",\"room\":\"%s\",\"message\":\"%s\"%s,\"messageId\":\"%s\"}"
              .formatted(text(refusal, "room"), text, aim, text);
      unanswered.put(text, request);
      guest.send(request);
    }

    private void skip(Json.Obj json) {
      if (visiting) {
        return;
      }
      String room = text(json, "room");
      // From the first on: it came in while the others were away, and does not know where.
      boolean isFromTheFirst = text(json, "from").equals("1");
      assertThat(sim.hasLost || sim.hub.mostRemembered < 100 || isFromTheFirst)
          .as("%s", json)
          .isTrue();
      gaps.add(
          new Gap(
              room,
              text(json, "epoch"),
              Long.parseLong(text(json, "from")),
              Long.parseLong(text(json, "to"))));
    }

    /** Whether it was told that it is not told this. */
    boolean isExcused(Deed deed) {
      return gaps.stream()
          .anyMatch(
              gap ->
                  gap.room.equals(deed.room)
                      && gap.from <= deed.place.offset()
                      && deed.place.offset() <= gap.to);
    }

    private void hear(Json.Obj json) {
      if (visiting) {
        return;
      }
      String room = text(json, "room");
      Cursor place = cursor(json);
      Deed deed = sim.deed(room, place, text(json, "message"), text(json, "from"));
      // Who only listens may hear what somebody else says in their name, or, where nobody knew that
      // they had left, that they have.
      boolean isStrange =
          Objects.requireNonNull(deed.post).isStrange()
              || (Simulation.isMove(deed) && (sim.hasReaped || sim.weather != Weather.FAIR));
      assertThat(isStrange || Simulation.isFor(deed, id, groups)).as("%s to %s", json, id).isTrue();
      assertThat(deed.at)
          .as("heard too late, or again: %s by %s on %s", json, id, home)
          .isGreaterThan(last.getOrDefault(room, -1));
      last.put(room, deed.at);
      heard.add(deed.at);
      Stretch stretch = stretches.get(room);
      if (stretch == null) {
        assertThat(pending.size() > 0 || left.contains(room)).as("%s hears %s", id, json).isTrue();
        return;
      }
      if (place.epoch().equals(stretch.epoch)) {
        assertThat(place.offset()).as("%s", json).isGreaterThan(stretch.at);
      } else {
        assertThat(sim.hasLost || stretch.epoch.isEmpty()).as("%s", json).isTrue();
      }
      stretch.epoch = place.epoch();
      stretch.at = place.offset();
      stretch.first = stretch.first == -2 ? deed.at - 1 : stretch.first;
      stretch.last = deed.at;
      stretch.heard.put(deed.at, place.epoch());
    }

    /** Reads all there is. */
    void catchUp() {
      for (int left = guest.lines.size() - read; left > 0; left = guest.lines.size() - read) {
        read(left);
        sim.settle();
      }
    }

    /** Reads all, and says that there is no more. */
    void finish() {
      catchUp();
      assertThat(pending).isEmpty();
      assertThat(visiting).isFalse();
      stretches
          .values()
          .forEach(
              stretch -> {
                end(stretch, sim.hub.deeds.size());
                // What was lost and yet heard is of another order than what is told now.
                var epochs = new HashSet<String>();
                stretch.heard.forEach(
                    (at, epoch) -> {
                      if (sim.hub.deeds.get(at).isLost) {
                        epochs.add(epoch);
                      }
                    });
                boolean isOld = stretch.last >= 0 && sim.hub.deeds.get(stretch.last).isLost;
                if (!isOld) {
                  assertThat(epochs).doesNotContain(stretch.epoch);
                }
              });
    }
  }

  // --- reading ---------------------------------------------------------------------------------

  private static Json.Obj parsed(String line) {
    try {
      return (Json.Obj) Json.parse(line);
    } catch (MalformedJsonException e) {
      throw new AssertionError(line, e);
    }
  }

  private static String text(Json.Obj json, String field) {
    Json value = json.get(field);
    return value == null ? "" : String.valueOf(value.asText());
  }

  private static List<String> texts(Json.Obj json, String field) {
    return json.get(field) instanceof Json.Array(List<Json> all)
        ? all.stream().map(each -> String.valueOf(each.asText())).toList()
        : List.of();
  }

  private static Cursor cursor(Json.Obj json) {
    return new Cursor(text(json, "epoch"), Long.parseLong(text(json, "offset")));
  }
}
