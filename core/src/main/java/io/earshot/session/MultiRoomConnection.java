package io.earshot.session;

import io.earshot.Transport;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.spi.Wire;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who can be in many rooms at once, and listen to others.
 *
 * <p>Owned by the connection's event loop.
 */
abstract sealed class MultiRoomConnection extends Participant permits ClientConnection {

  /** The rooms that it is in besides the current one, or listens to; null for none. */
  private @Nullable Map<String, Place> others;

  MultiRoomConnection(LoopContext context, Wire wire, Transport transport, String room) {
    super(context, wire, transport, room);
  }

  /** One object for each room that this connection hears, whether in it or listening or both. */
  final Place memberOf(String room) {
    if (room.equals(place().room)) {
      return place();
    }
    Place member = others == null ? null : others.get(room);
    return member == null ? new Place(this, room) : member;
  }

  /** Keeps a member, or forgets it, by what it is now. */
  final void note(Place member) {
    if (member.listening || (member.in && member != place())) {
      if (others == null) {
        others = new LinkedHashMap<>();
      }
      others.put(member.room, member);
    } else if (others != null) {
      others.remove(member.room);
      if (others.isEmpty()) {
        others = null;
      }
    }
  }

  @Override
  public final List<Place> members() {
    var all = new ArrayList<Place>();
    all.add(place());
    if (others != null) {
      others.values().stream().filter(member -> member != place()).forEach(all::add);
    }
    return all;
  }

  final List<String> rooms() {
    return members().stream().filter(member -> member.in).map(member -> member.room).toList();
  }

  final List<String> listening() {
    return others == null
        ? List.of()
        : others.values().stream()
            .filter(member -> member.listening)
            .map(member -> member.room)
            .sorted()
            .toList();
  }

  final void unlisten(Place member, Runnable out) {
    member.listening = false;
    engine().rooms().in(member.room, room -> room.silence(member, out), () -> tell(out));
  }

  /** Has nothing to do with the rooms besides the current one any more. */
  final void forgetOthers() {
    others = null;
  }

  /** Leaves a room in whatever way it is there. */
  final void part(Place member, Runnable out) {
    if (member.in && member.listening) {
      leave(member, () -> {});
      unlisten(member, out);
    } else if (member.in) {
      leave(member, out);
    } else {
      unlisten(member, out);
    }
  }

  final void leaveAll(Runnable out) {
    List<Place> all = members();
    others = null;
    var left = new Countdown(all.size(), out);
    all.forEach(member -> part(member, left));
  }

  /** Runs something when all of several have run. Owned by the connection's event loop. */
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
