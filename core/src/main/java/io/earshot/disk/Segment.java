package io.earshot.disk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of a log, mapped into memory: a magic number, then records, then zeros. A record
 * consists of its length, its checksum and its body, and begins at a multiple of 8. The length is
 * written last, so a record that a killed process did not finish does not exist.
 *
 * <p>Owned by the event loop that writes the log.
 */
public final class Segment implements AutoCloseable {
  public static final long MAGIC = 0x4541_5253_484f_5431L; // EARSHOT1

  /** The bytes before the first record. */
  public static final int START = Long.BYTES;

  /** The bytes of a record before its body. */
  public static final int HEAD = 2 * Integer.BYTES;

  /** The bytes reserved for the last record, which has only a kind: why the segment ends here. */
  private static final int LAST = 2 * HEAD;

  /** A bit of every length that was written, so that no single flipped bit makes the length 0. */
  public static final int IS_THERE = 1 << 30;

  private static final int PAGE = 4096;
  private static final int ZEROS = 64 << 10;

  /** Null without a file; then the bytes are in memory only. */
  private final @Nullable Path file;

  private final long number;
  private final @Nullable MappedFile mapped;
  private final ByteBuffer bytes;
  private final CRC32C crc = new CRC32C();
  private int end = START;
  private int forced;
  private boolean isClosed;

  private Segment(@Nullable Path file, long number, @Nullable MappedFile mapped, ByteBuffer bytes) {
    this.file = file;
    this.number = number;
    this.mapped = mapped;
    this.bytes = bytes;
  }

  /**
   * Creates a segment without a file, for a log that is lost with the process.
   *
   * @param size the size in bytes
   */
  public static Segment inMemory(long number, int size) {
    return new Segment(null, number, null, ByteBuffer.allocate(size));
  }

  /**
   * Creates a file and fills it with zeros. A write into a hole of a mapped file kills the process
   * when the disk is full; without holes, the creation fails instead.
   *
   * @param size the size of the file, in bytes
   * @param forces whether to force the file to the disk before this returns
   */
  public static Segment create(Path file, long number, int size, boolean forces)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      ByteBuffer zeros = ByteBuffer.allocate(Math.min(size, ZEROS));
      for (int left = size; left > 0; ) {
        zeros.limit(Math.min(left, zeros.capacity())).position(0);
        left -= channel.write(zeros);
      }
      if (forces) {
        channel.force(true);
        SmallFile.forceNames(file.resolveSibling("."));
      }
      MappedFile mapped = MappedFile.of(channel, FileChannel.MapMode.READ_WRITE, size);
      var segment = new Segment(file, number, mapped, mapped.bytes());
      for (int page = 0; page < size; page += PAGE) {
        segment.bytes.put(page, (byte) 0); // take the page fault of the first write here
      }
      segment.bytes.putLong(0, MAGIC);
      return segment;
    } catch (IOException | RuntimeException | Error e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  public long number() {
    return number;
  }

  /** Whether it has a file. */
  public boolean isStored() {
    return mapped != null;
  }

  /** The position after the last record. */
  public int end() {
    return end;
  }

  /** The bytes, for another thread that reads the records before an {@link #end} it was given. */
  public ByteBuffer view() {
    return bytes.asReadOnlyBuffer();
  }

  /** The longest body that fits into a segment of a size. */
  public static int longest(int size) {
    return size - START - LAST - HEAD - 7;
  }

  /** Whether a body of this length still fits. */
  public boolean hasRoom(int length) {
    return end + HEAD + length + 7 + LAST <= bytes.capacity();
  }

  /** The buffer, positioned at the body of the next record. */
  public ByteBuffer body() {
    return bytes.position(end + HEAD);
  }

  /** Ends the record whose body was written after {@link #body}. */
  public void commit() {
    int length = bytes.position() - end - HEAD;
    bytes.putInt(end + Integer.BYTES, checksum(crc, bytes, end + HEAD, length));
    VarHandle.releaseFence(); // the body and the checksum are there before the length is
    bytes.putInt(end, length | IS_THERE);
    end = next(end, length);
  }

  /** Writes the last record, for which space is reserved. */
  public void last(byte kind) {
    body().put(kind);
    commit();
  }

  /** The position after a record whose body has this length. */
  public static int next(int at, int length) {
    return (at + HEAD + length + 7) & -8;
  }

  public static int checksum(CRC32C crc, ByteBuffer bytes, int from, int length) {
    int limit = bytes.limit();
    bytes.limit(from + length).position(from);
    crc.reset();
    crc.update(bytes);
    bytes.limit(limit);
    return (int) crc.getValue() ^ length;
  }

  /**
   * Waits until all records are on the disk.
   *
   * @throws UncheckedIOException if the disk fails
   */
  public void force() {
    if (forced < end && mapped != null) {
      mapped.bytes().force(forced, end - forced);
      forced = end;
    }
  }

  /** Closes it, and deletes its file. */
  public void delete() {
    close();
    if (file == null) {
      return;
    }
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // A file that remains does no harm: the next start removes it.
    }
  }

  @Override
  public void close() {
    if (mapped != null && !isClosed) {
      isClosed = true;
      mapped.close();
    }
  }
}
