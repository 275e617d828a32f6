package io.earshot.cluster;

import static io.earshot.cluster.ClientJson.cursor;
import static io.earshot.cluster.ClientJson.event;
import static io.earshot.cluster.ClientJson.text;
import static io.earshot.cluster.ClientJson.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Transport;
import io.earshot.cluster.HubLinks.Asked;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.spi.ConnectRequest;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A client of a {@link Simulation}. When its connection is cut, it connects to any server, and
 * resumes its session, or enters its rooms with the cursors that it has.
 *
 * <p>Owned by the test's thread.
 */
final class SimulatedClient {
  private final Simulation sim;
  private final Random random;
  private final ClientStreams streams;
  private final boolean usesSession;

  /** Posts for these groups are for this client. */
  final Set<String> groups = new TreeSet<>();

  // The connection.
  private int server;
  private Guest guest;
  private int linesRead;
  private String id = "";
  private String session = "";

  /** Whether it waits for the answer to its request to resume. */
  private boolean isResuming;

  /** The number of events when it was cut last, while it was not resuming. */
  private int cutAt;

  // Its rooms.
  private String current = Simulation.DEFAULT_ROOM;
  private final Set<String> added = new TreeSet<>();
  private final Set<String> listening = new TreeSet<>();
  private final ClientStays stays;

  private final ClientHistories histories;

  /** Up to where it had received each room when it was cut. */
  private final Map<String, Cursor> cursors = new TreeMap<>();

  // Its requests.
  /** Whether it waits for the answer to a change of rooms. */
  private boolean isMoving;

  private int requests;

  /** What to do with the answers that it waits for, by message id, in order. */
  private final Map<String, Answered> waiting = new LinkedHashMap<>();

  /** The posts that are not answered: the request, by message id. */
  private final Map<String, String> unanswered = new LinkedHashMap<>();

  private interface Answered {
    void accept(Json.Obj answer);
  }

  SimulatedClient(Simulation sim) {
    this.sim = sim;
    random = sim.random;
    streams = new ClientStreams(sim, this);
    stays = new ClientStays(sim);
    histories = new ClientHistories(sim, this);
    usesSession = random.nextInt(3) > 0;
    Simulation.GROUPS.stream().filter(_ -> random.nextBoolean()).forEach(groups::add);
    guest = connect(Simulation.DEFAULT_ROOM, null);
  }

  String id() {
    return id;
  }

  /** The index of the server that it is connected to. */
  int server() {
    return server;
  }

  ClientStreams streams() {
    return streams;
  }

  /** Whether it waits for answers. */
  boolean isWaiting() {
    return !waiting.isEmpty();
  }

  /** The rooms that it is a member of. */
  Set<String> rooms() {
    var rooms = new TreeSet<>(added);
    rooms.add(current);
    return rooms;
  }

  private boolean receives(String room) {
    return rooms().contains(room) || listening.contains(room);
  }

  private Asked asked() {
    return sim.links.asked(server);
  }

  /** Whether its server was connected to the hub all the time since. */
  boolean wasConnectedToHub(Asked since) {
    return sim.links.wasConnected(server, since);
  }

  // --- posting ---------------------------------------------------------------------------------

  void say() {
    if (waiting.containsKey("welcome") || isResuming || unanswered.size() > 5) {
      return;
    }
    String text = sim.nextText();
    if (random.nextInt(4) == 0) {
      guest.send("say " + text); // without a message id, so it cannot be posted again
      return;
    }
    if (random.nextInt(4) == 0) {
      text += " to " + Simulation.GROUPS.get(random.nextInt(2));
    }
    String request = post(random.nextInt(3) > 0 ? current : sim.anyRoom(), text);
    if (random.nextInt(10) == 0) {
      guest.send(request); // again, before the answer
    }
  }

  private String post(String room, String text) {
    String request = ClientJson.say(room, text);
    unanswered.put(text, request);
    guest.send(request);
    return request;
  }

  void sayLast() {
    guest.send("say " + sim.nextText());
  }

  // --- changing rooms --------------------------------------------------------------------------

  void move() {
    if (isMoving || isWaiting()) {
      return; // after a return the client has made several requests, of which some are not answered
    }
    String room = sim.anyRoom();
    isMoving = true;
    switch (random.nextInt(5)) {
      case 0 -> changeRoom(room);
      case 1 -> enter("roomAdd", room, null, added);
      case 2 -> enter("listenToRoom", room, null, listening);
      case 3 -> {
        if (room.equals(current)) {
          isMoving = false;
        } else {
          stays.end(room, sim.hub.events.size());
          leave("roomLeave", room, added);
        }
      }
      default -> leave("silenceRoom", room, listening);
    }
  }

  private void request(String request, Answered then) {
    String messageId = "q" + requests++;
    waiting.put(messageId, then);
    guest.send(ClientJson.withId(request, messageId));
  }

  private void changeRoom(String room) {
    Asked since = asked();
    stays.end(current, sim.hub.events.size());
    stays.end(room, sim.hub.events.size());
    int history = histories.any();
    request(
        ClientHistories.entry("roomChange", room, null, history),
        answer -> {
          histories.expect(room, answer, history);
          String before = current;
          boolean goesOn = listening.contains(room);
          current = room;
          added.remove(room);
          if (!before.equals(room) && !receives(before)) {
            streams.leave(
                before, wasConnectedToHub(since) ? sim.events.left(before, id, since.at()) : -1);
          }
          begin(room, answer, null, since, true, goesOn);
          isMoving = false;
        });
  }

  private void enter(String verb, String room, @Nullable Cursor after, Set<String> rooms) {
    Asked since = asked();
    int history = histories.any();
    request(
        ClientHistories.entry(verb, room, after, history),
        answer -> {
          if (answer.get("error") == null) {
            histories.expect(room, answer, history);
            boolean goesOn = streams.has(room) && receives(room);
            rooms.add(room);
            begin(room, answer, after, since, rooms == added, goesOn);
          }
          isMoving = false;
        });
  }

  private void leave(String verb, String room, Set<String> rooms) {
    Asked since = asked();
    request(
        event(verb, room, null),
        answer -> {
          if (answer.get("error") == null) {
            rooms.remove(room);
            if (!receives(room)) {
              streams.end(room, wasConnectedToHub(since) ? since.at() : -1);
            }
          }
          isMoving = false;
        });
  }

  /**
   * The server has answered that the client is in a room, or listens to it.
   *
   * @param goesOn whether it received the room before, and goes on without a break
   */
  private void begin(
      String room,
      Json.Obj answer,
      @Nullable Cursor after,
      Asked since,
      boolean asMember,
      boolean goesOn) {
    assertThat(answer.get("error")).as("%s", answer).isNull();
    if (asMember) {
      stays.begin(room, id, wasConnectedToHub(since));
    }
    if (!goesOn) {
      streams.begin(room, answer, after, since, asMember);
    }
  }

  // --- connecting, and coming back -------------------------------------------------------------

  /** Connects to any server, and enters a room. */
  private Guest connect(String room, @Nullable Cursor after) {
    server = random.nextInt(sim.servers.size());
    TestServer there = sim.servers.get(server);
    Guest now =
        there
        .new Guest(
            there.loops.get(random.nextInt(there.loops.size())),
            random.nextBoolean() ? Lines.ONE : Lines.TWO);
    Asked since = asked();
    now.loop.run(
        () ->
            now.intake =
                there.earshot.connect(
                    now.loop,
                    now,
                    now.wire,
                    Transport.TCP,
                    room,
                    Start.after(after),
                    null,
                    ConnectRequest.NONE));
    sim.connections.add(now);
    groups.forEach(group -> now.connection().set(group, "true"));
    guest = now;
    linesRead = 0;
    id = now.id();
    waiting.clear();
    histories.clear();
    isMoving = true;
    isResuming = false;
    waiting.put(
        "welcome",
        answer -> {
          if (session.isEmpty() && usesSession) {
            session = text(answer, "session");
          }
          if (!isResuming) {
            current = room;
            begin(room, answer, after, since, true, false);
            streams.hasNoGroupsUntil(room, since.at() - 1);
            isMoving = false;
          }
        });
    return now;
  }

  /** The connection breaks; the server notices at once, or later. The client comes back. */
  void cut(boolean isNoticed) {
    read(random.nextInt(1 + guest.lines.size() - linesRead)); // the other lines are lost
    if (isResuming) {
      sim.mayLeave.add(id);
    } else {
      cutAt = sim.hub.events.size();
    }
    Guest old = guest;
    if (isNoticed) {
      old.loop.run(old.intake::gone);
    } else {
      sim.unnoticed.add(old);
    }
    streams.expectNoMoreOfLeftRooms();
    cursors.putAll(streams.cut());
    if (isNoticed && random.nextInt(15) == 0) {
      sim.passLong();
    }
    comeBack();
  }

  private void comeBack() {
    String before = session;
    String was = id;
    if (!usesSession || before.isEmpty()) {
      enterAgain();
      return;
    }
    connect(Simulation.DEFAULT_ROOM, null);
    isResuming = true;
    id = was;
    boolean withCursors = random.nextInt(4) > 0;
    Map<String, Cursor> after = withCursors ? new TreeMap<>(cursors) : Map.of();
    Asked since = asked();
    Instant start = sim.now();
    request(
        ClientJson.resume(before, withCursors ? after : null),
        answer -> {
          if (sim.now().isAfter(start.plus(Simulation.RESUME_TIMEOUT))) {
            sim.mayLeave.add(was);
          }
          resumed(answer, after, since);
        });
  }

  private void resumed(Json.Obj answer, Map<String, Cursor> after, Asked since) {
    if (answer.get("error") != null) {
      session = "";
      guest.loop.run(guest.intake::gone);
      enterAgain();
      return;
    }
    isResuming = false;
    assertThat(text(answer, "id")).isEqualTo(id);
    session = text(answer, "session");
    current = text(answer, "room");
    cursors.clear();
    added.clear();
    listening.clear();
    if (answer.get("rooms") instanceof Json.Array(List<Json> rooms)) {
      for (Json room : rooms) {
        String name = text((Json.Obj) room, "room");
        begin(name, (Json.Obj) room, after.get(name), since, false, false);
      }
    }
    askForRooms();
    unanswered.values().forEach(guest::send);
  }

  /** Asks the server which rooms the resumed session is in. */
  private void askForRooms() {
    request(
        "{\"event\":\"detailsView\"}",
        answer -> {
          Json.Obj data = (Json.Obj) Objects.requireNonNull(answer.get("data"));
          assertThat(text(data, "id")).isEqualTo(id);
          assertThat(text(data, "room")).isEqualTo(current);
          added.addAll(texts(data, "rooms"));
          added.remove(current);
          listening.addAll(texts(data, "listening"));
          var all = rooms();
          all.addAll(listening);
          assertThat(streams.rooms()).isEqualTo(all);
          stays.endExcept(rooms(), cutAt);
          rooms().forEach(room -> stays.begin(room, id, false));
          isMoving = false;
        });
  }

  /** Connects without the session, and enters the rooms with the cursors that it has. */
  private void enterAgain() {
    Set<String> addedBefore = new TreeSet<>(added);
    Set<String> listeningBefore = new TreeSet<>(listening);
    Map<String, Cursor> after = new TreeMap<>(cursors);
    stays.endExcept(Set.of(), cutAt);
    unanswered.clear();
    cursors.clear();
    added.clear();
    listening.clear();
    session = "";
    connect(current, after.get(current));
    addedBefore.remove(current);
    for (String room : addedBefore) {
      enter("roomAdd", room, after.get(room), added);
    }
    for (String room : listeningBefore) {
      // As a member it receives the room already, and listening goes on without a gap.
      boolean isMember = addedBefore.contains(room) || room.equals(current);
      enter("listenToRoom", room, isMember ? null : after.get(room), listening);
    }
  }

  // --- what comes ------------------------------------------------------------------------------

  void read(int count) {
    for (int i = 0; i < count && linesRead < guest.lines.size(); i++) {
      String line = guest.lines.get(linesRead++);
      if (line.equals("end 4000")) {
        // A slow request of the connection before, such as to resume, has taken the session away.
        cut(true);
        return;
      }
      assertThat(line).as("to %s on server %d", id, server).doesNotStartWith("end ");
      receive(ClientJson.parsed(line));
    }
  }

  private void receive(Json.Obj json) {
    switch (text(json, "context")) {
      case "api" -> Objects.requireNonNull(waiting.remove("welcome")).accept(json);
      case "user", "gap" -> {
        if (!isResuming && !histories.receive(json)) {
          streams.receive(json);
        }
      }
      default -> answered(json);
    }
  }

  private void answered(Json.Obj json) {
    String messageId = text(json, "messageId");
    if (messageId.isEmpty()) {
      // The answer to a post without a message id.
      assertThat(json.get("messageCount")).as("%s", json).isNotNull();
      return;
    }
    if (messageId.startsWith("w")) {
      posted(messageId, json);
      return;
    }
    Answered then = waiting.remove(messageId);
    assertThat(then).as("the request for %s", json).isNotNull();
    Objects.requireNonNull(then).accept(json);
  }

  private void posted(String text, Json.Obj answer) {
    unanswered.remove(text);
    if (answer.get("epoch") != null) {
      sim.answered.computeIfAbsent(text, _ -> new ArrayList<>()).add(cursor(answer));
    } else if (sim.faults == Simulation.Faults.NONE) {
      assertThat(text(answer, "error")).startsWith("Error: you are not in this room");
    } else if (text(answer, "error").contains("away") && random.nextBoolean()) {
      var _ = post(text(answer, "room"), text);
    }
  }

  /** Reads everything that the servers have for it. */
  void readAll() {
    while (linesRead < guest.lines.size()) {
      read(guest.lines.size() - linesRead);
      sim.settle();
    }
  }

  void finish() {
    readAll();
    assertThat(waiting).isEmpty();
    histories.checkComplete();
    assertThat(isResuming).isFalse();
    streams.finish();
  }
}
