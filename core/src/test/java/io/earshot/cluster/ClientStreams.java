package io.earshot.cluster;

import static io.earshot.cluster.ClientJson.cursor;
import static io.earshot.cluster.ClientJson.number;
import static io.earshot.cluster.ClientJson.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.HubEvent;
import io.earshot.testing.HubEvent.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link SimulatedClient} receives of its rooms: one stream for each room, in which offsets
 * rise and no post comes twice. When a stream ends, what it should have contained is added to
 * {@link Simulation#expected}.
 *
 * <p>Owned by the test's thread.
 */
final class ClientStreams {
  /** For a number of an event: not known yet. */
  private static final int UNKNOWN = -2;

  private final Simulation sim;
  private final SimulatedClient client;
  private final Map<String, Stream> streams = new TreeMap<>();

  /** Rooms that were left by changing to another, of which posts may still come for a moment. */
  private final Set<String> left = new TreeSet<>();

  /** What is expected of those rooms. */
  private final List<Expected> ofLeftRooms = new ArrayList<>();

  /** The numbers of the posts received. */
  private final Set<Integer> received = new TreeSet<>();

  /** The number of the last post received in each room. */
  private final Map<String, Integer> last = new HashMap<>();

  private final List<Gap> gaps = new ArrayList<>();

  /** A gap that the server has announced. */
  private record Gap(String room, String epoch, long from, long to) {}

  /** The posts of one room, from an answer of the server until the client leaves or is cut. */
  private static final class Stream {
    final String room;

    /** After which event every post has to come; {@link #UNKNOWN} if after the first received. */
    final int after;

    String epoch;

    /** The last offset received; -1 before the first post where the server promised no place. */
    long offset;

    /** The event before the first post received. */
    int first = UNKNOWN;

    /** The last post received. */
    int last = UNKNOWN;

    /** The cursor from which it was recovered, if it was. */
    @Nullable Cursor given;

    /** Up to this event the client had no groups. */
    int noGroupsUntil = -1;

    /** The epoch in which each post was received. */
    final Map<Integer, String> epochs = new HashMap<>();

    Stream(String room, int after, String epoch, long offset) {
      this.room = room;
      this.after = after;
      this.epoch = epoch;
      this.offset = offset;
    }
  }

  ClientStreams(Simulation sim, SimulatedClient client) {
    this.sim = sim;
    this.client = client;
  }

  boolean has(String room) {
    return streams.containsKey(room);
  }

  Set<String> rooms() {
    return streams.keySet();
  }

  Set<Integer> received() {
    return received;
  }

  /** Groups count only from an event on, since they are set after connecting. */
  void hasNoGroupsUntil(String room, int event) {
    Objects.requireNonNull(streams.get(room)).noGroupsUntil = event;
  }

  // --- the start of a stream -------------------------------------------------------------------

  /**
   * A stream begins with an answer of the server.
   *
   * @param after the cursor that the client gave, or null
   * @param since what held when the client asked
   */
  void begin(
      String room,
      Json.Obj answer,
      @Nullable Cursor after,
      HubLinks.Asked since,
      boolean asMember) {
    Cursor now = answer.get("epoch") == null ? null : cursor(answer);
    Json recovered = answer.get("recovered");
    if (after != null) {
      assertThat(recovered).isNotNull();
    }
    Stream old = streams.remove(room);
    if (old != null) {
      end(old, -1);
    }
    if (recovered instanceof Json.Bool(boolean yes) && yes) {
      Cursor given = Objects.requireNonNull(after);
      streams.put(room, recovered(room, given, Objects.requireNonNull(now)));
    } else {
      int entered = asMember && recovered == null ? entered(room, now, since) : UNKNOWN;
      boolean hasPlace = after != null || recovered == null;
      streams.put(room, fresh(room, now, hasPlace, entered));
    }
  }

  private Stream recovered(String room, Cursor after, Cursor now) {
    assertThat(now.epoch()).isEqualTo(after.epoch());
    assertThat(now.offset()).isGreaterThanOrEqualTo(after.offset());
    var stream = new Stream(room, sim.events.at(room, after), after.epoch(), after.offset());
    stream.given = after;
    return stream;
  }

  /** The event with which the client entered a room, or {@link #UNKNOWN}. */
  private int entered(String room, @Nullable Cursor now, HubLinks.Asked since) {
    int entered = UNKNOWN;
    if (client.wasConnectedToHub(since)) {
      // The last such event, since a server enters its members again to correct the list.
      for (HubEvent event : sim.hub.events.subList(since.at(), sim.hub.events.size())) {
        boolean isIt = event.kind == Kind.ENTERED && event.room.equals(room);
        if (isIt && event.id.equals(client.id()) && isUpTo(event.place, now)) {
          entered = event.at;
        }
      }
    }
    return entered;
  }

  private static boolean isUpTo(Cursor place, @Nullable Cursor now) {
    return now != null && place.epoch().equals(now.epoch()) && place.offset() <= now.offset();
  }

  private Stream fresh(String room, @Nullable Cursor now, boolean hasPlace, int entered) {
    int after = entered;
    if (entered == UNKNOWN && now != null) {
      after = sim.events.at(room, now);
      boolean knowsLess =
          sim.faults != Simulation.Faults.NONE && last.getOrDefault(room, -1) > after;
      if (knowsLess || sim.hasLost) {
        // The server had no hub, and says so; or what the server knows was lost since.
        last.put(room, sim.hasLost ? -1 : after);
      }
    } else if (entered == UNKNOWN && sim.faults == Simulation.Faults.NONE) {
      after = -1;
    } else if (entered == UNKNOWN) {
      last.remove(room); // the server knows nothing of the room yet
    }
    return now == null
        ? new Stream(room, after, "", -1)
        : new Stream(room, after, now.epoch(), hasPlace ? now.offset() : -1);
  }

  // --- the end of a stream ---------------------------------------------------------------------

  /** A stream ends; the client should have received everything up to an event, or -1 if unknown. */
  void end(String room, int before) {
    Stream stream = streams.remove(room);
    if (stream != null) {
      end(stream, before);
    }
  }

  /** The client has changed to another room; posts of this one may still come for a moment. */
  void leave(String room, int before) {
    Stream stream = streams.remove(room);
    if (stream != null) {
      left.add(room);
      ofLeftRooms.add(end(stream, before));
    }
  }

  private Expected end(Stream stream, int before) {
    int after = stream.after == UNKNOWN ? stream.first : stream.after;
    int to = before >= 0 ? before : stream.last;
    var expected =
        new Expected(
            client,
            stream.room,
            after,
            after == UNKNOWN ? 0 : Math.max(after + 1, to),
            stream.noGroupsUntil);
    if (stream.given != null) {
      // The oldest of its announcements may have been forgotten.
      expected.mayLackAnnouncements(stream.first == UNKNOWN ? Integer.MAX_VALUE : stream.first);
    }
    sim.expected.add(expected);
    return expected;
  }

  /** The client may not receive left rooms to the end: its connection or its server is cut. */
  void expectNoMoreOfLeftRooms() {
    for (Expected each : ofLeftRooms) {
      each.before = Math.min(each.before, 1 + last.getOrDefault(each.room, UNKNOWN));
    }
    ofLeftRooms.clear();
  }

  /** All streams end with the connection. Gives the cursors to resume from. */
  Map<String, Cursor> cut() {
    var cursors = new TreeMap<String, Cursor>();
    streams.forEach(
        (room, stream) -> {
          if (stream.offset >= 0) {
            cursors.put(room, new Cursor(stream.epoch, stream.offset));
          }
          end(stream, -1);
        });
    streams.clear();
    return cursors;
  }

  /** The run ends, and every stream with it. */
  void finish() {
    for (Stream stream : streams.values()) {
      end(stream, sim.hub.events.size());
      // Posts that were received and lost belong to another epoch than the posts that follow.
      var lost = new HashSet<String>();
      stream.epochs.forEach(
          (at, epoch) -> {
            if (sim.hub.events.get(at).isLost) {
              lost.add(epoch);
            }
          });
      boolean isLastLost = stream.last >= 0 && sim.hub.events.get(stream.last).isLost;
      if (!isLastLost) {
        assertThat(lost).doesNotContain(stream.epoch);
      }
    }
  }

  // --- what comes ------------------------------------------------------------------------------

  /** The server has sent a post, or announced a gap. */
  void receive(Json.Obj json) {
    if (text(json, "context").equals("gap")) {
      receiveGap(json);
    } else {
      receivePost(json);
    }
  }

  private void receivePost(Json.Obj json) {
    String room = text(json, "room");
    Cursor place = cursor(json);
    int before = last.getOrDefault(room, -1);
    HubEvent event =
        sim.events.find(
            room, place, text(json, "message"), text(json, "from"), number(json, "sentAt"), before);
    checkIsFor(event, json);
    boolean isOnlyHere = !received.contains(event.at) && sim.events.isReplaced(event);
    assertThat(event.at > before || isOnlyHere || isOfOtherBranch(room, place))
        .as("too late, or again: %s, after %s, by %s", event, before, client.id())
        .isTrue();
    last.put(room, Math.max(before, event.at));
    received.addAll(sim.events.twins(event));
    Stream stream = streams.get(room);
    if (stream == null) {
      assertThat(client.isWaiting() || left.contains(room))
          .as("%s receives %s", client.id(), json)
          .isTrue();
      return;
    }
    if (place.epoch().equals(stream.epoch)) {
      assertThat(place.offset()).as("%s", json).isGreaterThan(stream.offset);
    } else {
      assertThat(sim.hasLost || stream.epoch.isEmpty()).as("%s", json).isTrue();
    }
    stream.epoch = place.epoch();
    stream.offset = place.offset();
    stream.first = stream.first == UNKNOWN ? event.at - 1 : stream.first;
    stream.last = Math.max(stream.last, event.at);
    stream.epochs.put(event.at, place.epoch());
  }

  /**
   * Whether the client may have received a post on another server: the one that it came to knew the
   * lost branch of an epoch, took the client's cursor for one of it, and then received the other
   * branch from a newer epoch.
   */
  private boolean isOfOtherBranch(String room, Cursor place) {
    Stream stream = streams.get(room);
    Cursor given = stream == null ? null : stream.given;
    return given != null
        && !place.epoch().equals(given.epoch())
        && place.offset() <= given.offset()
        && sim.events.isAmbiguous(room, given);
  }

  private void checkIsFor(HubEvent event, Json.Obj json) {
    // A listener may receive what server code posts under the listener's id, and, if no server knew
    // of its leaving in time, the announcement that it has left.
    boolean mayBeOwn =
        Objects.requireNonNull(event.post).mayBeElsewhere()
            || (HubEvents.isAnnouncement(event)
                && (sim.hasReaped || sim.faults != Simulation.Faults.NONE));
    assertThat(mayBeOwn || HubEvents.isFor(event, client.id(), client.groups))
        .as("%s to %s", json, client.id())
        .isTrue();
  }

  private void receiveGap(Json.Obj json) {
    // A gap from the first post on: the client joined while its server had no hub, so that the
    // server could not give a place.
    boolean isFromFirst = text(json, "from").equals("1");
    assertThat(sim.hasLost || sim.hub.maxRemembered < 100 || isFromFirst).as("%s", json).isTrue();
    var gap =
        new Gap(text(json, "room"), text(json, "epoch"), number(json, "from"), number(json, "to"));
    gaps.add(gap);
    Stream stream = streams.get(gap.room);
    if (stream != null && gap.epoch.equals(stream.epoch) && gap.to < stream.offset) {
      assertThat(sim.hasLost).as("%s takes back what %s knows", json, client.id()).isTrue();
      stream.offset = gap.to;
    }
  }

  boolean isInGap(HubEvent event) {
    long offset = event.place.offset();
    return gaps.stream()
        .filter(gap -> gap.room.equals(event.room))
        .anyMatch(gap -> gap.from <= offset && offset <= gap.to);
  }
}
