package io.earshot.backend.webhook;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A file of lines, to which one process appends. An interrupt of a thread does not close it, as it
 * would close a channel.
 *
 * <p>Not thread-safe: {@link DeadLetters} has a lock.
 */
final class LetterFile implements AutoCloseable {
  /** A file that is no longer than this is not written anew, in bytes. */
  private static final long SMALL = 1 << 20;

  private final Path path;
  private final RandomAccessFile lock;
  private RandomAccessFile file;
  private long end;

  /** Takes the lines of a file. */
  interface Reader {
    void line(long position, byte[] line);
  }

  /** Writes the lines of a new file. */
  interface Rewriting {
    void write(Writer writer) throws IOException;
  }

  /** Copies lines into a new file. */
  interface Writer {
    /** Copies a line; returns its position in the new file. */
    long copy(long position, int length) throws IOException;
  }

  private LetterFile(Path path, RandomAccessFile lock, RandomAccessFile file) {
    this.path = path;
    this.lock = lock;
    this.file = file;
  }

  /**
   * Opens a file for this process alone, and creates it if there is none.
   *
   * @throws IOException if it cannot be used, or another process uses it
   */
  static LetterFile open(Path folder, String name) throws IOException {
    Path path = Files.createDirectories(folder).resolve(name);
    var lock = new RandomAccessFile(path + ".lock", "rw");
    try {
      if (isTaken(lock)) {
        throw new IOException("another server uses " + path + "; each needs a folder of its own");
      }
      return new LetterFile(path, lock, new RandomAccessFile(path.toFile(), "rw"));
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static boolean isTaken(RandomAccessFile file) throws IOException {
    try {
      FileLock taken = file.getChannel().tryLock();
      return taken == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }

  /** Reads all lines, and cuts off an unfinished one at the end. */
  void read(Reader reader) throws IOException {
    var line = new ByteArrayOutputStream();
    long position = 0;
    end = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
      for (int b = in.read(); b >= 0; b = in.read()) {
        position++;
        if (b == '\n') {
          reader.line(end, line.toByteArray());
          line.reset();
          end = position;
        } else {
          line.write(b);
        }
      }
    }
    file.setLength(end);
  }

  /** Appends a line; returns its position. After a failure the file is as before. */
  long append(byte[] line) throws IOException {
    byte[] whole = new byte[line.length + 1];
    System.arraycopy(line, 0, whole, 0, line.length);
    whole[line.length] = '\n';
    file.seek(end);
    try {
      file.write(whole);
    } catch (IOException e) {
      file.setLength(end);
      throw e;
    }
    long position = end;
    end += whole.length;
    return position;
  }

  /** Waits until the disk has everything. */
  void force() throws IOException {
    file.getFD().sync();
  }

  byte[] read(long position, int length) throws IOException {
    byte[] line = new byte[length];
    file.seek(position);
    file.readFully(line);
    return line;
  }

  /** Whether most of the file is gone. */
  boolean isSparse(long liveBytes) {
    return end > SMALL && end > 2 * liveBytes;
  }

  /** Writes a new file, and replaces this one by it in one step. */
  void rewrite(Rewriting rewriting) throws IOException {
    Path next = path.resolveSibling(path.getFileName() + ".new");
    long[] written = {0};
    try (var bytes = new FileOutputStream(next.toFile());
        OutputStream out = new BufferedOutputStream(bytes, 1 << 16)) {
      rewriting.write(
          (position, length) -> {
            out.write(read(position, length));
            out.write('\n');
            long at = written[0];
            written[0] += length + 1;
            return at;
          });
      out.flush();
      bytes.getFD().sync();
    }
    Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    var opened = new RandomAccessFile(path.toFile(), "rw");
    file.close();
    file = opened;
    end = written[0];
  }

  @Override
  public void close() {
    try (lock) {
      file.close();
    } catch (IOException e) {
      // Everything was written before.
    }
  }
}
