package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.disk.Disk;
import io.earshot.disk.Segment;
import io.earshot.protocol.Audience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The histories of the rooms of one event loop, as a log of records in files. {@link Recovery}
 * reads the log after a restart.
 *
 * <p>A room is in the log as soon as it has a history. Its first record is a <em>snapshot</em>: the
 * room's epoch, its offset, and its whole history. Each later message is one record, with the
 * message or, while the room remembers nothing, with the offset alone. So no offset is used a
 * second time in the same epoch. A room that never had a history is not in the log, and begins a
 * new epoch after a restart.
 *
 * <p>The log does not grow for ever. While it has too many segments, each appended message also
 * moves one room out of the oldest segment, by a new snapshot of that room. A segment that holds no
 * current snapshot is deleted. So the log is never rewritten as a whole, and after a crash some
 * file has a snapshot of each room.
 *
 * <p>If a file cannot be written, the log ends with a record that says so; space for that record is
 * reserved. The rooms continue from memory. After a restart they begin new epochs, since the log
 * does not know the messages after its end. When a file can be created again, a new log begins with
 * snapshots of all rooms.
 *
 * <p>Owned by the event loop of the rooms. Background tasks create the next segment and delete old
 * ones.
 */
public final class Journal implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Journal.class.getName());

  // The kinds of records.

  /**
   * A snapshot of an earlier version, which is only read: it does not tell which of the messages
   * that it lacks were said.
   */
  static final byte OLD_SNAPSHOT = 1;

  /** A message of a room. */
  static final byte MESSAGE = 2;

  /** The offset of a message that is not in the log. */
  static final byte OFFSET = 3;

  /** A room that no longer exists. */
  static final byte DROPPED = 4;

  /** The end of a segment; the log goes on in the next. */
  static final byte CONTINUED = 5;

  /** The end of a log that could not be written. */
  static final byte BROKEN = 6;

  /**
   * A snapshot of an earlier version, which is only read: its offset is the one before the messages
   * that follow, which lack none.
   */
  static final byte WHOLE_SNAPSHOT = 7;

  /** An announcement of a room; has the form of a message. */
  static final byte ANNOUNCEMENT = 8;

  /** The offset of an announcement that is not in the log. */
  static final byte ANNOUNCEMENT_OFFSET = 9;

  /**
   * A room's epoch and offset, the offset of the last message that was said and is not in the log,
   * and how many messages of its history follow.
   */
  static final byte SNAPSHOT = 10;

  /** A log with this many segments or fewer is not cleaned. */
  private static final int FEW = 4;

  private final Files files;
  private final int segmentBytes;
  private final boolean forces;
  private final Executor background;
  private final Disk.Space space;
  private final LongSupplier liveBytes;
  private final Deque<Segment> segments = new ArrayDeque<>();

  /** The number of the segment that has each room's snapshot, the oldest first. */
  private final Map<RoomLog, Long> snapshots = new LinkedHashMap<>();

  private final Beginning beforeResume;
  private CompletableFuture<Segment> next = noNext();
  private int numbers;

  /** The number of the next segment of a log that begins anew. */
  private long nextNumber;

  /** Whether the log has ended, or has not begun. Other threads read it. */
  private volatile boolean broken = true;

  private boolean isResuming;
  private boolean closed;

  /** What a log that begins anew needs first. Called on a background thread. */
  interface Beginning {
    void run() throws IOException;
  }

  /** The path of the segment of each number. */
  interface Files {
    Path segment(long number);
  }

  /**
   * A log without files; {@link #open} or {@link #resume} creates them.
   *
   * @param files the paths of the segments
   * @param disk the size of a segment, and what runs background tasks
   * @param forces whether to force each message to the disk before it is delivered
   * @param liveBytes how many bytes of messages the rooms remember now
   * @param beforeResume runs before the log begins anew
   */
  Journal(Files files, Disk disk, boolean forces, LongSupplier liveBytes, Beginning beforeResume) {
    this.files = files;
    this.segmentBytes = disk.segmentBytes();
    this.background = disk.background();
    this.forces = forces;
    this.liveBytes = liveBytes;
    this.space = disk.space();
    this.beforeResume = beforeResume;
  }

  private static CompletableFuture<Segment> noNext() {
    return CompletableFuture.failedFuture(new IOException("the log has not begun"));
  }

  /** Creates the first segment. */
  void open() throws IOException {
    segments.add(create(0));
    next = prepare(1);
    broken = false;
  }

  /** Appends the newest message of a room. */
  void append(RoomLog room, History.Entry entry) {
    History history = room.history();
    if (broken || (room.number() == 0 && history == null)) {
      return;
    }
    try {
      if (room.number() == 0) {
        writeSnapshot(room);
      } else {
        writeMessage(room, entry, history != null && history.hasNewest());
      }
      force();
      clean();
    } catch (IOException | RuntimeException | InternalError e) {
      breakOff(e); // the JVM throws InternalError for a fault in mapped memory
    }
  }

  /** Writes snapshots of the rooms that were recovered. */
  void begin(Iterable<RoomLog> rooms) throws IOException {
    if (broken) {
      return;
    }
    for (RoomLog room : rooms) {
      writeSnapshot(room);
    }
    force();
  }

  /** Removes a room. */
  void drop(RoomLog room) {
    if (broken || snapshots.remove(room) == null) {
      return;
    }
    try {
      body(1 + Integer.BYTES).put(DROPPED).putInt(room.number());
      segments.getLast().commit();
      force();
    } catch (IOException | RuntimeException | InternalError e) {
      breakOff(e);
    }
  }

  private void writeSnapshot(RoomLog room) throws IOException {
    int number = room.number() == 0 ? ++numbers : room.number();
    room.number(number);
    List<History.Entry> entries = room.history() == null ? List.of() : room.history().entries();
    int from = 0;
    for (int i = 0; i < entries.size(); i++) {
      if (!fits(entries.get(i))) {
        from = i + 1;
      }
    }
    long lost = room.lost();
    for (int i = 0; i < from; i++) {
      if (entries.get(i).isSaid()) {
        lost = entries.get(i).offset();
      }
    }
    entries = entries.subList(from, entries.size());
    byte[] name = room.name().getBytes(UTF_8);
    byte[] epoch = room.epoch().getBytes(UTF_8);
    ByteBuffer body = body(1 + 4 * Integer.BYTES + 2 * Long.BYTES + name.length + epoch.length);
    snapshots.remove(room);
    snapshots.put(room, segments.getLast().number());
    body.put(SNAPSHOT).putInt(number).putInt(entries.size()).putLong(room.offset()).putLong(lost);
    put(body, name);
    put(body, epoch);
    segments.getLast().commit();
    force(); // so that Recovery knows a torn message after it for a part of this snapshot
    for (History.Entry entry : entries) {
      write(number, entry);
    }
  }

  private void writeMessage(RoomLog room, History.Entry entry, boolean isRemembered)
      throws IOException {
    if (isRemembered && fits(entry)) {
      write(room.number(), entry);
      return;
    }
    body(1 + Integer.BYTES + 2 * Long.BYTES)
        .put(entry.isSaid() ? OFFSET : ANNOUNCEMENT_OFFSET)
        .putInt(room.number())
        .putLong(room.offset())
        .putLong(entry.at());
    segments.getLast().commit();
  }

  private boolean fits(History.Entry entry) {
    long names = entry.speaker() == null ? 0 : entry.speaker().length();
    if (entry.audience() != null) {
      String value = entry.audience().value();
      names += entry.audience().key().length() + (value == null ? 0 : value.length());
    }
    return entry.json().length + 3 * names + 64 <= Segment.longest(segmentBytes);
  }

  private void write(int number, History.Entry entry) throws IOException {
    byte[] speaker = bytes(entry.speaker());
    Audience audience = entry.audience();
    byte[] key = bytes(audience == null ? null : audience.key());
    byte[] value = bytes(audience == null ? null : audience.value());
    int length = 1 + 5 * Integer.BYTES + 2 * Long.BYTES + entry.json().length;
    ByteBuffer body = body(length + length(speaker) + length(key) + length(value));
    body.put(entry.isSaid() ? MESSAGE : ANNOUNCEMENT)
        .putInt(number)
        .putLong(entry.offset())
        .putLong(entry.at());
    put(body, speaker);
    put(body, key);
    put(body, value);
    put(body, entry.json());
    segments.getLast().commit();
  }

  private static byte @Nullable [] bytes(@Nullable String text) {
    return text == null ? null : text.getBytes(UTF_8);
  }

  private static int length(byte @Nullable [] bytes) {
    return bytes == null ? 0 : bytes.length;
  }

  private static void put(ByteBuffer body, byte @Nullable [] bytes) {
    body.putInt(bytes == null ? -1 : bytes.length);
    if (bytes != null) {
      body.put(bytes);
    }
  }

  // --- segments --------------------------------------------------------------------------------

  /** The buffer for the body of a record of at most this length; begins a segment if needed. */
  private ByteBuffer body(int length) throws IOException {
    Segment segment = segments.getLast();
    if (!segment.hasRoom(length)) {
      Segment fresh = next(segment.number() + 1);
      segment.last(CONTINUED);
      if (forces) {
        segment.force();
      }
      segments.add(fresh);
      next = prepare(fresh.number() + 1);
      segment = fresh;
    }
    return segment.body();
  }

  private CompletableFuture<Segment> prepare(long number) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return create(number);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        background);
  }

  private Segment create(long number) throws IOException {
    Path file = files.segment(number);
    space.check(file);
    return Segment.create(file, number, segmentBytes, forces);
  }

  private Segment next(long number) throws IOException {
    try {
      return next.join();
    } catch (CompletionException e) {
      return create(number); // the failure may be old; the disk may have space now
    }
  }

  private void force() {
    if (forces) {
      segments.getLast().force();
    }
  }

  /** Moves one room out of the oldest segment, or deletes that segment if no room is left. */
  private void clean() throws IOException {
    long needed = 3 * liveBytes.getAsLong() + 1_000L * snapshots.size();
    if (segments.size() <= FEW + needed / segmentBytes) {
      return;
    }
    Segment oldest = segments.getFirst();
    if (!snapshots.isEmpty()) {
      Map.Entry<RoomLog, Long> eldest = snapshots.entrySet().iterator().next();
      if (eldest.getValue() == oldest.number()) {
        writeSnapshot(eldest.getKey());
        force();
        return;
      }
    }
    segments.removeFirst();
    background.execute(oldest::delete);
  }

  /**
   * Begins the log anew, if it has ended and a file can be created.
   *
   * @param rooms the rooms of the loop, when the file is created
   * @param loop runs tasks on the loop
   */
  void resume(Supplier<List<RoomLog>> rooms, Executor loop) {
    if (!broken || isResuming || closed) {
      return;
    }
    isResuming = true;
    List<Segment> old = List.copyOf(segments);
    segments.clear();
    CompletableFuture<Segment> prepared = next;
    next = noNext();
    nextNumber += 3; // a gap, so that no file of the log that ended can be taken for one of this
    long number = nextNumber;
    background.execute(
        () -> {
          old.forEach(Segment::delete);
          prepared.thenAccept(Segment::delete).exceptionally(ignored -> null).join();
          Segment first;
          try {
            first = create(number);
            beforeResume.run();
          } catch (IOException | RuntimeException e) {
            LOG.log(Level.DEBUG, "history cannot be stored yet", e);
            first = null;
          }
          Segment created = first;
          loop.execute(() -> resumed(created, rooms.get()));
        });
  }

  private void resumed(@Nullable Segment first, List<RoomLog> rooms) {
    isResuming = false;
    if (first == null) {
      return;
    }
    if (closed) {
      first.delete();
      return;
    }
    segments.add(first);
    next = prepare(first.number() + 1);
    snapshots.clear();
    rooms.forEach(room -> room.number(0));
    broken = false;
    try {
      for (RoomLog room : rooms) {
        if (room.history() != null) {
          writeSnapshot(room);
        }
      }
      force();
      LOG.log(
          Level.INFO,
          "rooms.historyFolder: {0} can be written; history is stored again",
          files.segment(first.number()));
    } catch (IOException | RuntimeException | InternalError e) {
      breakOff(e);
    }
  }

  /** Deletes the files of a log that was not used, and forgets its rooms. */
  void discard() {
    broken = true;
    snapshots.keySet().forEach(room -> room.number(0));
    snapshots.clear();
    next.thenAccept(Segment::delete).exceptionally(ignored -> null).join();
    segments.forEach(Segment::delete);
    segments.clear();
  }

  private void breakOff(Throwable cause) {
    broken = true;
    nextNumber = segments.getLast().number();
    LOG.log(
        Level.ERROR,
        "rooms.historyFolder: "
            + files.segment(segments.getLast().number())
            + " cannot be written, or the next file cannot be created; from now on rooms keep"
            + " their history in memory only, and begin new epochs after a restart, until a file can"
            + " be created again",
        cause);
    try {
      segments.getLast().last(BROKEN);
      segments.getLast().force();
    } catch (RuntimeException | InternalError e) {
      LOG.log(Level.ERROR, "rooms.historyFolder: the end of the log cannot be written either", e);
    }
  }

  /** Whether a write failed, so that the log has ended. */
  boolean isBroken() {
    return broken;
  }

  /** Forces the log to the disk and closes it. Called when no loop runs any more. */
  @Override
  public void close() {
    closed = true;
    next.thenAccept(Segment::delete).exceptionally(ignored -> null).join();
    try {
      segments.forEach(Segment::force);
    } finally {
      segments.forEach(Segment::close);
      broken = true;
    }
  }
}
