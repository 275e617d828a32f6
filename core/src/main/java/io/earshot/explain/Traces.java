package io.earshot.explain;

import io.earshot.RefusedException;
import io.earshot.connection.Directory;
import io.earshot.connection.Participant;
import io.earshot.events.Trace;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The live traces of this server. Each ends by itself.
 *
 * <p>Thread-safe: the table is concurrent, and each loop is told of a trace by a task.
 */
public final class Traces {
  /** How many traces there may be at once. */
  public static final int MOST = 10;

  /** The longest time of a trace, in seconds. */
  public static final int MOST_SECONDS = 600;

  /** The time of a trace whose request names none, in seconds. */
  public static final int SECONDS = 60;

  /** How long the events of a trace that has ended may be read, in milliseconds. */
  private static final long LINGER = 30_000;

  /** How many connections of a user are traced from their first room on. */
  private static final int MOST_CONNECTIONS = 50;

  private final Rooms rooms;
  private final Directory connections;
  private final Map<String, Trace> traces = new ConcurrentHashMap<>();

  public Traces(Rooms rooms, Directory connections) {
    this.rooms = rooms;
    this.connections = connections;
  }

  /**
   * Begins a trace.
   *
   * @param seconds its time
   * @return the id of the trace
   * @throws RefusedException if there are too many traces
   */
  public String begin(Trace.Subject subject, int seconds) throws RefusedException {
    var trace = new Trace(subject, rooms.wallTime() - rooms.elapsed());
    String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    synchronized (this) {
      if (traces.values().stream().filter(each -> !each.hasEnded()).count() >= MOST) {
        throw new RefusedException(
            "there are "
                + MOST
                + " traces already, the most at once; each ends by itself after its seconds");
      }
      traces.put(id, trace);
    }
    watch(trace);
    rooms.shards().forEach(shard -> shard.tell(() -> shard.recorder().begin(trace)));
    Shard timer = rooms.shards().getFirst();
    timer.tell(() -> timer.schedule(() -> end(id), seconds * 1_000L));
    return id;
  }

  /** Tells the trace of a user or a connection in which rooms it is already. */
  private void watch(Trace trace) {
    Trace.Subject subject = trace.subject();
    List<Participant> here = List.of();
    if (subject.user() != null) {
      here = connections.ofUser(subject.user());
    } else if (subject.connection() != null) {
      Participant found = connections.find(subject.connection());
      here = found == null ? List.of() : List.of(found);
    }
    here.stream()
        .limit(MOST_CONNECTIONS)
        .forEach(
            each ->
                each.tell(
                    () ->
                        each.places().stream()
                            .filter(place -> place.in || place.listening)
                            .forEach(place -> trace.watch(place.room))));
  }

  /** The trace of an id; null if there is none. */
  public @Nullable Trace find(String id) {
    return traces.get(id);
  }

  /** Ends a trace, if there is one of this id. Its events may be read for a while. */
  public void end(String id) {
    Trace trace = traces.get(id);
    if (trace != null && trace.end()) {
      rooms.shards().forEach(shard -> shard.tell(() -> shard.recorder().end(trace)));
      Shard timer = rooms.shards().getFirst();
      timer.tell(() -> timer.schedule(() -> traces.remove(id), LINGER));
    }
  }

  /** Ends all traces, since the server stops. */
  public void endAll() {
    traces.values().forEach(Trace::end);
  }
}
