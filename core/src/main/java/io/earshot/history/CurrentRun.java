package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.disk.Disk;
import io.earshot.disk.SmallFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
 * @param machine the machine and its boot, as {@link Disk#machine} has it
 * @param forced whether the run forced each message to the disk
 * @param closed whether the run ended with everything on the disk
 */
record CurrentRun(int run, String machine, boolean forced, boolean closed) {
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
    SmallFile.write(folder.resolve(NAME), text, true);
  }

  /** Deletes the file of a folder: no logs are valid then. */
  static void delete(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(NAME));
    SmallFile.forceNames(folder);
  }
}
