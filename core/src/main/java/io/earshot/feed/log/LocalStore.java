package io.earshot.feed.log;

import io.earshot.Feed;
import io.earshot.disk.Disk;
import io.earshot.feed.log.Positions.Place;
import io.earshot.spi.Loop;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The events of a server that is alone: a {@link PartLog} for each event loop, in the files of a
 * folder or in memory, and the logs of earlier runs that are not dealt with. Beyond the limit of
 * bytes the oldest chunk is dropped.
 *
 * <p>Thread-safe: a lock guards the lists of chunks and the positions of consumers. Event loops
 * never take it.
 */
public final class LocalStore implements Store, ChunkMaker.Keeper, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LocalStore.class.getName());
  private static final int LEAST_CHUNK = 64 << 10;
  private static final int MOST_CHUNK = 4 << 20;

  /** The chunks of one log that are written, or created in advance, and one that is read. */
  private static final int CHUNKS_IN_USE = 4;

  /** How often a consumer's positions are written at most, in milliseconds. */
  private static final long SAVE_EVERY = 100;

  private final long limit;
  private final LongSupplier elapsed;
  private final Trouble trouble;
  private final List<? extends Loop> loops;
  private final ChunkMaker maker;
  private final ReentrantLock lock = new ReentrantLock();
  private final LongAdder dropped = new LongAdder();

  /** Replaced as a whole when the number of the run is known. */
  private volatile List<PartLog> current;

  /** The logs of earlier runs, the oldest first. Guarded by the lock. */
  private final TreeMap<PartLog.Id, PartLog> old = new TreeMap<>();

  /** Guarded by the lock. */
  private final Map<String, Positions> consumers = new TreeMap<>();

  /** How many bytes all chunks occupy. Guarded by the lock. */
  private long total;

  /** The folder that is to be opened when there is a consumer; null for none. */
  private @Nullable String later;

  private boolean hasBegun;
  private int run;

  /**
   * A store in memory; {@link #open} gives it a folder.
   *
   * @param limit how many bytes of events may wait
   * @param elapsed the clock of durations, in milliseconds
   */
  @SuppressWarnings("this-escape") // the maker only stores the reference
  public LocalStore(
      long limit, List<? extends Loop> loops, Disk disk, LongSupplier elapsed, Trouble trouble) {
    this.limit = limit;
    this.loops = loops;
    this.elapsed = elapsed;
    this.trouble = trouble;
    long share = limit / 2 / CHUNKS_IN_USE / loops.size();
    int most = Math.min(disk.segmentBytes(), MOST_CHUNK);
    int chunkBytes = Math.clamp(share, Math.min(LEAST_CHUNK, most), most);
    this.maker = new ChunkMaker(chunkBytes, limit, disk, trouble, this);
    this.current = logs();
  }

  private List<PartLog> logs() {
    var logs = new ArrayList<PartLog>();
    for (Loop loop : loops) {
      logs.add(new PartLog(new PartLog.Id(run, logs.size()), maker, loop));
    }
    return List.copyOf(logs);
  }

  // --- the folder ------------------------------------------------------------------------------

  /**
   * Reads what an earlier run has left in a folder, and keeps the events of this run there. Called
   * before any consumer is added.
   *
   * @param setting the setting that names the folder
   * @param isAsked whether the folder is to be made now; otherwise with the first consumer
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  public void open(String setting, Path path, boolean isAsked) throws IOException {
    if (isAsked || Files.exists(path)) {
      openNow(setting, path.toString());
    } else {
      later = path.toString();
    }
  }

  private void openNow(String setting, String path) throws IOException {
    FeedFolder opened = FeedFolder.open(setting, path);
    try {
      recover(opened);
    } catch (IOException e) {
      opened.close();
      throw opened.unusable(e);
    }
    maker.open(opened);
  }

  private void recover(FeedFolder opened) throws IOException {
    EarlierRuns runs =
        EarlierRuns.read(
            opened,
            id -> new PartLog(id, maker, loops.get(id.part() % loops.size())),
            maker::nextAge);
    run = runs.next();
    current = logs();
    old.putAll(runs.logs);
    total += runs.bytes();
    consumers.putAll(runs.consumers);
    for (Positions each : consumers.values()) {
      current.forEach(log -> each.places.put(log.id, Place.START));
      each.changed();
    }
    if (runs.events() > 0) {
      LOG.log(Level.INFO, "feed: {0} events of the last run wait for consumers", runs.events());
    }
    List.copyOf(old.values()).forEach(this::trim);
  }

  // --- chunks ----------------------------------------------------------------------------------

  @Override
  public void made(PartLog log, Chunk chunk) {
    lock.lock();
    try {
      put(log, chunk);
      bound();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void list(PartLog log) {
    lock.lock();
    try {
      listNow(log);
      bound();
    } finally {
      lock.unlock();
    }
  }

  private void listNow(PartLog log) {
    for (Chunk each = log.unlisted.poll(); each != null; each = log.unlisted.poll()) {
      put(log, each);
    }
  }

  private void put(PartLog log, Chunk chunk) {
    log.chunks.put(chunk.number, chunk);
    total += chunk.size;
  }

  private void bound() {
    while (total > limit && dropOldest()) {
      // until the others fit
    }
  }

  @Override
  public void unused(PartLog log, Chunk chunk) {
    lock.lock();
    try {
      delete(log, chunk);
    } finally {
      lock.unlock();
    }
  }

  private void delete(PartLog log, Chunk chunk) {
    if (log.chunks.remove(chunk.number, chunk)) {
      total -= chunk.size;
    }
    chunk.delete();
  }

  /** Drops the oldest chunk that is no longer written; false if there is none. */
  private boolean dropOldest() {
    PartLog of = null;
    Chunk oldest = null;
    for (List<PartLog> logs : List.of(List.copyOf(old.values()), current)) {
      for (PartLog log : logs) {
        Map.Entry<Long, Chunk> first = log.chunks.firstEntry();
        if (first != null
            && log.isOver(first.getValue())
            && (oldest == null || first.getValue().age < oldest.age)) {
          of = log;
          oldest = first.getValue();
        }
      }
    }
    if (of == null || oldest == null) {
      return false;
    }
    int lost = 0;
    for (Positions each : consumers.values()) {
      lost = Math.max(lost, each.isServed ? each.left(of.id, oldest) : 0);
    }
    delete(of, oldest);
    if (lost > 0) {
      dropped.add(lost);
      trouble.tell(
          "the feed",
          "the oldest events that wait for consumers were dropped, "
              + lost
              + " of them (feed.bytes)");
    }
    return true;
  }

  /** Deletes the chunks at the begin of a log that no consumer needs. */
  private void trim(PartLog log) {
    for (Map.Entry<Long, Chunk> first = log.chunks.firstEntry();
        first != null && log.isOver(first.getValue()) && !isNeeded(log, first.getValue());
        first = log.chunks.firstEntry()) {
      delete(log, first.getValue());
    }
    if (log.chunks.isEmpty()) {
      old.remove(log.id, log);
    }
  }

  private boolean isNeeded(PartLog log, Chunk chunk) {
    return consumers.values().stream().anyMatch(each -> each.needs(log.id, chunk));
  }

  // --- consumers -------------------------------------------------------------------------------

  @Override
  public Sink sink(int loop) {
    return current.get(loop);
  }

  @Override
  public List<List<Source>> add(Feed.Consumer consumer) {
    String name = consumer.name();
    var groups = new ArrayList<List<Source>>();
    Positions positions;
    lock.lock();
    try {
      begin();
      Positions known = consumers.get(name);
      positions = known == null ? new Positions() : known;
      if (known == null) {
        for (PartLog log : current) {
          Chunk end = log.current();
          positions.places.put(
              log.id, end == null ? Place.START : new Place(end.number, end.count()));
        }
        consumers.put(name, positions);
      }
      positions.isServed = true;
      positions.changed();
      int of = 0;
      for (PartLog log : old.values()) {
        if (positions.places.containsKey(log.id)) {
          if (groups.isEmpty() || of != log.id.run()) {
            groups.add(new ArrayList<>());
            of = log.id.run();
          }
          groups.getLast().add(source(log, consumer, positions));
        }
      }
      groups.add(new ArrayList<>());
      current.forEach(log -> groups.getLast().add(source(log, consumer, positions)));
    } finally {
      lock.unlock();
    }
    save(name, positions, true); // so that a kill does not make it a new one
    return groups;
  }

  private Source source(PartLog log, Feed.Consumer consumer, Positions positions) {
    var source = new LocalSource(this, log, consumer, positions);
    log.add(source);
    return source;
  }

  /** Begins the logs, as there is a consumer. */
  private void begin() {
    if (hasBegun) {
      return;
    }
    String path = later;
    if (path != null) {
      later = null;
      try {
        openNow("rooms.historyFolder", path);
      } catch (IOException e) {
        trouble.tell(ChunkMaker.FILES, String.valueOf(e.getMessage()));
      }
    }
    hasBegun = true;
    current.forEach(PartLog::begin);
  }

  @Override
  public void remove(Feed.Consumer consumer) {
    Positions positions;
    lock.lock();
    try {
      positions = consumers.get(consumer.name());
      if (positions != null) {
        positions.isServed = false;
      }
    } finally {
      lock.unlock();
    }
    if (positions != null) {
      save(consumer.name(), positions, true);
    }
  }

  /** The chunk at which a consumer's events begin; null if the log is over. */
  @Nullable Chunk chunkOf(PartLog log, Positions positions) {
    lock.lock();
    try {
      Place place = positions.places.get(log.id);
      return firstFrom(log, place == null ? 0 : place.chunk());
    } finally {
      lock.unlock();
    }
  }

  /** The chunk after one that is over or deleted; null if the log is over. */
  @Nullable Chunk chunkAfter(PartLog log, long number) {
    lock.lock();
    try {
      return firstFrom(log, number + 1);
    } finally {
      lock.unlock();
    }
  }

  /** Not a file that was created in advance, before which a chunk in memory may come. */
  private @Nullable Chunk firstFrom(PartLog log, long number) {
    listNow(log);
    for (Chunk each : log.chunks.tailMap(number).values()) {
      if (log.isUsed(each)) {
        return each;
      }
    }
    return log.current();
  }

  /** How many records of a chunk a consumer has dealt with. */
  int recordsOf(PartLog log, Positions positions, long chunk) {
    lock.lock();
    try {
      Place place = positions.places.get(log.id);
      return place != null && place.chunk() == chunk ? place.records() : 0;
    } finally {
      lock.unlock();
    }
  }

  /** A consumer has dealt with a log up to a place. */
  void moved(PartLog log, Positions positions, long chunk, int records) {
    lock.lock();
    try {
      Place before = positions.places.put(log.id, new Place(chunk, records));
      positions.changed();
      if (before != null && before.chunk() != chunk) {
        trim(log);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A consumer has dealt with all of a log of an earlier run. */
  void over(PartLog log, String consumer, Positions positions) {
    lock.lock();
    try {
      positions.places.remove(log.id);
      positions.changed();
      trim(log);
    } finally {
      lock.unlock();
    }
    save(consumer, positions, false);
  }

  /** Nobody reads a log through this source any more. */
  void closed(PartLog log, LocalSource source) {
    lock.lock();
    try {
      log.remove(source);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes what a consumer has dealt with, if it was not written a moment ago.
   *
   * @param now whether to write it in any case
   * @return after how many milliseconds it is to be written; {@link Waiter#FOR_EVER} if it is
   */
  long save(String consumer, Positions positions, boolean now) {
    FeedFolder in = maker.folder();
    if (in == null) {
      return Waiter.FOR_EVER;
    }
    String text;
    lock.lock();
    try {
      text = positions.due(run, elapsed.getAsLong(), now ? 0 : SAVE_EVERY);
      if (text == null) {
        return positions.isDirty() ? SAVE_EVERY : Waiter.FOR_EVER;
      }
    } finally {
      lock.unlock();
    }
    try {
      positions.write(in.positions(consumer), text);
    } catch (ClosedByInterruptException e) {
      markUnsaved(positions); // the consumer is being removed, which writes it once more
    } catch (IOException e) {
      markUnsaved(positions);
      maker.failed(e);
    }
    return Waiter.FOR_EVER;
  }

  private void markUnsaved(Positions positions) {
    lock.lock();
    try {
      positions.changed();
    } finally {
      lock.unlock();
    }
  }

  long waiting(PartLog log, Positions positions) {
    lock.lock();
    try {
      listNow(log);
      return log.chunks.values().stream().mapToLong(each -> positions.left(log.id, each)).sum();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long dropped() {
    return dropped.sum() + maker.tooLong();
  }

  /** Closes the files, and unlocks the folder. Called when no loop runs and no consumer is left. */
  @Override
  public void close() {
    FeedFolder in = maker.folder();
    lock.lock();
    try {
      current.forEach(this::listNow);
      current.forEach(PartLog::store);
      maker.open(null);
      current.forEach(PartLog::close);
      old.values().forEach(PartLog::close);
    } finally {
      lock.unlock();
    }
    if (in != null) {
      try {
        in.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "feed: the folder could not be closed", e);
      }
    }
  }
}
