package io.earshot.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * One file of a {@link Journal}, mapped into memory: a magic number, then records, then zeros. A
 * record is its length, its checksum and its body, at a multiple of 8. The length is written last,
 * so a record that a killed process has not finished is not there at all.
 *
 * <p>Owned by the room's event loop.
 */
final class Segment implements AutoCloseable {
  static final long MAGIC = 0x4541_5253_484f_5431L; // EARSHOT1

  /** The bytes before the first record. */
  static final int START = Long.BYTES;

  /** The bytes of a record before its body. */
  static final int HEAD = 2 * Integer.BYTES;

  /** What is kept free at the end for a record without content, which says why nothing follows. */
  private static final int LAST = 2 * HEAD;

  /** Part of a length that is there, so that no single bit makes it one that is not. */
  static final int IS_THERE = 1 << 30;

  private static final int PAGE = 4096;
  private static final int ZEROS = 64 << 10;
  private static final VarHandle LENGTH =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private final Path file;
  private final long number;
  private final Arena arena;
  private final MemorySegment memory;
  private final ByteBuffer bytes;
  private final CRC32C crc = new CRC32C();
  private int end = START;
  private int forced;

  private Segment(Path file, long number, Arena arena, MemorySegment memory) {
    this.file = file;
    this.number = number;
    this.arena = arena;
    this.memory = memory;
    this.bytes = memory.asByteBuffer();
  }

  /**
   * Makes a file of this size. It is filled with zeros, since writing into the hole of a mapped
   * file is the end of the process when the disk is full; like this, making it fails instead.
   *
   * @param forces whether it is on the disk when this returns
   */
  static Segment create(Path file, long number, int size, boolean forces) throws IOException {
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
        HistoryFolder.forceNames(file.resolveSibling("."));
      }
      Arena arena = Arena.ofShared();
      MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
      var segment = new Segment(file, number, arena, memory);
      for (int page = 0; page < size; page += PAGE) {
        segment.bytes.put(page, (byte) 0); // the fault that the first write to a page is, here
      }
      segment.bytes.putLong(0, MAGIC);
      return segment;
    } catch (IOException | RuntimeException | Error e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  long number() {
    return number;
  }

  /** The longest body that any segment of a size has room for. */
  static int longest(int size) {
    return size - START - LAST - HEAD - 7;
  }

  /** Whether a body of so many bytes fits in. */
  boolean hasRoom(int length) {
    return end + HEAD + length + 7 + LAST <= bytes.capacity();
  }

  /** Where to write the body of the next record. */
  ByteBuffer body() {
    return bytes.position(end + HEAD);
  }

  /** Makes what was written from {@link #body} on a record. */
  void commit() {
    int length = bytes.position() - end - HEAD;
    bytes.putInt(end + Integer.BYTES, checksum(crc, bytes, end + HEAD, length));
    LENGTH.setRelease(bytes, end, length | IS_THERE);
    end = next(end, length);
  }

  /** The last record, for which there always is room. */
  void last(byte kind) {
    body().put(kind);
    commit();
  }

  /** Where the record after one of this length begins. */
  static int next(int at, int length) {
    return (at + HEAD + length + 7) & -8;
  }

  static int checksum(CRC32C crc, ByteBuffer bytes, int from, int length) {
    int limit = bytes.limit();
    bytes.limit(from + length).position(from);
    crc.reset();
    crc.update(bytes);
    bytes.limit(limit);
    return (int) crc.getValue() ^ length;
  }

  /**
   * Waits until all that was written is on the disk.
   *
   * @throws UncheckedIOException if it cannot be
   */
  void force() {
    if (forced < end) {
      memory.asSlice(forced, end - forced).force();
      forced = end;
    }
  }

  void delete() {
    close();
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // It is in the way of nobody, and the next start removes it.
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
