package io.earshot.feed.log;

import io.earshot.disk.FolderLock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folder of a {@link LocalStore}: the chunks of each log ({@code run3-part0-7.log}), and what
 * each consumer has dealt with ({@code consumer-NAME}). Each start of the server is a run with logs
 * of its own.
 *
 * <p>Immutable.
 */
final class FeedFolder implements AutoCloseable {
  private static final Pattern LOG =
      Pattern.compile("run(\\d{1,9})-part(\\d{1,9})-(\\d{1,15})\\.log");
  private static final Pattern CONSUMER = Pattern.compile("consumer-([A-Za-z0-9_.-]{1,64})");

  private final FolderLock lock;

  private FeedFolder(FolderLock lock) {
    this.lock = lock;
  }

  /**
   * Locks the folder for this server, and creates it if there is none.
   *
   * @param setting the setting that names it
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  static FeedFolder open(String setting, String path) throws IOException {
    return new FeedFolder(FolderLock.take(setting, path));
  }

  Path chunk(PartLog.Id log, long number) {
    return lock.folder().resolve("run" + log.run() + "-part" + log.part() + "-" + number + ".log");
  }

  Path positions(String consumer) {
    return lock.folder().resolve("consumer-" + consumer);
  }

  /** The files of each log, by number. */
  Map<PartLog.Id, SortedMap<Long, Path>> logs() throws IOException {
    var logs = new TreeMap<PartLog.Id, SortedMap<Long, Path>>();
    for (Path file : files()) {
      Matcher name = LOG.matcher(String.valueOf(file.getFileName()));
      if (name.matches()) {
        var id = new PartLog.Id(Integer.parseInt(name.group(1)), Integer.parseInt(name.group(2)));
        logs.computeIfAbsent(id, ignored -> new TreeMap<>())
            .put(Long.parseLong(name.group(3)), file);
      }
    }
    return logs;
  }

  /** The files of the consumers, by the consumer's name. */
  Map<String, Path> consumers() throws IOException {
    var consumers = new TreeMap<String, Path>();
    for (Path file : files()) {
      Matcher name = CONSUMER.matcher(String.valueOf(file.getFileName()));
      if (name.matches()) {
        consumers.put(name.group(1), file);
      }
    }
    return consumers;
  }

  private Iterable<Path> files() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(lock.folder())) {
      var all = new ArrayList<Path>();
      files.forEach(all::add);
      return all;
    }
  }

  /** The failure of a file in the folder, with a message that names the setting. */
  IOException unusable(IOException cause) {
    return lock.unusable(cause);
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
