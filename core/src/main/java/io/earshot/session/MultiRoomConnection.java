package io.earshot.session;

import io.earshot.Transport;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Wire;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A connection that can be a member of several rooms and listen to others.
 *
 * <p>Owned by the connection's event loop.
 */
abstract sealed class MultiRoomConnection extends Participant permits OutboundConnection {

  /**
   * The places, by room, in rooms other than the current one; that one is here, too, if the
   * connection listens to it. Null for none.
   */
  private @Nullable Map<String, Place> others;

  MultiRoomConnection(LoopContext context, Wire wire, Transport transport, String room) {
    super(context, wire, transport, room);
  }

  /**
   * The place in a room, whether the connection is a member, listens, or both; a new place if it is
   * neither. {@link #track} has to follow when that changes.
   *
   * @param room the room's name; null for the current room
   */
  final Place placeIn(@Nullable String room) {
    if (room == null || room.equals(place().room)) {
      return place();
    }
    Place known = others == null ? null : others.get(room);
    return known == null ? new Place(this, room) : known;
  }

  /** Keeps a place while the connection is a member of the room or listens to it. */
  final void track(Place place) {
    if (place.listening || (place.in && place != place())) {
      if (others == null) {
        others = new LinkedHashMap<>();
      }
      others.put(place.room, place);
    } else if (others != null) {
      others.remove(place.room);
      if (others.isEmpty()) {
        others = null;
      }
    }
  }

  @Override
  public final List<Place> places() {
    var all = new ArrayList<Place>();
    all.add(place());
    if (others != null) {
      others.values().stream().filter(place -> place != place()).forEach(all::add);
    }
    return all;
  }

  /** The names of the rooms that the connection is a member of. */
  final List<String> rooms() {
    return places().stream().filter(place -> place.in).map(place -> place.room).toList();
  }

  /** The names of the rooms that the connection listens to, sorted. */
  final List<String> listening() {
    return others == null
        ? List.of()
        : others.values().stream()
            .filter(place -> place.listening)
            .map(place -> place.room)
            .sorted()
            .toList();
  }

  /** Whether the connection listens to as many rooms as it may, its inbox aside. */
  final boolean listensToTooMany() {
    return listening().stream().filter(room -> !RoomName.isInbox(room)).count()
        >= engine().config().limits().listeningRooms();
  }

  /**
   * Stops listening to a room.
   *
   * @param out called on the connection's loop after everything that the room sent before
   */
  final void stopListening(Place place, Runnable out) {
    place.listening = false;
    engine().rooms().in(place.room, room -> room.silence(place, out), () -> tell(out));
  }

  /** Forgets all places but the current one, without leaving rooms. */
  final void forgetOthers() {
    others = null;
  }

  /**
   * Leaves a room and stops listening to it.
   *
   * @param out called on the connection's loop after everything that the room sent before
   */
  final void leaveEntirely(Place place, Runnable out) {
    if (place.in && place.listening) {
      leave(place, () -> {});
      stopListening(place, out);
    } else if (place.in) {
      leave(place, out);
    } else {
      stopListening(place, out);
    }
  }

  /**
   * Leaves all rooms and stops listening.
   *
   * @param out called on the connection's loop after everything that the rooms sent before
   */
  final void leaveAll(Runnable out) {
    List<Place> all = places();
    others = null;
    var left = new Countdown(all.size(), out);
    all.forEach(place -> leaveEntirely(place, left));
  }

  /** Runs a task after it was run so many times itself. Owned by the connection's event loop. */
  static final class Countdown implements Runnable {
    private final Runnable last;
    private int missing;

    Countdown(int missing, Runnable last) {
      this.missing = missing;
      this.last = last;
    }

    @Override
    public void run() {
      if (--missing == 0) {
        last.run();
      }
    }
  }
}
