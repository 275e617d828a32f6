package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.room.Shard;
import io.earshot.spi.Ending;
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
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Chance decides who speaks, to whom, who moves, whose connection breaks and when that is seen, how
 * they come back, and which loop runs next. A {@link Client} reads what it is sent when chance lets
 * it, and what it has not read when its connection breaks is lost. It goes by the rules that the
 * protocol gives to clients, and by nothing else: what is told before the answer to what it came
 * back with is no matter of its own, and from that answer on a room is told without a gap.
 *
 * <p>What each room told is put together from everything that the server wrote to anybody; in the
 * rooms that somebody never leaves that is all.
 */
final class ResumeOrderTest {
  private static final Duration WINDOW = Duration.ofSeconds(30);
  private static final Duration AGE = Duration.ofSeconds(60);
  private static final int REMEMBERED = 12;
  private static final int MOST_WAITED_FOR = 40;
  private static final String HOME = "defaultRoom";

  /** In these somebody is all the time, so that their tape is whole. */
  private static final List<String> KEPT = List.of(HOME, "attic", "cellar");

  private static final List<String> ROOMS = List.of(HOME, "attic", "cellar", "hut", "shed");
  private static final List<String> GROUPS = List.of("red", "blue");

  static IntStream seeds() {
    return IntStream.range(0, 300);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void who_comes_back_hears_every_room_in_one_order_without_a_gap_and_once(int seed) {
    new Simulation(seed).run();
  }

  /** A message as it was told. */
  private record StoredMessage(String text, String from, long sentAt) {
    boolean isFor(String id, Set<String> groups) {
      int aimed = text.indexOf(" to ");
      return !from.equals(id) && (aimed < 0 || groups.contains(text.substring(aimed + 4)));
    }

    boolean isSaid() {
      return !text.startsWith("I have ");
    }
  }

  /** Nothing between two offsets was for a client. Looked at when all that was told is known. */
  private record Silence(
      String room, String epoch, long after, long before, String id, Set<String> groups) {}

  /** A client was told that it is not told all. */
  private record Lost(String room, Cursor given, Cursor now, long at) {}

  /** One run. */
  private static final class Simulation {
    final Random random;
    final TestServer server;
    final boolean announcements;
    final int seed;
    final List<Client> clients = new ArrayList<>();
    final List<Guest> all = new ArrayList<>();
    final List<Guest> unseen = new ArrayList<>();
    final Map<Cursor, Map<String, StoredMessage>> told = new HashMap<>();
    final List<Silence> silences = new ArrayList<>();
    final List<Lost> lost = new ArrayList<>();
    final Map<String, Cursor> answered = new HashMap<>();
    final Guest tape;
    int words;
    boolean aged;

    Simulation(int seed) {
      this.seed = seed;
      random = new Random(seed);
      announcements = seed % 2 == 0;
      server =
          new TestServer(
              1 + seed % 3,
              Config.defaults()
                  .with("rooms.announcements", announcements)
                  .with("general.resumeWindow", WINDOW)
                  .with("general.repeatWindow", Duration.ofMinutes(5))
                  .with("limits.lostClients", MOST_WAITED_FOR)
                  .with("rooms.historyMessages", seed % 7 == 0 ? 0 : REMEMBERED)
                  .with("rooms.historyAge", AGE));
      tape = guest();
      GROUPS.forEach(group -> tape.connection().set(group, "true"));
      KEPT.forEach(room -> tape.ask("listenToRoom " + room));
    }

    Guest guest() {
      Guest guest =
          server.guest(
              random.nextInt(server.loops.size()), random.nextBoolean() ? Lines.ONE : Lines.TWO);
      all.add(guest);
      return guest;
    }

    void run() {
      for (int i = 0; i < 5; i++) {
        clients.add(new Client(this));
      }
      for (int i = 0; i < 700; i++) {
        Client client = clients.get(random.nextInt(clients.size()));
        switch (random.nextInt(24)) {
          case 0, 1, 2, 3, 4, 5 -> client.say();
          case 6, 7 -> client.move();
          case 8 -> client.isCut(random.nextBoolean());
          case 9 -> seeLoss();
          case 10, 11 -> client.read(random.nextInt(12));
          case 12 -> {
            if (random.nextInt(12) == 0) {
              pass(random.nextInt(4) == 0 ? AGE : WINDOW);
            }
          }
          case 13 -> pass(Duration.ofMillis(random.nextInt(500)), false);
          default -> server.step(random);
        }
      }
      server.settle();
      clients.forEach(Client::finish);
      check();
      leave();
    }

    private void seeLoss() {
      if (!unseen.isEmpty()) {
        Guest guest = unseen.remove(random.nextInt(unseen.size()));
        guest.loop.run(guest.intake::gone);
      }
    }

    private void pass(Duration time) {
      pass(time, true);
    }

    private void pass(Duration time, boolean isLong) {
      aged |= isLong;
      server.pass(time);
    }

    /** Everybody is there, has read all, and no one is waited for. */
    private void check() {
      while (!unseen.isEmpty()) {
        seeLoss();
      }
      server.pass(WINDOW);
      clients.forEach(Client::catchUp);
      all.forEach(guest -> guest.lines.forEach(this::remember));
      silences.forEach(this::checkSilence);
      lost.forEach(this::checkLost);
      for (String room : ROOMS) {
        var there = new TreeSet<String>();
        clients.stream().filter(c -> c.rooms().contains(room)).forEach(c -> there.add(c.id));
        if (room.equals(HOME)) {
          there.add(tape.id());
        }
        assertThat(members(room))
            .as("who is in %s", room)
            .containsExactlyInAnyOrderElementsOf(there);
        if (announcements && KEPT.contains(room)) {
          assertThat(announced(room)).isEqualTo(there);
        }
      }
      var texts = new HashMap<String, Cursor>();
      told.forEach(
          (place, byRoom) ->
              byRoom.forEach(
                  (room, message) -> {
                    if (message.isSaid()) {
                      assertThat(texts.put(message.text, place)).as(message.text).isNull();
                    }
                  }));
      answered.forEach(
          (text, place) -> {
            if (texts.containsKey(text)) {
              assertThat(place).as("where %s was told", text).isEqualTo(texts.get(text));
            }
          });
    }

    private List<String> members(String room) {
      var members = new ArrayList<String>();
      var _ =
          EngineInside.rooms(server.earshot)
              .status(room)
              .thenAccept(status -> members.addAll(status.members()));
      server.settle();
      return members;
    }

    /** Who is in a room by what was said of who came and went. */
    private Set<String> announced(String room) {
      var present = new TreeSet<String>();
      if (room.equals(HOME)) {
        present.add(tape.id());
      }
      for (String line : tape.lines) {
        Json.Obj json = parsed(line);
        if (text(json, "context").equals("user") && text(json, "room").equals(room)) {
          String from = text(json, "from");
          if (text(json, "message").equals("I have entered the room")) {
            assertThat(present.add(from)).as("%s comes into %s", from, room).isTrue();
          } else if (text(json, "message").equals("I have left the room")) {
            assertThat(present.remove(from)).as("%s leaves %s", from, room).isTrue();
          }
        }
      }
      return present;
    }

    private void remember(String line) {
      if (line.contains("\"context\":\"user\"")) {
        Json.Obj json = parsed(line);
        var message =
            new StoredMessage(
                text(json, "message"), text(json, "from"), Long.parseLong(text(json, "sentAt")));
        StoredMessage other =
            told.computeIfAbsent(cursor(json), _ -> new HashMap<>())
                .putIfAbsent(text(json, "room"), message);
        assertThat(message).isEqualTo(other == null ? message : other);
      }
    }

    private @Nullable StoredMessage at(String room, String epoch, long offset) {
      return told.getOrDefault(new Cursor(epoch, offset), Map.of()).get(room);
    }

    private void checkSilence(Silence silence) {
      for (long offset = silence.after + 1; offset < silence.before; offset++) {
        StoredMessage message = at(silence.room, silence.epoch, offset);
        if (KEPT.contains(silence.room)) {
          assertThat(message).as("the tape of %s at %s", silence.room, offset).isNotNull();
        }
        assertThat(message != null && message.isFor(silence.id, silence.groups))
            .as("missed %s at %s by %s", message, offset, silence)
            .isFalse();
      }
    }

    /** Only who has missed more than is remembered is told so. */
    private void checkLost(Lost it) {
      if (!it.given.epoch().equals(it.now.epoch()) || it.given.offset() > it.now.offset()) {
        return;
      }
      long missing = it.now.offset() - it.given.offset();
      if (missing >= (seed % 7 == 0 ? 1 : REMEMBERED)) {
        return; // one of them may be its own coming
      }
      boolean said = false;
      for (long offset = 1; offset <= it.given.offset() + 1; offset++) {
        StoredMessage message = at(it.room, it.now.epoch(), offset);
        said |= message != null && message.isSaid();
      }
      StoredMessage first = at(it.room, it.now.epoch(), it.given.offset() + 1);
      boolean old =
          (first != null && it.at - first.sentAt >= AGE.toMillis())
              || (aged && (first == null || !first.isSaid())); // nobody knows when, or that it was
      assertThat(said && !old).as("needlessly lost: %s", it).isFalse();
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
      server.settle();
      server.pass(WINDOW);
      assertThat(EngineInside.connections(server.earshot).all()).isEmpty();
      assertThat(EngineInside.rooms(server.earshot).shards())
          .allSatisfy(shard -> assertThat(shard.roomCount()).isZero());
      server.pass(Duration.ofMinutes(6));
      server.pass(Duration.ofMinutes(6));
      for (Shard shard : EngineInside.rooms(server.earshot).shards()) {
        ROOMS.forEach(room -> assertThat(shard.roomIfAny(room)).isNull());
        assertThat(shard.budget().spare())
            .isEqualTo(
                EngineInside.config(server.earshot).limits().historyBytes() / server.loops.size());
      }
      // Nobody is waited for, since so many may be.
      var connectionActions =
          IntStream.range(0, MOST_WAITED_FOR + 1).mapToObj(_ -> guest()).toList();
      server.settle();
      connectionActions.forEach(guest -> guest.loop.run(guest.intake::gone));
      server.settle();
      assertThat(EngineInside.connections(server.earshot).all()).hasSize(MOST_WAITED_FOR);
    }
  }

  /** What a client has of a room. */
  private static final class Stretch {
    final String epoch;

    /** Up to where it knows the room; -1 before the first message where nothing was promised. */
    long at;

    /** From where on all is told. */
    long floor;

    Stretch(Cursor place) {
      epoch = place.epoch();
      at = place.offset();
      floor = at;
    }
  }

  /** Somebody with a connection, and another one when that breaks. */
  private static final class Client {
    final Simulation server;
    final Random random;
    final Set<String> groups = new TreeSet<>();
    final boolean hasSession;

    Guest guest;
    int read;
    String id = "";
    String session = "";

    String place = HOME;
    final Set<String> added = new TreeSet<>();
    final Set<String> listening = new TreeSet<>();
    final Map<String, Stretch> stretches = new HashMap<>();

    /** Where it was when it was cut, by room. */
    final Map<String, Cursor> cursors = new TreeMap<>();

    /** The last offset that it has heard, by room and epoch. */
    final Map<String, Long> heard = new HashMap<>();

    /** What it has asked and not been answered, in order. */
    final Map<String, Answered> pending = new LinkedHashMap<>();

    /** What it has said and not been answered: the request, by its id. */
    final Map<String, String> unanswered = new LinkedHashMap<>();

    /** It has come and not been told where it is; what it hears is no matter of its own. */
    boolean visiting = true;

    /** It does not move until it knows where it is. */
    boolean busy;

    /** Rooms that it has left by going to another one, which may still be heard for a moment. */
    final Set<String> fading = new TreeSet<>();

    int asked;

    /** What to do with an answer. */
    private interface Answered {
      void accept(Json.Obj answer);
    }

    Client(Simulation server) {
      this.server = server;
      random = server.random;
      hasSession = random.nextInt(3) > 0;
      GROUPS.stream().filter(_ -> random.nextBoolean()).forEach(groups::add);
      guest = connect();
    }

    private Guest connect() {
      Guest now = server.guest();
      groups.forEach(group -> now.connection().set(group, "true"));
      guest = now;
      read = 0;
      id = now.id();
      pending.clear();
      fading.clear();
      visiting = true;
      busy = true;
      return now;
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
      if (visiting || unanswered.size() > 5) {
        return;
      }
      String text = "w" + server.words++;
      String aim = "";
      if (random.nextInt(4) == 0) {
        String group = GROUPS.get(random.nextInt(2));
        text += " to " + group;
        aim = ",\"roomMatchKey\":\"" + group + "\",\"roomMatchValue\":\"true\"";
      }
      String room = random.nextInt(3) > 0 ? place : ROOMS.get(random.nextInt(ROOMS.size()));
      String request =
          "{\"event\":\"say\",\"room\":\"%s\",\"message\":\"%s\"%s,\"messageId\":\"%s\"}"
              .formatted(room, text, aim, text);
      unanswered.put(text, request);
      guest.send(request);
      if (random.nextInt(10) == 0) {
        guest.send(request); // impatient
      }
    }

    void move() {
      if (busy) {
        return;
      }
      String room = ROOMS.get(random.nextInt(ROOMS.size()));
      busy = true;
      switch (random.nextInt(5)) {
        case 0 -> changeRoom(room, null);
        case 1 -> enter("roomAdd", room, null);
        case 2 -> enter("listenToRoom", room, null);
        case 3 -> {
          if (room.equals(place)) {
            busy = false;
          } else {
            ask(event("roomLeave", room, null), answer -> isOut(answer, added, room));
          }
        }
        default -> ask(event("silenceRoom", room, null), answer -> isOut(answer, listening, room));
      }
    }

    private static String event(String event, String room, @Nullable Cursor after) {
      return "{\"event\":\"%s\",\"room\":\"%s\"%s}"
          .formatted(event, room, after == null ? "" : ",\"after\":\"" + after + "\"");
    }

    private void changeRoom(String room, @Nullable Cursor after) {
      ask(
          event("roomChange", room, after),
          answer -> {
            String before = place;
            boolean goesOn = listening.contains(room) && !visiting;
            place = room;
            added.remove(room);
            if (!before.equals(room) && !hears(before)) {
              end(before);
              fading.add(before);
            }
            if (!goesOn) {
              begin(room, answer, after);
            }
            busy = false;
          });
    }

    private void enter(String verb, String room, @Nullable Cursor after) {
      ask(
          event(verb, room, after),
          answer -> {
            if (answer.get("error") == null) {
              boolean goesOn = hears(room) && stretches.containsKey(room);
              (verb.equals("roomAdd") ? added : listening).add(room);
              if (!goesOn) {
                begin(room, answer, after);
              }
            }
            busy = false;
          });
    }

    private void isOut(Json.Obj answer, Set<String> from, String room) {
      if (answer.get("error") == null) {
        from.remove(room);
        if (!hears(room)) {
          end(room);
        }
      }
      busy = false;
    }

    void isCut(boolean isSeen) {
      read(random.nextInt(1 + guest.lines.size() - read)); // the rest was in flight
      Guest old = guest;
      if (isSeen) {
        old.loop.run(old.intake::gone);
      } else {
        server.unseen.add(old);
      }
      stretches.forEach(
          (room, stretch) -> {
            if (stretch.at >= 0) {
              cursors.put(room, new Cursor(stretch.epoch, stretch.at));
            }
          });
      stretches.clear();
      if (isSeen && random.nextInt(15) == 0) {
        server.pass(WINDOW);
      }
      comeBack();
    }

    private void comeBack() {
      boolean resumes = hasSession && !session.isEmpty();
      String before = session;
      String was = id;
      if (resumes && random.nextInt(8) == 0) {
        // Twice at once: the first of the two is cut and not seen to be, or ends on its way.
        Guest first = server.guest();
        groups.forEach(group -> first.connection().set(group, "true"));
        first.send("resume " + before);
        if (random.nextBoolean()) {
          server.unseen.add(first);
        } else {
          for (int i = random.nextInt(6); i > 0; i--) {
            server.server.step(random);
          }
          first.loop.run(() -> first.intake.end(Ending.REQUESTED));
        }
      }
      connect();
      if (!resumes) {
        unanswered.clear();
        returnByCursors();
        return;
      }
      id = was;
      boolean withCursors = random.nextInt(4) > 0;
      Map<String, Cursor> after = withCursors ? new TreeMap<>(cursors) : Map.of();
      var line = new StringBuilder("{\"event\":\"resume\",\"session\":\"" + before + "\"");
      if (withCursors) {
        var fields = new ArrayList<String>();
        after.forEach((room, cursor) -> fields.add("\"" + room + "\":\"" + cursor + "\""));
        line.append(",\"after\":{").append(String.join(",", fields)).append('}');
      }
      String messageId = "q" + asked++;
      pending.put(messageId, answer -> isBack(answer, after));
      guest.send(line + ",\"messageId\":\"" + messageId + "\"}");
    }

    private void isBack(Json.Obj answer, Map<String, Cursor> after) {
      if (answer.get("error") != null) {
        session = "";
        id = guest.id();
        unanswered.clear();
        returnByCursors();
        return;
      }
      visiting = false;
      assertThat(text(answer, "id")).isEqualTo(id);
      session = text(answer, "session");
      place = text(answer, "room");
      cursors.clear();
      if (answer.get("rooms") instanceof Json.Array(List<Json> rooms)) {
        for (Json room : rooms) {
          String name = text((Json.Obj) room, "room");
          begin(name, (Json.Obj) room, after.get(name));
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
            place = text(data, "room");
            added.clear();
            added.addAll(texts(data, "rooms"));
            added.remove(place);
            listening.clear();
            listening.addAll(texts(data, "listening"));
            var all = rooms();
            all.addAll(listening);
            assertThat(stretches.keySet()).isEqualTo(all);
            busy = false;
          });
    }

    private void returnByCursors() {
      String room = place;
      Set<String> others = new TreeSet<>(added);
      Set<String> heardToo = new TreeSet<>(listening);
      Map<String, Cursor> after = new TreeMap<>(cursors);
      added.clear();
      listening.clear();
      ask(
          event("roomChange", room, after.get(room)),
          answer -> {
            visiting = false;
            fading.add(HOME);
            cursors.remove(room);
            begin(room, answer, after.get(room));
          });
      others.remove(room);
      for (String other : others) {
        added(other, "roomAdd", added, after);
      }
      for (String other : heardToo) {
        added(other, "listenToRoom", listening, after);
      }
      ask(
          "{\"event\":\"detailsView\"}",
          _ -> {
            cursors.clear();
            busy = false;
          });
    }

    private void added(String room, String verb, Set<String> to, Map<String, Cursor> after) {
      ask(
          event(verb, room, after.get(room)),
          answer -> {
            assertThat(answer.get("error")).isNull();
            to.add(room);
            cursors.remove(room);
            if (!stretches.containsKey(room)) {
              begin(room, answer, after.get(room));
            }
          });
    }

    // --- what it is told -----------------------------------------------------------------------

    private void begin(String room, Json.Obj answer, @Nullable Cursor after) {
      Cursor now = cursor(answer);
      Json recovered = answer.get("recovered");
      boolean all = recovered instanceof Json.Bool(boolean yes) && yes;
      if (after != null) {
        assertThat(recovered).isNotNull();
      }
      end(room);
      fading.remove(room);
      if (all) {
        assertThat(after).isNotNull();
        stretches.put(room, new Stretch(Objects.requireNonNull(after)));
        assertThat(now.epoch()).isEqualTo(after.epoch());
        assertThat(now.offset()).isGreaterThanOrEqualTo(after.offset());
      } else {
        var stretch = new Stretch(now);
        if (after == null && recovered != null) {
          stretch.at = -1;
        }
        if (after != null) {
          server.lost.add(
              new Lost(
                  room, after, now, EngineInside.rooms(server.server.earshot).shard(room).now()));
        }
        stretches.put(room, stretch);
      }
    }

    /** Hears a room no more. */
    private void end(String room) {
      stretches.remove(room);
    }

    void read(int count) {
      for (int i = 0; i < count && read < guest.lines.size(); i++) {
        String line = guest.lines.get(read++);
        if (line.startsWith("end ")) {
          // Whoever came with the same session before is seen only now.
          assertThat(line).isEqualTo("end 4000");
          isCut(true);
          return;
        }
        Json.Obj json = parsed(line);
        switch (text(json, "context")) {
          case "user" -> hear(json);
          case "api" -> welcomed(json);
          default -> answered(json);
        }
      }
    }

    private void welcomed(Json.Obj json) {
      if (session.isEmpty() && hasSession) {
        session = text(json, "session");
      }
      if (pending.isEmpty() && visiting) {
        visiting = false;
        begin(HOME, json, null);
        busy = false;
      }
    }

    private void answered(Json.Obj json) {
      String messageId = text(json, "messageId");
      if (unanswered.containsKey(messageId) || messageId.startsWith("w")) {
        unanswered.remove(messageId);
        if (json.get("epoch") != null) {
          Cursor place = cursor(json);
          Cursor other = server.answered.putIfAbsent(messageId, place);
          assertThat(place).isEqualTo(other == null ? place : other);
        }
        return;
      }
      Answered then = pending.remove(messageId);
      assertThat(then).as("asked for %s", json).isNotNull();
      Objects.requireNonNull(then).accept(json);
    }

    private void hear(Json.Obj json) {
      String room = text(json, "room");
      Stretch known = stretches.get(room);
      if (known == null && (visiting || fading.contains(room))) {
        return;
      }
      assertThat(known).as("hears %s", json).isNotNull();
      Stretch stretch = Objects.requireNonNull(known);
      Cursor place = cursor(json);
      assertThat(place.epoch()).as("%s", json).isEqualTo(stretch.epoch);
      long offset = place.offset();
      assertThat(offset).as("%s", json).isGreaterThan(stretch.at);
      Long last = heard.put(room + " " + stretch.epoch, offset);
      assertThat(offset).as("heard again: %s", json).isGreaterThan(last == null ? -1 : last);
      if (stretch.at >= 0 || offset > stretch.floor) {
        long from = stretch.at >= 0 ? stretch.at : stretch.floor;
        server.silences.add(new Silence(room, stretch.epoch, from, offset, id, groups));
      }
      stretch.at = offset;
      assertThat(text(json, "from")).as("%s %s", json, hasSession).isNotEqualTo(id);
      int aimed = text(json, "message").indexOf(" to ");
      assertThat(aimed < 0 || groups.contains(text(json, "message").substring(aimed + 4))).isTrue();
    }

    /** Reads all there is. */
    void catchUp() {
      for (int left = guest.lines.size() - read; left > 0; left = guest.lines.size() - read) {
        read(left);
        server.server.settle();
      }
    }

    /** Reads all, and says that there is no more. */
    void finish() {
      catchUp();
      assertThat(pending).isEmpty();
      assertThat(unanswered).isEmpty();
      assertThat(visiting).isFalse();
      Set.copyOf(stretches.keySet())
          .forEach(
              room -> {
                Stretch stretch = Objects.requireNonNull(stretches.get(room));
                long from = Math.max(stretch.at, stretch.floor);
                server.silences.add(new Silence(room, stretch.epoch, from, now(room), id, groups));
              });
    }

    private long now(String room) {
      var offset = new HashSet<Long>();
      var _ =
          EngineInside.rooms(server.server.earshot)
              .status(room)
              .thenAccept(
                  status -> {
                    Cursor at = status.cursor();
                    offset.add(at == null ? 0 : at.offset() + 1);
                  });
      server.server.settle();
      return offset.iterator().next();
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
