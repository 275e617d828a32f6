package io.earshot.disk;

import io.earshot.config.SettingFileException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A folder that this server alone uses, as its lock says. The system ends the lock with the
 * process.
 *
 * <p>Immutable.
 */
public final class FolderLock implements AutoCloseable {
  private final String setting;
  private final Path folder;
  private final FileChannel lock;

  private FolderLock(String setting, Path folder, FileChannel lock) {
    this.setting = setting;
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Locks a folder for this server, and creates it if there is none.
   *
   * @param setting the setting that names the folder, for messages
   * @param name the path of the folder
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  public static FolderLock take(String setting, String name) throws IOException {
    FileChannel lock = null;
    try {
      Path folder = Files.createDirectories(Path.of(name));
      lock =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (isTaken(lock)) {
        throw new IOException("another server uses it; each needs a folder of its own");
      }
      return new FolderLock(setting, folder, lock);
    } catch (IOException | InvalidPathException e) {
      if (lock != null) {
        lock.close();
      }
      throw unusable(setting, name, e);
    }
  }

  private static boolean isTaken(FileChannel channel) throws IOException {
    try {
      FileLock taken = channel.tryLock();
      return taken == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }

  private static IOException unusable(String setting, String folder, Exception cause) {
    String why = cause.getMessage() == null ? "" : cause.getMessage();
    String kind =
        cause.getClass() == IOException.class ? "" : cause.getClass().getSimpleName() + " ";
    String message = setting + ": " + folder + " cannot be used: " + kind + why;
    return cause instanceof InvalidPathException || cause instanceof FileAlreadyExistsException
        ? new SettingFileException(message, cause)
        : new IOException(message, cause);
  }

  /** The failure of a file in the folder, with a message that names the setting. */
  public IOException unusable(Exception cause) {
    return unusable(setting, folder.toString(), cause);
  }

  public Path folder() {
    return folder;
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
