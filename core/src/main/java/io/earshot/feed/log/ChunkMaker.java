package io.earshot.feed.log;

import io.earshot.disk.Disk;
import io.earshot.disk.Segment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Makes the chunks of the logs: files of the folder, or blocks of memory where there can be no
 * file.
 *
 * <p>Thread-safe: a volatile folder and atomic counts.
 */
final class ChunkMaker {
  private static final System.Logger LOG = System.getLogger(ChunkMaker.class.getName());
  private static final int MEMORY_CHUNK = 256 << 10;

  /** The size of some chunk, to know what a chunk needs beside its record. */
  private static final int LEAST = 4 << 10;

  /** The longest record whose length can be written. */
  private static final int MOST_RECORD = Segment.IS_THERE - 1;

  /** The name under which an operator is told of the files. */
  static final String FILES = "the files of the feed";

  private final int fileBytes;
  private final long limit;
  private final Disk disk;
  private final Store.Trouble trouble;
  private final Keeper keeper;
  private final AtomicLong ages = new AtomicLong();
  private final LongAdder tooLong = new LongAdder();
  private volatile @Nullable FeedFolder folder;

  /** Has the list of all chunks. Not called on an event loop, unless the disk runs tasks there. */
  interface Keeper {
    /** A chunk was made for a log. */
    void made(PartLog log, Chunk chunk);

    /** A log has chunks that are not listed. */
    void list(PartLog log);

    /** A chunk is not used. */
    void unused(PartLog log, Chunk chunk);
  }

  /**
   * A maker of chunks in memory.
   *
   * @param fileBytes the size of a file
   * @param limit how many bytes all chunks may have
   */
  ChunkMaker(int fileBytes, long limit, Disk disk, Store.Trouble trouble, Keeper keeper) {
    this.fileBytes = fileBytes;
    this.limit = limit;
    this.disk = disk;
    this.trouble = trouble;
    this.keeper = keeper;
  }

  /** Makes files in a folder from now on; null for none. */
  void open(@Nullable FeedFolder in) {
    folder = in;
  }

  @Nullable FeedFolder folder() {
    return folder;
  }

  boolean hasFiles() {
    return folder != null;
  }

  /** The size of a chunk. */
  int bytes() {
    return hasFiles() ? fileBytes : Math.min(fileBytes, MEMORY_CHUNK);
  }

  /** Orders the chunks by their age. */
  long nextAge() {
    return ages.incrementAndGet();
  }

  /** Makes a chunk, in memory if there can be no file. Not called on an event loop. */
  Chunk create(PartLog log, long number) {
    if (hasFiles()) {
      try {
        return createFile(log, number);
      } catch (IOException e) {
        failed(e);
        isUnstored();
      }
    }
    return inMemory(log, number);
  }

  /** Makes a file for a log on another thread. */
  CompletableFuture<Chunk> prepare(PartLog log, long number) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return createFile(log, number);
          } catch (IOException e) {
            LOG.log(Level.DEBUG, "feed: a file cannot be created", e);
            throw new UncheckedIOException(e);
          }
        },
        disk.background());
  }

  private Chunk createFile(PartLog log, long number) throws IOException {
    FeedFolder in = folder;
    if (in == null) {
      throw new IOException("the folder is closed");
    }
    Path file = in.chunk(log.id, number);
    disk.space().check(file);
    Segment segment = Segment.create(file, number, fileBytes, false);
    Chunk chunk = Chunk.of(segment, fileBytes, nextAge());
    keeper.made(log, chunk);
    return chunk;
  }

  /** Makes a chunk in memory. Callable on the event loop. */
  Chunk inMemory(PartLog log, long number) {
    int size = bytes();
    Chunk chunk = Chunk.of(Segment.inMemory(number, size), size, nextAge());
    made(log, chunk);
    return chunk;
  }

  /**
   * Makes a chunk in memory for one record that is longer than other chunks. Callable on the event
   * loop.
   *
   * @return null if the record is too long for all chunks together
   */
  @Nullable Chunk forOne(PartLog log, long number, int length) {
    long size = (long) length + LEAST - Segment.longest(LEAST);
    if (size > Math.min(limit, MOST_RECORD)) {
      tooLong(length);
      return null;
    }
    int bytes = (int) size;
    Chunk chunk = Chunk.forOne(Segment.inMemory(number, bytes), bytes, nextAge());
    made(log, chunk);
    return chunk;
  }

  /** The log lists it itself, as other threads may do so in another order. */
  private void made(PartLog log, Chunk chunk) {
    log.unlisted.add(chunk);
    disk.background().execute(() -> keeper.list(log));
  }

  /** Copies a chunk for one record to a file on another thread, if there are files. */
  void storeLater(PartLog log, Chunk chunk) {
    if (hasFiles()) {
      disk.background().execute(() -> store(log, chunk));
    }
  }

  /** Copies a chunk for one record to a file, if there are files. */
  void store(PartLog log, Chunk chunk) {
    FeedFolder in = folder;
    if (in == null) {
      return;
    }
    try {
      Path file = in.chunk(log.id, chunk.number);
      disk.space().check(file);
      chunk.store(file);
    } catch (IOException e) {
      failed(e);
    }
  }

  /** A file that was made in advance is not used. */
  void discard(PartLog log, Chunk chunk) {
    disk.background().execute(() -> keeper.unused(log, chunk));
  }

  // --- what goes wrong -------------------------------------------------------------------------

  /** A file cannot be written or created. */
  void failed(Throwable cause) {
    LOG.log(Level.DEBUG, "feed: a file failed", cause);
    trouble.tell(FILES, "a file cannot be written: " + cause.getMessage());
  }

  /** Events are in memory from now on, and would be lost with the process. */
  void isUnstored() {
    trouble.tell(
        FILES,
        "the next file is not there, as the disk is full or too slow: events wait in memory until"
            + " it is (feed.folder)");
  }

  void isStoredAgain() {
    LOG.log(Level.INFO, "feed: events are written to files again");
  }

  /** An event is longer than all chunks may be. */
  private void tooLong(int length) {
    tooLong.increment();
    trouble.tell(
        "the feed",
        "an event of " + length + " bytes was dropped, as it alone is longer than feed.bytes");
  }

  /** How many events were longer than all chunks may be. */
  long tooLong() {
    return tooLong.sum();
  }
}
