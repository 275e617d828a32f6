package io.earshot.feed.log;

import io.earshot.disk.Segment;
import io.earshot.protocol.Audience;
import io.earshot.spi.Loop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The events of one event loop in one run of the server, as a log of {@link Chunk}s. The loop
 * writes a record in mapped memory, without a wait or a system call; another thread creates the
 * next files. The events that no file can take, as when the disk is full, wait in memory.
 *
 * <p>Owned by the event loop, which alone writes. The lock of the {@link LocalStore} guards {@link
 * #chunks}; the list of sources is replaced as a whole.
 */
final class PartLog implements Sink {
  /** How many files are created in advance. */
  private static final int AHEAD = 2;

  /** The distance of the numbers of chunks, between which are those of chunks for one record. */
  private static final int STEP = 1 << 10;

  /** Which part of which run. Immutable. */
  record Id(int run, int part) implements Comparable<Id> {
    @Override
    public int compareTo(Id other) {
      return run == other.run ? Integer.compare(part, other.part) : Integer.compare(run, other.run);
    }
  }

  final Id id;

  /** All chunks, those that are created in advance included. */
  final TreeMap<Long, Chunk> chunks = new TreeMap<>();

  /** The chunks in memory that are not among them yet, in their order. */
  final Queue<Chunk> unlisted = new ConcurrentLinkedQueue<>();

  private final ChunkMaker maker;
  private final Loop loop;
  private final Deque<CompletableFuture<Chunk>> ahead = new ArrayDeque<>();
  private long numbers;
  private boolean isWaking;
  private boolean wasUnstored;

  /** The chunk that is written; null before the first consumer, and for a run that is over. */
  private volatile @Nullable Chunk current;

  private volatile List<LocalSource> sources = List.of();

  PartLog(Id id, ChunkMaker maker, Loop loop) {
    this.id = id;
    this.maker = maker;
    this.loop = loop;
  }

  Loop loop() {
    return loop;
  }

  /** The chunk that is written; null if none is. */
  @Nullable Chunk current() {
    return current;
  }

  /** Begins the log. Called before any event of it. */
  void begin() {
    Chunk first = maker.create(this, nextNumber());
    for (int i = 0; i < AHEAD && maker.hasFiles(); i++) {
      ahead.add(maker.prepare(this, nextNumber()));
    }
    current = first;
  }

  private long nextNumber() {
    long number = numbers;
    numbers += STEP;
    return number;
  }

  // --- the event loop --------------------------------------------------------------------------

  @Override
  public void message(String room, byte[] name, @Nullable Audience audience, byte[] json) {
    Chunk chunk = chunkFor(EventRecord.most(name, audience, json));
    if (chunk != null) {
      try {
        EventRecord.put(chunk.body(), name, audience, json);
        commit(chunk);
      } catch (RuntimeException | InternalError e) { // the JVM's for a fault in mapped memory
        if (goesOnInMemory(chunk, e)) {
          message(room, name, audience, json);
        }
      }
    }
  }

  @Override
  public void event(String key, byte[] record) {
    Chunk chunk = chunkFor(record.length);
    if (chunk != null) {
      try {
        chunk.body().put(record);
        commit(chunk);
      } catch (RuntimeException | InternalError e) {
        if (goesOnInMemory(chunk, e)) {
          event(key, record);
        }
      }
    }
  }

  /** The chunk to write a record of at most this length to; null if none can have it. */
  private @Nullable Chunk chunkFor(int length) {
    Chunk chunk = current;
    if (chunk == null) {
      return null;
    }
    if (chunk.hasRoom(length)) {
      return chunk;
    }
    if (length > Segment.longest(maker.bytes())) {
      Chunk fresh = forOne(chunk, length);
      return fresh == null ? null : moveOn(fresh);
    }
    return moveOn(prepared());
  }

  /** Its number is before those of the files that are created in advance. */
  private @Nullable Chunk forOne(Chunk before, int length) {
    long number = before.number + 1;
    if (number % STEP == 0) {
      discardAhead();
      number = nextNumber();
    }
    return maker.forOne(this, number, length);
  }

  /** A write has failed; false if it was one to memory. */
  private boolean goesOnInMemory(Chunk chunk, Throwable cause) {
    maker.failed(cause);
    if (chunk.isStored()) {
      moveOn(inMemory());
      return true;
    }
    return false;
  }

  private Chunk moveOn(Chunk fresh) {
    Chunk full = current;
    if (full != null) {
      full.followedBy(fresh); // first, so that it is either written or followed
    }
    current = fresh;
    if (maker.hasFiles()) {
      while (ahead.size() < AHEAD) {
        ahead.add(maker.prepare(this, nextNumber()));
      }
    }
    return fresh;
  }

  /** The next chunk. Where the disk is full or too slow, one in memory, so as not to wait. */
  private Chunk prepared() {
    CompletableFuture<Chunk> next = ahead.peek();
    if (next != null && next.isDone() && !next.isCompletedExceptionally()) {
      ahead.remove();
      if (wasUnstored) {
        wasUnstored = false;
        maker.isStoredAgain();
      }
      return next.join();
    }
    return inMemory();
  }

  private Chunk inMemory() {
    if (maker.hasFiles()) {
      wasUnstored = true;
      maker.isUnstored();
      // Their numbers are less than that of the chunk in memory, which comes first.
      discardAhead();
    }
    return maker.inMemory(this, nextNumber());
  }

  private void discardAhead() {
    for (CompletableFuture<Chunk> each : ahead) {
      var unused = each.thenAccept(late -> maker.discard(this, late));
    }
    ahead.clear();
  }

  private void commit(Chunk chunk) {
    chunk.commit();
    if (chunk.isForOne()) {
      maker.storeLater(this, chunk);
    }
    if (!isWaking && sources.stream().anyMatch(LocalSource::isWaiting)) {
      isWaking = true;
      try {
        loop.execute(this::wake); // once for all events of this turn
      } catch (RejectedExecutionException e) {
        isWaking = false; // the server stops
      }
    }
  }

  private void wake() {
    isWaking = false;
    sources.forEach(LocalSource::wake);
  }

  // --- other threads ---------------------------------------------------------------------------

  /** Adds a reader. Called under the lock of the maker. */
  void add(LocalSource source) {
    var more = new ArrayList<>(sources);
    more.add(source);
    sources = List.copyOf(more);
  }

  /** Removes a reader. Called under the lock of the maker. */
  void remove(LocalSource source) {
    var fewer = new ArrayList<>(sources);
    fewer.remove(source);
    sources = List.copyOf(fewer);
  }

  /** Whether a chunk gets no more records. */
  boolean isOver(Chunk chunk) {
    return current == null || chunk.next() != null;
  }

  /**
   * Whether a chunk has records, or gets the next ones. Others were created in advance, and may
   * never be used.
   */
  boolean isUsed(Chunk chunk) {
    return chunk == current || isOver(chunk);
  }

  /** Copies what is only in memory, and can be, to files. No loop runs any more. */
  void store() {
    chunks.values().stream().filter(Chunk::isForOne).forEach(each -> maker.store(this, each));
  }

  /** Closes the files. No loop runs any more. */
  void close() {
    discardAhead();
    current = null;
    chunks.values().forEach(Chunk::close);
  }
}
