package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Config;
import io.earshot.config.RoomRule;
import io.earshot.history.Recovery.DamagedException;
import io.earshot.history.Recovery.Remembered;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The folder of the setting {@code rooms.historyFolder}: a {@link Journal} for each event loop, and
 * a file {@code current} that says which of them count.
 *
 * <p>Each start is a run with a number, and writes logs of its own: it reads those of the run
 * before, writes all rooms whole into new ones, on the loops on which they live now, and only then
 * says in {@code current}, in one step, that these count. A crash at any moment finds either the
 * old ones or the new ones complete.
 *
 * <p>What was written survives the end of the process, however it ends, since the system keeps it;
 * it does not survive the end of the machine unless it was forced to the disk. So {@code current}
 * says on which machine, since which start of it, the run was, whether it forced each message, and
 * whether it has ended with all on the disk. If none of these vouches for the logs, they are not
 * used: their ends may be missing, and rooms would give out offsets a second time that somebody
 * knows. Forcing them now and then would not help with that, and so there is no setting for it.
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
  private final FileChannel lock;
  private final List<Journal> journals = new ArrayList<>();
  private int run;

  /** Whether the logs of this run are those that count. */
  private boolean counts;

  /**
   * What tests have otherwise.
   *
   * @param segmentBytes how large files are
   * @param machine which machine this is, since which start of it; empty if that is not known
   * @param background what makes and deletes files
   */
  public record Disk(int segmentBytes, String machine, Executor background) {
    public static Disk ofThisMachine() {
      return new Disk(16 << 20, thisMachine(), Thread::startVirtualThread);
    }

    /** Linux says it; elsewhere the start of its first process does. */
    private static String thisMachine() {
      try {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
      } catch (IOException e) {
        return ProcessHandle.of(1)
            .flatMap(first -> first.info().startInstant())
            .map(Object::toString)
            .orElse("");
      }
    }
  }

  /** A log: of which run, of which loop. */
  private record Log(int run, int loop) {}

  /** What {@code current} says. */
  private record Current(int run, String machine, boolean forced, boolean closed) {
    private static final Pattern FORM =
        Pattern.compile(
            "earshot-history 1\nrun (\\d{1,9})\nmachine (.*)\nforced (true|false)\nclosed (true|false)\n");

    static @Nullable Current parse(String text) {
      Matcher form = FORM.matcher(text);
      return form.matches()
          ? new Current(
              Integer.parseInt(form.group(1)),
              form.group(2),
              Boolean.parseBoolean(form.group(3)),
              Boolean.parseBoolean(form.group(4)))
          : null;
    }

    String text() {
      return "earshot-history 1\nrun %d\nmachine %s\nforced %b\nclosed %b\n"
          .formatted(run, machine, forced, closed);
    }
  }

  private HistoryFolder(Path folder, boolean forces, Disk disk, FileChannel lock) {
    this.folder = folder;
    this.forces = forces;
    this.disk = disk;
    this.lock = lock;
  }

  /**
   * Takes the folder for this server alone; makes it if there is none.
   *
   * @throws IOException if it cannot be had; the message names the setting
   */
  public static HistoryFolder open(Config.Rooms settings, Disk disk) throws IOException {
    String name = settings.historyFolder();
    FileChannel lock = null;
    try {
      Path folder = Files.createDirectories(Path.of(name));
      lock =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (isTaken(lock)) {
        throw new IOException("another server uses it; each needs a folder of its own");
      }
      boolean forces = settings.historySync() == Config.HistorySync.ALWAYS;
      return new HistoryFolder(folder, forces, disk, lock);
    } catch (IOException | InvalidPathException e) {
      if (lock != null) {
        lock.close();
      }
      throw cannot(name, e);
    }
  }

  private static IOException cannot(String folder, Exception cause) {
    String why = cause.getMessage() == null ? "" : cause.getMessage();
    String kind =
        cause.getClass() == IOException.class ? "" : cause.getClass().getSimpleName() + " ";
    return new IOException(SETTING + folder + " cannot be used: " + kind + why, cause);
  }

  private static boolean isTaken(FileChannel channel) throws IOException {
    try {
      FileLock taken = channel.tryLock();
      return taken == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }

  /**
   * Gives the rooms that were remembered to their loops, and each loop its log.
   *
   * @param shelves all loops, in their order
   * @param shelfOf on which a room lives
   * @throws IOException if a file cannot be read or written; the message names the setting
   */
  public void recover(
      List<? extends RecoveryTarget> shelves,
      Function<String, ? extends RecoveryTarget> shelfOf,
      Function<String, RoomRule> rules,
      InstantSource clock)
      throws IOException {
    try {
      long began = clock.millis();
      Map<Log, SortedMap<Long, Path>> logs = logs();
      String said = said();
      Current current = Current.parse(said);
      if (current == null
          && said.startsWith("earshot-history ")
          && !said.startsWith("earshot-history 1\n")) {
        throw new IOException("it was written by another version");
      }
      run =
          1
              + Math.max(
                  logs.keySet().stream().mapToInt(Log::run).max().orElse(0),
                  current == null ? 0 : current.run);
      var found = new ArrayList<Remembered>();
      String without = current == null ? "" : recover(current, logs, rules, found);
      found.sort((a, b) -> Long.compare(a.at, b.at));
      int messages = 0;
      for (Remembered room : found) {
        messages += shelfOf.apply(room.name).recover(room);
      }
      for (RecoveryTarget target : shelves) {
        journals.add(journal(journals.size(), target::historyBytes));
        target.begin(journals.getLast());
      }
      say(new Current(run, disk.machine(), forces, false));
      counts = true;
      int files = logs.values().stream().mapToInt(Map::size).sum();
      deleteAll(logs);
      if (files > 0) {
        LOG.log(
            Level.INFO,
            "history: {0} rooms and {1} messages from {2} files in {3} ms{4}",
            found.size(),
            messages,
            files,
            clock.millis() - began,
            without);
      }
    } catch (IOException e) {
      throw cannot(folder.toString(), e);
    }
  }

  /** Reads the rooms of a run; returns what is to be said of what was left out. */
  private String recover(
      Current current,
      Map<Log, SortedMap<Long, Path>> logs,
      Function<String, RoomRule> rules,
      List<Remembered> found)
      throws IOException {
    boolean same = !disk.machine().isEmpty() && disk.machine().equals(current.machine);
    if (!same && !current.forced && !current.closed) {
      return "; the machine was restarted, and what it had not written is not known:"
          + " all rooms begin anew (rooms.historySync)";
    }
    var without = new StringBuilder();
    for (Map.Entry<Log, SortedMap<Long, Path>> log : logs.entrySet()) {
      if (log.getKey().run != current.run) {
        continue;
      }
      var recovery = new Recovery(rules, current.forced && !same);
      try {
        found.addAll(recovery.read(log.getValue()));
        if (recovery.isCut()) {
          without.append("; one that was not finished is cut off");
        }
      } catch (DamagedException e) {
        without.append("; without the rooms of loop ").append(log.getKey().loop);
        without.append(", which begin anew: ").append(e.getMessage());
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
          logs.computeIfAbsent(log, _ -> new TreeMap<>()).put(Long.parseLong(name.group(3)), file);
        }
      }
    }
    return logs;
  }

  private Journal journal(int loop, LongSupplier liveBytes) throws IOException {
    String prefix = "run" + run + "-loop" + loop + "-";
    return new Journal(number -> folder.resolve(prefix + number + ".log"), disk, forces, liveBytes);
  }

  private String said() throws IOException {
    try {
      return Files.readString(folder.resolve("current"), UTF_8);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /** Says in one step which run counts. */
  private void say(Current current) throws IOException {
    Path fresh = folder.resolve("current.new");
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      channel.write(UTF_8.encode(current.text()));
      channel.force(true);
    }
    Path known = folder.resolve("current");
    try {
      Files.move(fresh, known, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(fresh, known, StandardCopyOption.REPLACE_EXISTING);
    }
    forceNames(folder);
  }

  /** The names of new files are on the disk; where folders cannot be forced, they always are. */
  static void forceNames(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a folder that cannot be forced", e);
    }
  }

  private static void deleteAll(Map<Log, SortedMap<Long, Path>> logs) throws IOException {
    for (Path file :
        logs.values().stream()
            .flatMap(each -> each.values().stream())
            .collect(Collectors.toList())) {
      Files.deleteIfExists(file);
    }
  }

  /** Ends the logs, once no room tells anything any more, and gives the folder back. */
  @Override
  public void close() {
    try (lock) {
      boolean isWhole = counts && journals.stream().noneMatch(Journal::isBroken);
      journals.forEach(Journal::close);
      if (isWhole) {
        say(new Current(run, disk.machine(), forces, true));
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.ERROR, SETTING + folder + " could not be closed", e);
    }
  }
}
