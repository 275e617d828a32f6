package io.earshot.session;

import static io.earshot.session.JsonLines.cursor;
import static io.earshot.session.JsonLines.parsed;
import static io.earshot.session.JsonLines.text;
import static io.earshot.session.ResumeSimulation.GROUPS;
import static io.earshot.session.ResumeSimulation.HOME;
import static io.earshot.session.ResumeSimulation.ROOMS;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Ending;
import io.earshot.testing.TestServer.Guest;
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
 * A client that connects again when its connection breaks, by its session or by cursors. It reads
 * what it is sent when the simulation lets it; what it has not read when its connection breaks is
 * lost. It acts by the rules that the protocol gives to clients: what it hears before the answer to
 * its request to come back is ignored, and from that answer on each room is without a gap.
 */
final class SimulatedClient {
  private final ResumeSimulation simulation;
  private final Random random;
  private final Set<String> groups = new TreeSet<>();
  private final boolean hasSession;
  private final ClientRooms rooms;

  private Guest guest;
  private int read;
  private String id = "";
  private String session = "";

  /** Requests that are not answered yet, in order. */
  private final Map<String, Answered> pending = new LinkedHashMap<>();

  /** Says that are not answered yet: the request, by its message id. */
  private final Map<String, String> unanswered = new LinkedHashMap<>();

  /** The client has connected and has no answer yet that says in which rooms it is. */
  private boolean isVisiting = true;

  /** A request that changes rooms is under way; the client makes no other meanwhile. */
  private boolean isBusy;

  private int requests;

  /** What to do with an answer. */
  private interface Answered {
    void accept(Json.Obj answer);
  }

  SimulatedClient(ResumeSimulation simulation) {
    this.simulation = simulation;
    random = simulation.random;
    hasSession = random.nextInt(3) > 0;
    GROUPS.stream().filter(_ -> random.nextBoolean()).forEach(groups::add);
    rooms = new ClientRooms(simulation, groups);
    guest = connect();
  }

  String id() {
    return id;
  }

  /** The rooms that the client is in. */
  Set<String> rooms() {
    return rooms.joined();
  }

  private Guest newConnection() {
    Guest now = simulation.connect();
    groups.forEach(group -> now.connection().set(group, "true"));
    return now;
  }

  private Guest connect() {
    Guest now = newConnection();
    guest = now;
    read = 0;
    id = now.id();
    pending.clear();
    rooms.connected();
    isVisiting = true;
    isBusy = true;
    return now;
  }

  // --- requests ----------------------------------------------------------------------------------

  private void ask(String request, Answered then) {
    String messageId = "q" + requests++;
    pending.put(messageId, then);
    guest.send(
        request.substring(0, request.length() - 1) + ",\"messageId\":\"" + messageId + "\"}");
  }

  void say() {
    if (isVisiting || unanswered.size() > 5) {
      return;
    }
    String text = simulation.nextWord();
    String aim = "";
    if (random.nextInt(4) == 0) {
      String group = GROUPS.get(random.nextInt(2));
      text += " to " + group;
      aim = ",\"roomMatchKey\":\"" + group + "\",\"roomMatchValue\":\"true\"";
    }
    String room = random.nextInt(3) > 0 ? rooms.current : ROOMS.get(random.nextInt(ROOMS.size()));
    String request =
        "{\"event\":\"say\",\"room\":\"%s\",\"message\":\"%s\"%s,\"messageId\":\"%s\"}"
            .formatted(room, text, aim, text);
    unanswered.put(text, request);
    guest.send(request);
    if (random.nextInt(10) == 0) {
      guest.send(request); // a retry before the answer
    }
  }

  /** Changes, adds, leaves, listens to or silences a room. */
  void move() {
    if (isBusy) {
      return;
    }
    String room = ROOMS.get(random.nextInt(ROOMS.size()));
    isBusy = true;
    switch (random.nextInt(5)) {
      case 0 -> changeRoom(room);
      case 1 -> enter("roomAdd", room);
      case 2 -> enter("listenToRoom", room);
      case 3 -> {
        if (room.equals(rooms.current)) {
          isBusy = false;
        } else {
          ask(event("roomLeave", room, null), answer -> left(answer, rooms.added, room));
        }
      }
      default ->
          ask(event("silenceRoom", room, null), answer -> left(answer, rooms.listening, room));
    }
  }

  private static String event(String event, String room, @Nullable Cursor after) {
    return "{\"event\":\"%s\",\"room\":\"%s\"%s}"
        .formatted(event, room, after == null ? "" : ",\"after\":\"" + after + "\"");
  }

  private void changeRoom(String room) {
    ask(
        event("roomChange", room, null),
        answer -> {
          String before = rooms.current;
          boolean goesOn = rooms.listening.contains(room) && !isVisiting;
          rooms.current = room;
          rooms.added.remove(room);
          if (!before.equals(room) && !rooms.hears(before)) {
            rooms.fade(before);
          }
          if (!goesOn) {
            rooms.begin(room, answer, null);
          }
          isBusy = false;
        });
  }

  private void enter(String verb, String room) {
    ask(
        event(verb, room, null),
        answer -> {
          if (answer.get("error") == null) {
            boolean goesOn = rooms.hears(room) && rooms.isHeard(room);
            (verb.equals("roomAdd") ? rooms.added : rooms.listening).add(room);
            if (!goesOn) {
              rooms.begin(room, answer, null);
            }
          }
          isBusy = false;
        });
  }

  private void left(Json.Obj answer, Set<String> from, String room) {
    if (answer.get("error") == null) {
      from.remove(room);
      if (!rooms.hears(room)) {
        rooms.end(room);
      }
    }
    isBusy = false;
  }

  // --- a lost connection -------------------------------------------------------------------------

  /** Loses the connection and connects again; what the client has not read is partly lost. */
  void lose(boolean isNoticed) {
    read(random.nextInt(1 + guest.lines.size() - read));
    simulation.disconnect(guest, isNoticed);
    rooms.lose();
    if (isNoticed && random.nextInt(15) == 0) {
      simulation.passLong(ResumeSimulation.WINDOW);
    }
    comeBack();
  }

  private void comeBack() {
    String before = session;
    String was = id;
    if (!hasSession || session.isEmpty()) {
      connect();
      comeBackByCursors();
      return;
    }
    if (random.nextInt(8) == 0) {
      resumeOnAnother(before);
    }
    connect();
    id = was;
    resume(before);
  }

  /** Two connections resume at once: the first breaks unnoticed, or ends while it resumes. */
  private void resumeOnAnother(String session) {
    Guest first = newConnection();
    first.send("resume " + session);
    if (random.nextBoolean()) {
      simulation.disconnect(first, false);
    } else {
      for (int i = random.nextInt(6); i > 0; i--) {
        simulation.server.step(random);
      }
      first.loop.run(() -> first.intake.end(Ending.REQUESTED));
    }
  }

  private void resume(String session) {
    boolean withCursors = random.nextInt(4) > 0;
    Map<String, Cursor> after = withCursors ? new TreeMap<>(rooms.cursors) : Map.of();
    var request = new StringBuilder("{\"event\":\"resume\",\"session\":\"" + session + "\"");
    if (withCursors) {
      var fields = new ArrayList<String>();
      after.forEach((room, cursor) -> fields.add("\"" + room + "\":\"" + cursor + "\""));
      request.append(",\"after\":{").append(String.join(",", fields)).append('}');
    }
    ask(request.append('}').toString(), answer -> resumed(answer, after));
  }

  private void resumed(Json.Obj answer, Map<String, Cursor> after) {
    if (answer.get("error") != null) {
      session = "";
      id = guest.id();
      comeBackByCursors();
      return;
    }
    isVisiting = false;
    assertThat(text(answer, "id")).isEqualTo(id);
    session = text(answer, "session");
    rooms.current = text(answer, "room");
    rooms.cursors.clear();
    if (answer.get("rooms") instanceof Json.Array(List<Json> all)) {
      for (Json room : all) {
        String name = text((Json.Obj) room, "room");
        rooms.begin(name, (Json.Obj) room, after.get(name));
      }
    }
    ask(
        "{\"event\":\"detailsView\"}",
        details -> {
          Json.Obj data = (Json.Obj) Objects.requireNonNull(details.get("data"));
          assertThat(text(data, "id")).isEqualTo(id);
          rooms.resumed(data);
          isBusy = false;
        });
    unanswered.values().forEach(guest::send);
  }

  /** Joins the same rooms as before, under another id. */
  private void comeBackByCursors() {
    unanswered.clear();
    String current = rooms.current;
    Set<String> added = new TreeSet<>(rooms.added);
    Set<String> listening = new TreeSet<>(rooms.listening);
    Map<String, Cursor> after = new TreeMap<>(rooms.cursors);
    rooms.added.clear();
    rooms.listening.clear();
    ask(
        event("roomChange", current, after.get(current)),
        answer -> {
          isVisiting = false;
          rooms.fade(HOME);
          rooms.cursors.remove(current);
          rooms.begin(current, answer, after.get(current));
        });
    added.remove(current);
    for (String room : added) {
      enterAgain("roomAdd", room, rooms.added, after);
    }
    for (String room : listening) {
      enterAgain("listenToRoom", room, rooms.listening, after);
    }
    ask(
        "{\"event\":\"detailsView\"}",
        _ -> {
          rooms.cursors.clear();
          isBusy = false;
        });
  }

  private void enterAgain(String verb, String room, Set<String> to, Map<String, Cursor> after) {
    ask(
        event(verb, room, after.get(room)),
        answer -> {
          assertThat(answer.get("error")).isNull();
          to.add(room);
          rooms.cursors.remove(room);
          if (!rooms.isHeard(room)) {
            rooms.begin(room, answer, after.get(room));
          }
        });
  }

  // --- reading -----------------------------------------------------------------------------------

  void read(int count) {
    for (int i = 0; i < count && read < guest.lines.size(); i++) {
      String line = guest.lines.get(read++);
      if (line.startsWith("end ")) {
        // Another connection has resumed the same session before, which is noticed only now.
        assertThat(line).isEqualTo("end 4000");
        lose(true);
        return;
      }
      Json.Obj json = parsed(line);
      switch (text(json, "context")) {
        case "user" -> rooms.hear(json, id, isVisiting);
        case "api" -> welcomed(json);
        default -> answered(json);
      }
    }
  }

  private void welcomed(Json.Obj json) {
    if (session.isEmpty() && hasSession) {
      session = text(json, "session");
    }
    if (pending.isEmpty() && isVisiting) {
      isVisiting = false;
      rooms.begin(HOME, json, null);
      isBusy = false;
    }
  }

  private void answered(Json.Obj json) {
    String messageId = text(json, "messageId");
    if (unanswered.containsKey(messageId) || messageId.startsWith("w")) {
      unanswered.remove(messageId);
      if (json.get("epoch") != null) {
        simulation.record.addAnswer(messageId, cursor(json));
      }
      return;
    }
    Answered then = pending.remove(messageId);
    assertThat(then).as("the request that %s answers", json).isNotNull();
    Objects.requireNonNull(then).accept(json);
  }

  /** Reads all that there is, and what the server sends meanwhile. */
  void readAll() {
    for (int left = guest.lines.size() - read; left > 0; left = guest.lines.size() - read) {
      read(left);
      simulation.server.settle();
    }
  }

  /** Reads everything; then everything has to be answered. */
  void finish() {
    readAll();
    assertThat(pending).isEmpty();
    assertThat(unanswered).isEmpty();
    assertThat(isVisiting).isFalse();
    rooms.finish(id);
  }
}
