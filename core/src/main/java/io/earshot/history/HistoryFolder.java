package io.earshot.history;

import io.earshot.Config;
import io.earshot.config.RoomRule;
import io.earshot.disk.Disk;
import io.earshot.disk.FolderLock;
import io.earshot.history.Recovery.DamagedException;
import io.earshot.history.Recovery.Remembered;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folder of the setting {@code rooms.historyFolder}: a {@link Journal} for each event loop, and
 * the file {@code current}, which names the valid ones ({@link CurrentRun}).
 *
 * <p>Each start of the server is a run with a number and with logs of its own. A run reads the logs
 * of the previous run, writes snapshots of all rooms into new logs, one for each loop that it has,
 * and then replaces {@code current} in one step. After a crash at any moment either the old logs or
 * the new ones are complete. Only where the disk has no space for both are the old ones deleted
 * first.
 *
 * <p>The operating system keeps what a process wrote, however the process ends. A failure of the
 * machine loses what was not forced to the disk. So {@code current} records the machine and its
 * boot, whether the run forced each message, and whether it ended with everything on the disk. If
 * none of the three proves that the logs are complete, they are not used: their last messages may
 * be missing, and rooms would use offsets a second time that clients know. To force the logs once a
 * second would prove nothing, so there is no such setting.
 *
 * <p>Owned by the thread that starts and stops the server.
 */
public final class HistoryFolder implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(HistoryFolder.class.getName());
  private static final String SETTING = "rooms.historyFolder: ";
  private static final Pattern NAME =
      Pattern.compile("run(\\d{1,9})-loop(\\d{1,9})-(\\d{1,15}).log");

  private final Path folder;
  private final boolean forces;
  private final Disk disk;
  private final FolderLock lock;
  private final List<Journal> journals = new ArrayList<>();
  private int run;

  /** Whether {@code current} names this run. */
  private volatile boolean isCurrent;

  /** The log of one event loop in one run. */
  private record Log(int run, int loop) {}

  private HistoryFolder(FolderLock lock, boolean forces, Disk disk) {
    this.lock = lock;
    this.folder = lock.folder();
    this.forces = forces;
    this.disk = disk;
  }

  /**
   * Locks the folder for this server, and creates it if there is none.
   *
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  public static HistoryFolder open(Config.Rooms settings, Disk disk) throws IOException {
    FolderLock lock = FolderLock.take("rooms.historyFolder", settings.historyFolder());
    return new HistoryFolder(lock, settings.historySync() == Config.HistorySync.ALWAYS, disk);
  }

  /**
   * Adds the rooms of the previous run to their loops, and gives each loop its log.
   *
   * @param loops all loops, in their order
   * @param loopOf the loop of a room, by the room's name
   * @param rules the rule of a room, by the room's name
   * @param elapsed the clock of durations, in milliseconds
   * @throws IOException if a file cannot be read or written; the message names the setting
   */
  public void recover(
      List<? extends RecoveryTarget> loops,
      Function<String, ? extends RecoveryTarget> loopOf,
      Function<String, RoomRule> rules,
      LongSupplier elapsed)
      throws IOException {
    try {
      long began = elapsed.getAsLong();
      Map<Log, SortedMap<Long, Path>> logs = logs();
      CurrentRun current = CurrentRun.read(folder);
      run =
          1
              + Math.max(
                  logs.keySet().stream().mapToInt(Log::run).max().orElse(0),
                  current == null ? 0 : current.run());
      var found = new ArrayList<Remembered>();
      String without = current == null ? "" : recover(current, logs, rules, found);
      found.sort((a, b) -> Long.compare(a.at, b.at));
      int messages = 0;
      for (Remembered room : found) {
        messages += loopOf.apply(room.name).recover(room);
      }
      int files = logs.values().stream().mapToInt(Map::size).sum();
      logs.entrySet().removeIf(log -> isOfAnotherRun(log.getKey(), current) && isDeleted(log));
      if (!begins(loops)) {
        // The files of two runs do not fit on the disk together. The rooms are in memory now, so
        // the
        // old files make room for the new ones. A crash in between loses history, and the rooms
        // then begin new epochs.
        CurrentRun.delete(folder);
        deleteAll(logs);
        if (!begins(loops)) {
          for (RecoveryTarget target : loops) {
            journals.add(journal(journals.size(), target::historyBytes));
            target.begin(journals.getLast());
          }
          LOG.log(
              Level.WARNING,
              SETTING
                  + folder
                  + ": the disk has no space for history; rooms keep it in memory only until there is"
                  + " space again");
        }
      }
      deleteAll(logs);
      if (files > 0) {
        LOG.log(
            Level.INFO,
            "history: {0} rooms and {1} messages from {2} files in {3} ms{4}",
            found.size(),
            messages,
            files,
            elapsed.getAsLong() - began,
            without);
      }
    } catch (IOException e) {
      throw lock.unusable(e);
    }
  }

  /**
   * Begins the logs of this run, and makes them the valid ones.
   *
   * @return false if the disk has no space for them; then there are none
   */
  private boolean begins(List<? extends RecoveryTarget> loops) throws IOException {
    try {
      for (RecoveryTarget target : loops) {
        Journal journal = journal(journals.size(), target::historyBytes);
        journals.add(journal);
        journal.open();
        target.begin(journal);
      }
      makeCurrent();
      return true;
    } catch (IOException e) {
      journals.forEach(Journal::discard);
      journals.clear();
      if (isFull(e)) {
        return false;
      }
      throw e;
    }
  }

  /** Names this run in {@code current}, if it does not. Called by any thread. */
  private synchronized void makeCurrent() throws IOException {
    if (!isCurrent) {
      disk.space().check(folder.resolve("current"));
      new CurrentRun(run, disk.machine(), forces, false).write(folder);
      isCurrent = true;
    }
  }

  /** Whether a write failed because the disk, or the share of it that this process has, is full. */
  private boolean isFull(IOException failure) {
    String why = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    if (why.contains("no space")
        || why.contains("not enough space")
        || why.contains("quota")
        || why.contains("file too large")) {
      return true;
    }
    try {
      return Files.getFileStore(folder).getUsableSpace() < disk.segmentBytes();
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether the history of all rooms is written to files. Callable from any thread. */
  public boolean isStoring() {
    return isCurrent && journals.stream().noneMatch(Journal::isBroken);
  }

  private static boolean isOfAnotherRun(Log log, @Nullable CurrentRun current) {
    return current == null || log.run != current.run();
  }

  private static boolean isDeleted(Map.Entry<Log, SortedMap<Long, Path>> log) {
    try {
      deleteAll(Map.of(log.getKey(), log.getValue()));
      return true;
    } catch (IOException e) {
      return false; // tried again later
    }
  }

  /** Reads the rooms of a run, and returns what the log line has to say of rooms left out. */
  private String recover(
      CurrentRun current,
      Map<Log, SortedMap<Long, Path>> logs,
      Function<String, RoomRule> rules,
      List<Remembered> found)
      throws IOException {
    boolean same = !disk.machine().isEmpty() && disk.machine().equals(current.machine());
    if (!same && !current.forced() && !current.closed()) {
      return "; the machine was restarted, and the last messages may not have reached the disk:"
          + " all rooms begin new epochs (rooms.historySync)";
    }
    var without = new StringBuilder();
    for (Map.Entry<Log, SortedMap<Long, Path>> log : logs.entrySet()) {
      if (log.getKey().run != current.run()) {
        continue;
      }
      var recovery = new Recovery(rules, current.forced() && !same);
      try {
        found.addAll(recovery.read(log.getValue()));
        if (recovery.isCut()) {
          without.append("; an unfinished record is cut off");
        }
      } catch (DamagedException e) {
        without.append("; without the rooms of loop ").append(log.getKey().loop);
        without.append(", which begin new epochs: ").append(e.getMessage());
      }
    }
    return without.toString();
  }

  private Map<Log, SortedMap<Long, Path>> logs() throws IOException {
    var logs =
        new TreeMap<Log, SortedMap<Long, Path>>(
            (a, b) ->
                a.run == b.run ? Integer.compare(a.loop, b.loop) : Integer.compare(a.run, b.run));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches()) {
          var log = new Log(Integer.parseInt(name.group(1)), Integer.parseInt(name.group(2)));
          logs.computeIfAbsent(log, ignored -> new TreeMap<>())
              .put(Long.parseLong(name.group(3)), file);
        }
      }
    }
    return logs;
  }

  private Journal journal(int loop, LongSupplier liveBytes) {
    String prefix = "run" + run + "-loop" + loop + "-";
    return new Journal(
        number -> folder.resolve(prefix + number + ".log"),
        disk,
        forces,
        liveBytes,
        this::makeCurrent);
  }

  private static void deleteAll(Map<Log, SortedMap<Long, Path>> logs) throws IOException {
    for (SortedMap<Long, Path> files : logs.values()) {
      for (Path file : files.values()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Closes the logs, and unlocks the folder. Called when no loop runs any more. */
  @Override
  public void close() {
    try (lock) {
      boolean isWhole = isCurrent && journals.stream().noneMatch(Journal::isBroken);
      journals.forEach(Journal::close);
      if (isWhole) {
        new CurrentRun(run, disk.machine(), forces, true).write(folder);
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.ERROR, SETTING + folder + " could not be closed", e);
    }
  }
}
