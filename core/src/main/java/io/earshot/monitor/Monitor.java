package io.earshot.monitor;

import io.earshot.Config;
import io.earshot.cluster.Cluster;
import io.earshot.connection.Directory;
import io.earshot.history.HistoryFolder;
import io.earshot.monitor.Trend.Line;
import io.earshot.protocol.Json;
import io.earshot.room.Room;
import io.earshot.room.Rooms;
import io.earshot.spi.Clocks;
import io.earshot.spi.ProgramInfo;
import io.earshot.spi.Refusals;
import io.earshot.stats.Closings;
import io.earshot.stats.Closings.Closing;
import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.earshot.stats.LoopStats;
import io.earshot.stats.ServerStats;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Watches a server for its operator: reads its counters once a second, keeps their course, and
 * finds what is wrong.
 *
 * <p>Thread-safe: the readings have a lock, which is taken once a second and for each look; no
 * event loop waits for it.
 */
public final class Monitor {
  /** Rates are those of so many seconds. */
  private static final int WINDOW = 5;

  /** How many readings are kept: those of a minute, and the one before it. */
  private static final int READINGS = 61;

  private final Config config;
  private final Rooms rooms;
  private final Refusals refusals;
  private final Supplier<@Nullable Cluster> cluster;
  private final Supplier<@Nullable HistoryFolder> historyFolder;
  private final Clocks clocks;
  private final ProgramInfo program;
  private final Closings closings;
  private final Clients clients;
  private final RoomScan scan;
  private final long startedAt;
  private final Trend trend = new Trend();
  private final RecentIncidents incidents;

  /** The last readings, oldest first. */
  private final ArrayDeque<Reading> readings = new ArrayDeque<>();

  private long samples;

  /** Watches the parts of a server. */
  public Monitor(
      Config config,
      Rooms rooms,
      Directory connections,
      Refusals refusals,
      Supplier<@Nullable Cluster> cluster,
      Supplier<@Nullable HistoryFolder> historyFolder,
      Clocks clocks,
      ProgramInfo program,
      Closings closings) {
    this.config = config;
    this.rooms = rooms;
    this.refusals = refusals;
    this.cluster = cluster;
    this.historyFolder = historyFolder;
    this.clocks = clocks;
    this.program = program;
    this.closings = closings;
    this.startedAt = clocks.elapsed();
    this.incidents = new RecentIncidents(refusals.incidents());
    this.clients = new Clients(rooms, connections);
    this.scan = new RoomScan(rooms, clients::waitingBytes);
    readings.add(read());
  }

  /** Reads the counters. Called once a second, on any thread that is no event loop. */
  public void sample() {
    synchronized (this) {
      readings.add(read());
      if (readings.size() > READINGS) {
        readings.removeFirst();
      }
      incidents.look(clocks.elapsed());
      if (++samples % Trend.EVERY == 0) {
        trend.add(clocks.wall().millis(), values());
      }
    }
    scan.forgetOld();
  }

  private Reading read() {
    return Reading.of(clocks.elapsed(), rooms.stats(), refusals.counts());
  }

  private Map<Line, Double> values() {
    Reading.Change change = change(WINDOW);
    ServerStats stats = rooms.stats();
    Runtime runtime = Runtime.getRuntime();
    Cluster others = cluster.get();
    var values = new EnumMap<Line, Double>(Line.class);
    values.put(Line.MESSAGES, change.rate(Counter.MESSAGES));
    values.put(Line.DELIVERIES, change.rate(Counter.DELIVERIES));
    values.put(Line.RECEIVED, change.rate(Counter.RECEIVED_BYTES));
    values.put(Line.SENT, change.rate(Counter.SENT_BYTES));
    values.put(Line.CONNECTS, change.opened());
    values.put(Line.CLOSES, change.closed());
    values.put(Line.REFUSED, change.refusedPerSecond());
    values.put(Line.P50, (double) change.micros(0.5));
    values.put(Line.P99, (double) change.micros(0.99));
    values.put(Line.CONNECTIONS, (double) stats.counts().open());
    values.put(Line.ROOMS, (double) stats.sum(Gauge.ROOMS));
    values.put(Line.MEMORY, (double) (runtime.totalMemory() - runtime.freeMemory()));
    values.put(Line.HISTORY, (double) stats.sum(Gauge.HISTORY_BYTES));
    values.put(Line.LAG, longestLag(stats) / 1_000.0);
    values.put(Line.BACKLOG, (double) stats.sum(Gauge.BACKLOG_BYTES));
    values.put(Line.ROUND_TRIP, others == null ? 0 : Math.max(0, others.roundTrip()) / 1_000.0);
    return values;
  }

  private static double longestLag(ServerStats stats) {
    return stats.loops().stream().mapToLong(loop -> loop.get(Gauge.LAG_NANOS)).max().orElse(0);
  }

  /** What happened in the last seconds. */
  private synchronized Reading.Change change(int seconds) {
    Reading last = readings.getLast();
    Reading from = last;
    int back = 0;
    for (var each = readings.descendingIterator(); each.hasNext() && back <= seconds; back++) {
      from = each.next();
    }
    return last.since(from);
  }

  // --- the state -------------------------------------------------------------------------------

  /**
   * The state of the server now. Reads, and waits for nothing.
   *
   * @param logLines how many of the last lines of the log to add
   * @return the fields that docs/admin.md describes
   */
  public Json.Obj overview(int logLines) {
    ServerStats stats = rooms.stats();
    Reading.Change now = change(WINDOW);
    Cluster others = cluster.get();
    HistoryFolder folder = historyFolder.get();
    List<ProgramInfo.LogLine> log = program.logAfter(0);
    return new Overview()
        .server(config, program.version(), (clocks.elapsed() - startedAt) / 1_000, clocks)
        .rates(now)
        .connections(stats.counts())
        .sizes(stats)
        .loops(stats.loops())
        .slow(stats)
        .refused(refusals.counts())
        .cluster(others)
        .historyStored(folder == null ? null : folder.isStoring())
        .problems(problems(stats.loops(), others, folder))
        .log(log.subList(Math.max(0, log.size() - logLines), log.size()))
        .toJson();
  }

  private List<Problem> problems(
      List<LoopStats> loops, @Nullable Cluster others, @Nullable HistoryFolder folder) {
    var found = new Problems();
    if (others != null) {
      found.ofCluster(others.isUp(), others.roundTrip(), others.clockSkew());
    }
    if (folder != null) {
      found.ofHistory(folder.isStoring());
    }
    synchronized (this) {
      Reading.Change minute = change(READINGS);
      found.ofClients(
          rooms.shards().stream().flatMap(each -> each.loop().slowClients().stream()).toList(),
          minute);
      found.ofIncidents(incidents.all());
      found.ofRefusals(minute.refused());
    }
    found.ofLoops(loops);
    Runtime runtime = Runtime.getRuntime();
    found.ofMemory(runtime.totalMemory() - runtime.freeMemory(), runtime.maxMemory());
    return found.all();
  }

  /**
   * The course of the last 15 minutes.
   *
   * @param after the number of the last sample that is known already; 0 for none
   * @return a list for each line, as docs/admin.md describes
   */
  public Json.Obj history(long after) {
    return trend.after(after);
  }

  /**
   * The last lines of the log.
   *
   * @param after the number of the last line that is known already; 0 for none
   * @return the lines; none in a program whose log is its own
   */
  public List<ProgramInfo.LogLine> logAfter(long after) {
    return program.logAfter(after);
  }

  // --- rooms and clients -----------------------------------------------------------------------

  /** The rooms of this server; callable from any thread. */
  public RoomScan rooms() {
    return scan;
  }

  /**
   * A room of this server.
   *
   * @return the messages that the room has had, and how many members of this server it has; null if
   *     it has nobody here. Completed on any thread
   */
  public CompletableFuture<@Nullable RoomState> room(String name) {
    var state = new CompletableFuture<@Nullable RoomState>();
    rooms.in(name, room -> state.complete(state(room)), () -> state.complete(null));
    return state;
  }

  /**
   * What is shown of a room all the time.
   *
   * @param members the members on this server
   * @param offset the offset of the last message
   */
  public record RoomState(int members, long offset) {}

  private static RoomState state(Room room) {
    return new RoomState(room.roster().size(), RoomScan.offset(room));
  }

  /**
   * A client of this server.
   *
   * @return the client, as docs/admin.md describes; null if there is none. Completed on any thread
   */
  public CompletableFuture<Json.@Nullable Obj> client(String id) {
    return clients.find(id).thenApply(view -> view == null ? null : view.json());
  }

  /**
   * The clients that do not read: a bounded number of them.
   *
   * @param room only those that are in this room; empty for all
   * @return the clients for which most bytes wait, first. Completed on any thread
   */
  public CompletableFuture<List<Json.Obj>> slowClients(String room) {
    return clients
        .slow()
        .thenApply(
            slow ->
                slow.stream()
                    .filter(each -> room.isEmpty() || each.rooms().contains(room))
                    .map(Clients.View::json)
                    .toList());
  }

  /**
   * Why connections ended: of the last thousand or so that did.
   *
   * @param id only the connection of this id; empty for all
   * @param user only connections of this user; empty for all
   * @return the ends, the oldest first
   */
  public List<Closing> closed(String id, String user) {
    return closings.find(
        each ->
            (id.isEmpty() || each.id().equals(id)) && (user.isEmpty() || each.user().equals(user)));
  }
}
