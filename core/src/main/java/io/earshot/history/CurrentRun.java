package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The content of the file {@code current} of a {@link HistoryFolder}: the run whose logs are valid,
 * and what is known of their ends.
 *
 * <p>Immutable.
 *
 * @param run the number of the run
 * @param machine the machine and its boot, as {@link HistoryFolder.Disk#machine} has it
 * @param forced whether the run forced each message to the disk
 * @param closed whether the run ended with everything on the disk
 */
record CurrentRun(int run, String machine, boolean forced, boolean closed) {
  private static final System.Logger LOG = System.getLogger(CurrentRun.class.getName());
  private static final String NAME = "current";
  private static final String VERSION = "earshot-history 1\n";
  private static final Pattern FORM =
      Pattern.compile(
          VERSION + "run (\\d{1,9})\nmachine (.*)\nforced (true|false)\nclosed (true|false)\n");

  /**
   * Reads the file of a folder.
   *
   * @return null if there is none, or one that is no such file
   * @throws IOException if it cannot be read, or was written by another version
   */
  static @Nullable CurrentRun read(Path folder) throws IOException {
    String text;
    try {
      text = Files.readString(folder.resolve(NAME), UTF_8);
    } catch (NoSuchFileException e) {
      return null;
    }
    Matcher form = FORM.matcher(text);
    if (form.matches()) {
      return new CurrentRun(
          Integer.parseInt(form.group(1)),
          form.group(2),
          Boolean.parseBoolean(form.group(3)),
          Boolean.parseBoolean(form.group(4)));
    }
    if (text.startsWith("earshot-history ") && !text.startsWith(VERSION)) {
      throw new IOException("it was written by another version");
    }
    return null;
  }

  /** Replaces the file of a folder in one step; the new file is on the disk afterwards. */
  void write(Path folder) throws IOException {
    String text =
        VERSION
            + "run %d\nmachine %s\nforced %b\nclosed %b\n".formatted(run, machine, forced, closed);
    Path fresh = folder.resolve(NAME + ".new");
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      channel.write(UTF_8.encode(text));
      channel.force(true);
    }
    Path known = folder.resolve(NAME);
    try {
      Files.move(fresh, known, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(fresh, known, StandardCopyOption.REPLACE_EXISTING);
    }
    forceNames(folder);
  }

  /** Deletes the file of a folder: no logs are valid then. */
  static void delete(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(NAME));
    forceNames(folder);
  }

  /**
   * Forces the names of new files to the disk. Systems that cannot open a folder write the names
   * themselves.
   */
  static void forceNames(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the folder " + folder + " cannot be forced to the disk", e);
    }
  }
}
