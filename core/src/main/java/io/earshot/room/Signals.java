package io.earshot.room;

import io.earshot.protocol.Json;
import io.earshot.protocol.Signal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The signals of one room in one turn of its loop: of each sender the newest of each kind. They are
 * sent at the end of the turn, and not kept.
 *
 * <p>Owned by the room's event loop.
 */
public final class Signals {

  /** How many bytes of signals a room sends in one turn. Further ones are dropped. */
  static final int MAX_BYTES = Fanout.MAX_BATCH;

  private final Room room;
  private final Subscribers subscribers;
  private Map<Source, Waiting> waiting = new LinkedHashMap<>();
  private int bytes;

  Signals(Room room, Subscribers subscribers) {
    this.room = room;
    this.subscribers = subscribers;
  }

  /** What signals replace each other: those of one sender and kind. */
  private record Source(Json from, @Nullable String kind) {}

  /**
   * A signal that is sent at the end of the turn.
   *
   * @param isOurs whether it is of this server, and not of another one of the cluster
   */
  private record Waiting(Signal signal, Fanout.Signalled told, boolean isOurs) {}

  /**
   * Sends a signal of this server to all members and listeners, on all servers.
   *
   * @param sender the member that does not receive it; null if the sender is none
   */
  public void send(Signal signal, @Nullable Member sender) {
    add(signal, sender, true);
  }

  /** Sends a signal of another server to the members and listeners on this one. */
  public void pass(Signal signal) {
    add(signal, null, false);
  }

  private void add(Signal signal, @Nullable Member sender, boolean isOurs) {
    byte[] json = signal.encode(room.name());
    var source = new Source(signal.from(), signal.kind());
    Waiting before = waiting.get(source);
    int more = json.length - (before == null ? 0 : before.told.json().length);
    if (bytes + more > MAX_BYTES) {
      return;
    }
    if (waiting.isEmpty()) {
      room.shard().later(this::flush);
    }
    bytes += more;
    waiting.put(source, new Waiting(signal, new Fanout.Signalled(json, sender), isOurs));
  }

  private void flush() {
    List<Waiting> ready = List.copyOf(waiting.values());
    waiting = new LinkedHashMap<>();
    bytes = 0;
    subscribers.signal(ready.stream().map(Waiting::told).toList());
    for (Waiting each : ready) {
      if (each.isOurs) {
        room.order().signal(each.signal);
      }
    }
  }
}
