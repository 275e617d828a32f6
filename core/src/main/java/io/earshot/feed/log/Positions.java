package io.earshot.feed.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.disk.SmallFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Up to where one consumer has dealt with the logs, and the file that remembers it.
 *
 * <p>Thread-safe: {@link #places} is guarded by the lock of the {@link LocalStore}, and the file by
 * a lock of its own.
 */
final class Positions {
  private static final String VERSION = "earshot-feed 1\n";
  private static final Pattern HEAD = Pattern.compile(VERSION + "run (\\d{1,9})\n");
  private static final Pattern LINE =
      Pattern.compile("(\\d{1,9}) (\\d{1,9}) (\\d{1,18}) (\\d{1,9})\n");

  /**
   * A place in a log.
   *
   * @param chunk the number of a chunk
   * @param records how many records of it are dealt with
   */
  record Place(long chunk, int records) {
    static final Place START = new Place(0, 0);
  }

  /** The logs that are not dealt with to their end, each with the place up to which it is. */
  final Map<PartLog.Id, Place> places = new TreeMap<>();

  /** Whether a consumer of this server deals with the events now. */
  boolean isServed;

  /** Whether the file lacks something. */
  private boolean isDirty;

  private long lastSaved = Long.MIN_VALUE;
  private final ReentrantLock saving = new ReentrantLock();

  /** The text of the file, and the time at which it was made; null if the file is up to date. */
  @Nullable String due(int run, long now, long every) {
    if (!isDirty || (lastSaved != Long.MIN_VALUE && now - lastSaved < every)) {
      return null;
    }
    isDirty = false;
    lastSaved = now;
    var text = new StringBuilder(VERSION).append("run ").append(run).append('\n');
    places.forEach(
        (id, place) ->
            text.append(id.run())
                .append(' ')
                .append(id.part())
                .append(' ')
                .append(place.chunk)
                .append(' ')
                .append(place.records)
                .append('\n'));
    return text.toString();
  }

  void changed() {
    isDirty = true;
  }

  boolean isDirty() {
    return isDirty;
  }

  /** Whether the consumer has to be told of events of a chunk. */
  boolean needs(PartLog.Id log, Chunk chunk) {
    Place place = places.get(log);
    return place != null
        && (place.chunk < chunk.number
            || (place.chunk == chunk.number && place.records < chunk.count()));
  }

  /** How many records of a chunk are not dealt with. */
  int left(PartLog.Id log, Chunk chunk) {
    Place place = places.get(log);
    if (place == null || place.chunk > chunk.number) {
      return 0;
    }
    return place.chunk < chunk.number ? chunk.count() : chunk.count() - place.records;
  }

  /** Writes the file. */
  void write(Path file, String text) throws IOException {
    saving.lock();
    try {
      SmallFile.write(file, text, false);
    } finally {
      saving.unlock();
    }
  }

  /**
   * Reads a file.
   *
   * @return the run in which it was written last; 0 if it is damaged, so that everything is told
   *     again
   */
  int read(Path file) throws IOException {
    String text = Files.readString(file, UTF_8);
    Matcher head = HEAD.matcher(text);
    if (!head.lookingAt()) {
      return 0;
    }
    Matcher line = LINE.matcher(text).region(head.end(), text.length());
    while (line.lookingAt()) {
      places.put(
          new PartLog.Id(Integer.parseInt(line.group(1)), Integer.parseInt(line.group(2))),
          new Place(Long.parseLong(line.group(3)), Integer.parseInt(line.group(4))));
      line.region(line.end(), text.length());
    }
    return Integer.parseInt(head.group(1));
  }
}
