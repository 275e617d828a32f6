package io.earshot.session;

import static io.earshot.session.JsonLines.cursor;
import static io.earshot.session.JsonLines.text;
import static io.earshot.session.JsonLines.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a simulated client knows of its rooms: which rooms it is in or listens to, and up to where
 * it has heard each. Each message that it hears is checked against that.
 */
final class ClientRooms {
  private final ResumeSimulation simulation;
  private final Set<String> groups;

  String current = ResumeSimulation.HOME;
  final Set<String> added = new TreeSet<>();
  final Set<String> listening = new TreeSet<>();

  private final Map<String, Stretch> stretches = new HashMap<>();

  /** Up to where the client knew its rooms when it lost its connection. */
  final Map<String, Cursor> cursors = new TreeMap<>();

  /** The last offset that the client has received, by room and epoch. */
  private final Map<String, Long> heard = new HashMap<>();

  /** Rooms that the client has left by changing to another; late messages may still arrive. */
  private final Set<String> fading = new TreeSet<>();

  ClientRooms(ResumeSimulation simulation, Set<String> groups) {
    this.simulation = simulation;
    this.groups = groups;
  }

  /** A part of a room's order that the client receives without a gap. */
  private static final class Stretch {
    final String epoch;

    /** The last offset known; -1 before the first message where the server promised nothing. */
    long at;

    /** The offset after which the server promised all messages. */
    final long floor;

    /** Up to where it was recovered: of this part, announcements may be forgotten. */
    long recoveredUpTo;

    Stretch(Cursor place) {
      epoch = place.epoch();
      at = place.offset();
      floor = at;
    }
  }

  /** The rooms that the client is in. */
  Set<String> joined() {
    var rooms = new TreeSet<>(added);
    rooms.add(current);
    return rooms;
  }

  boolean hears(String room) {
    return joined().contains(room) || listening.contains(room);
  }

  boolean isHeard(String room) {
    return stretches.containsKey(room);
  }

  // --- joining and leaving -----------------------------------------------------------------------

  /** The server has answered with the position after which the client receives a room. */
  void begin(String room, Json.Obj answer, @Nullable Cursor after) {
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
      var stretch = new Stretch(Objects.requireNonNull(after));
      stretch.recoveredUpTo = now.offset();
      stretches.put(room, stretch);
      assertThat(now.epoch()).isEqualTo(after.epoch());
      assertThat(now.offset()).isGreaterThanOrEqualTo(after.offset());
    } else {
      var stretch = new Stretch(now);
      if (after == null && recovered != null) {
        stretch.at = -1;
      }
      if (after != null) {
        long at = simulation.rooms().shard(room).wallTime();
        simulation.record.add(new RoomRecord.NotRecovered(room, after, now, at));
      }
      stretches.put(room, stretch);
    }
  }

  /** The client no longer receives a room. */
  void end(String room) {
    stretches.remove(room);
  }

  /** The client no longer receives a room, apart from messages that are on their way. */
  void fade(String room) {
    end(room);
    fading.add(room);
  }

  /** The connection is lost; the client remembers up to where it knows each room. */
  void lose() {
    stretches.forEach(
        (room, stretch) -> {
          if (stretch.at >= 0) {
            cursors.put(room, new Cursor(stretch.epoch, stretch.at));
          }
        });
    stretches.clear();
  }

  /** A new connection begins in the default room. */
  void connected() {
    fading.clear();
  }

  /** The client has resumed its session, and asks which rooms it is in. */
  void resumed(Json.Obj details) {
    current = text(details, "room");
    added.clear();
    added.addAll(texts(details, "rooms"));
    added.remove(current);
    listening.clear();
    listening.addAll(texts(details, "listening"));
    var all = joined();
    all.addAll(listening);
    assertThat(stretches.keySet()).isEqualTo(all);
  }

  // --- messages ----------------------------------------------------------------------------------

  /**
   * The client receives a message.
   *
   * @param isVisiting whether the client has not said yet which session or rooms it wants
   */
  void hear(Json.Obj json, String id, boolean isVisiting) {
    String room = text(json, "room");
    Stretch known = stretches.get(room);
    if (known == null && (isVisiting || fading.contains(room))) {
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
      claimSilence(room, stretch, from, offset, id);
    }
    stretch.at = offset;
    assertThat(text(json, "from")).as("%s", json).isNotEqualTo(id);
    assertThat(RoomRecord.isAimedAt(text(json, "message"), groups)).isTrue();
  }

  /** The client has read everything, and receives no more. */
  void finish(String id) {
    stretches.forEach(
        (room, stretch) -> {
          Cursor now = simulation.status(room).cursor();
          long from = Math.max(stretch.at, stretch.floor);
          claimSilence(room, stretch, from, now == null ? 0 : now.offset() + 1, id);
        });
  }

  private void claimSilence(String room, Stretch stretch, long after, long before, String id) {
    simulation.record.add(
        new RoomRecord.Silence(
            room, stretch.epoch, after, before, id, groups, after < stretch.recoveredUpTo));
  }
}
