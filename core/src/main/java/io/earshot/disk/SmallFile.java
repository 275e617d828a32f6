package io.earshot.disk;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Small text files, which are replaced in one step: a reader finds the former text or the new one.
 *
 * <p>Stateless.
 */
public final class SmallFile {
  private static final System.Logger LOG = System.getLogger(SmallFile.class.getName());

  /** Ends the name of a text that is not whole; no name of a consumer or a setting has it. */
  private static final String FRESH = "~";

  private SmallFile() {}

  /**
   * Replaces a file.
   *
   * @param forces whether the new text is on the disk afterwards, also if the machine fails
   */
  public static void write(Path file, String text, boolean forces) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + FRESH);
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      channel.write(UTF_8.encode(text));
      if (forces) {
        channel.force(true);
      }
    }
    try {
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }
    if (forces) {
      forceNames(file.resolveSibling("."));
    }
  }

  /**
   * Forces the names of new files to the disk. Systems that cannot open a folder write the names
   * themselves.
   */
  public static void forceNames(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the folder " + folder + " cannot be forced to the disk", e);
    }
  }
}
