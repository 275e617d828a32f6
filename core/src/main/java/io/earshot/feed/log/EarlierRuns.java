package io.earshot.feed.log;

import io.earshot.feed.log.Positions.Place;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * What the earlier runs of the server have left in a folder: logs, and what each consumer has dealt
 * with of them.
 *
 * <p>Owned by the thread that reads it.
 */
final class EarlierRuns {
  private static final System.Logger LOG = System.getLogger(EarlierRuns.class.getName());

  /** The logs that have events, the oldest run first. */
  final TreeMap<PartLog.Id, PartLog> logs = new TreeMap<>();

  final Map<String, Positions> consumers = new TreeMap<>();

  /** The number of the run after them. */
  private int next = 1;

  private EarlierRuns() {}

  /**
   * Reads a folder, and deletes files without events.
   *
   * @param log makes a log that is only read
   * @param ages orders chunks by their age
   */
  static EarlierRuns read(FeedFolder folder, Function<PartLog.Id, PartLog> log, LongSupplier ages)
      throws IOException {
    var runs = new EarlierRuns();
    for (Map.Entry<PartLog.Id, SortedMap<Long, Path>> each : folder.logs().entrySet()) {
      runs.next = Math.max(runs.next, each.getKey().run() + 1);
      PartLog read = log.apply(each.getKey());
      for (Map.Entry<Long, Path> file : each.getValue().entrySet()) {
        read(file.getValue(), file.getKey(), ages.getAsLong(), read);
      }
      if (!read.chunks.isEmpty()) {
        runs.logs.put(read.id, read);
      }
    }
    for (Map.Entry<String, Path> each : folder.consumers().entrySet()) {
      runs.readPositions(each.getKey(), each.getValue());
    }
    return runs;
  }

  private static void read(Path file, long number, long age, PartLog into) throws IOException {
    Runnable damage =
        () ->
            LOG.log(Level.WARNING, "feed: {0} ends with a damaged record, which is left out", file);
    Chunk chunk = Chunk.recover(file, number, age, damage);
    if (chunk == null) {
      Files.deleteIfExists(file);
    } else {
      into.chunks.put(number, chunk);
    }
  }

  private void readPositions(String consumer, Path file) throws IOException {
    var positions = new Positions();
    int last = positions.read(file);
    if (last == 0) {
      LOG.log(Level.WARNING, "{0} is damaged; its consumer is told everything again", file);
    }
    next = Math.max(next, last + 1);
    positions.places.keySet().retainAll(logs.keySet());
    logs.keySet().stream()
        .filter(id -> id.run() > last)
        .forEach(id -> positions.places.putIfAbsent(id, Place.START));
    consumers.put(consumer, positions);
  }

  /** The number of the run after them. */
  int next() {
    return next;
  }

  /** How many bytes their files occupy. */
  long bytes() {
    return chunks(chunk -> chunk.size);
  }

  /** How many events they have. */
  long events() {
    return chunks(Chunk::count);
  }

  private long chunks(ToLongFunction<Chunk> value) {
    return logs.values().stream()
        .flatMap(log -> log.chunks.values().stream())
        .mapToLong(value)
        .sum();
  }
}
