package io.earshot.feed.log;

import io.earshot.disk.MappedFile;
import io.earshot.disk.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of a {@link PartLog}: a file, or a block of memory. The event loop of the part writes
 * its records, and threads of consumers read them.
 *
 * <p>Thread-safe: the loop publishes each record by a volatile field. A lock guards the bytes
 * against the thread that deletes the chunk; the loop never takes it, since only chunks are deleted
 * that it no longer writes. A deleted chunk holds neither its bytes nor the chunk after it: a
 * consumer that is blocked may hold the chunk for ever.
 */
final class Chunk {
  /** Orders the chunks of a log. */
  final long number;

  /** How many bytes it occupies. */
  final int size;

  /** Orders the chunks of all logs by their age. */
  final long age;

  private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

  /** Whether it was made for one record, which is longer than other chunks. */
  private final boolean isForOne;

  private final boolean isStored;

  /** Null for a file of an earlier run, which is only read, and for a deleted chunk. */
  private @Nullable Segment segment;

  /** Null without a file of an earlier run. Guarded by the lock. */
  private @Nullable MappedFile mapped;

  /** The file of an earlier run, or of a record that was copied to it. Guarded by the lock. */
  private @Nullable Path file;

  /** Guarded by the lock. */
  private ByteBuffer bytes;

  private final ReentrantLock lock = new ReentrantLock();
  private volatile int end;
  private volatile int count;
  private volatile boolean isDeleted;

  /** The chunk after this one; null while this one is written, and once it is deleted. */
  private volatile @Nullable Chunk next;

  private Chunk(
      long number,
      int size,
      long age,
      boolean isForOne,
      @Nullable Segment segment,
      @Nullable MappedFile mapped,
      @Nullable Path file,
      ByteBuffer bytes) {
    this.number = number;
    this.size = size;
    this.age = age;
    this.isForOne = isForOne;
    this.isStored = segment == null || segment.isStored();
    this.segment = segment;
    this.mapped = mapped;
    this.file = file;
    this.bytes = bytes;
    this.end = Segment.START;
  }

  /** A chunk to be written. */
  static Chunk of(Segment segment, int size, long age) {
    return new Chunk(segment.number(), size, age, false, segment, null, null, segment.view());
  }

  /** A chunk in memory for a single record, which is longer than other chunks. */
  static Chunk forOne(Segment segment, int size, long age) {
    return new Chunk(segment.number(), size, age, true, segment, null, null, segment.view());
  }

  /**
   * Reads a file of an earlier run. It ends before the first record that is not whole: a process
   * that was killed wrote none after it.
   *
   * @param damage told if there is such a record
   * @return null if the file has no records
   */
  static @Nullable Chunk recover(Path file, long number, long age, Runnable damage)
      throws IOException {
    MappedFile mapped;
    long size;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      size = channel.size();
      if (size <= Segment.START || size > Integer.MAX_VALUE) {
        return null;
      }
      mapped = MappedFile.of(channel, FileChannel.MapMode.READ_ONLY, size);
    }
    var chunk = new Chunk(number, (int) size, age, false, null, mapped, file, mapped.bytes());
    if (!chunk.scan(damage)) {
      mapped.close();
      return null;
    }
    return chunk;
  }

  private boolean scan(Runnable damage) {
    if (bytes.getLong(0) != Segment.MAGIC) {
      return false;
    }
    var crc = new CRC32C();
    int at = Segment.START;
    int records = 0;
    while (at + Segment.HEAD <= size) {
      int length = bytes.getInt(at) ^ Segment.IS_THERE;
      if (length == Segment.IS_THERE) {
        break;
      }
      if (length <= 0
          || length > size - at - Segment.HEAD
          || bytes.getInt(at + Integer.BYTES)
              != Segment.checksum(crc, bytes, at + Segment.HEAD, length)) {
        damage.run();
        break;
      }
      at = Segment.next(at, length);
      records++;
    }
    end = at;
    count = records;
    return records > 0;
  }

  // --- the event loop --------------------------------------------------------------------------

  /** Whether a record of this length still fits. */
  boolean hasRoom(int length) {
    return segment != null && segment.hasRoom(length) && !(isForOne && count > 0);
  }

  /** The buffer, positioned at the body of the next record. */
  ByteBuffer body() {
    return written().body();
  }

  /** Ends the record that was written after {@link #body}; readers see it now. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // the event loop alone writes it
  void commit() {
    Segment to = written();
    to.commit();
    count++;
    end = to.end();
  }

  private Segment written() {
    if (segment == null) {
      throw new IllegalStateException("it is only read");
    }
    return segment;
  }

  /** Whether the loop writes the events to a file. */
  boolean isStored() {
    return isStored;
  }

  /** Whether it was made for one record, which is longer than other chunks. */
  boolean isForOne() {
    return isForOne;
  }

  /** No records follow here, but in another chunk. */
  void followedBy(Chunk fresh) {
    next = fresh;
  }

  // --- readers ---------------------------------------------------------------------------------

  /** The position after the last record. */
  int end() {
    return end;
  }

  /** How many records there are. */
  int count() {
    return count;
  }

  /** The chunk after this one; null while this one is written, and once it is deleted. */
  @Nullable Chunk next() {
    return next;
  }

  boolean isDeleted() {
    return isDeleted;
  }

  /** The position after a number of records from the start; the end if there are fewer. */
  int position(int records) {
    int at = Segment.START;
    lock.lock();
    try {
      for (int i = 0; i < records && at < end && !isDeleted; i++) {
        at = Segment.next(at, bytes.getInt(at) ^ Segment.IS_THERE);
      }
      return at;
    } finally {
      lock.unlock();
    }
  }

  /** The record at a position before the {@link #end}; null if the chunk is deleted. */
  byte @Nullable [] read(int at) {
    lock.lock();
    try {
      if (isDeleted) {
        return null;
      }
      byte[] record = new byte[bytes.getInt(at) ^ Segment.IS_THERE];
      bytes.get(at + Segment.HEAD, record);
      return record;
    } finally {
      lock.unlock();
    }
  }

  /** Copies the record of a chunk {@link #isForOne for one} to a file, unless that is done. */
  void store(Path to) throws IOException {
    lock.lock();
    try {
      if (isDeleted || file != null) {
        return;
      }
      file = to;
      ByteBuffer whole = ByteBuffer.allocate(end);
      whole.put(0, bytes, 0, end).putLong(0, Segment.MAGIC);
      try (FileChannel channel =
          FileChannel.open(
              to,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        while (whole.hasRemaining()) {
          channel.write(whole);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Deletes its file, or frees its memory. */
  void delete() {
    lock.lock();
    try {
      close();
      if (segment != null) {
        segment.delete();
      }
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // The next start reads it again, and its events are repeated.
    } finally {
      segment = null;
      mapped = null;
      bytes = NO_BYTES;
      next = null; // after isDeleted: a reader asks the store for the chunk after it
      lock.unlock();
    }
  }

  /** Closes its file, and keeps it. Not called while the loop writes it. */
  void close() {
    lock.lock();
    try {
      if (!isDeleted) {
        isDeleted = true;
        if (segment != null) {
          segment.close();
        } else if (mapped != null) {
          mapped.close();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
