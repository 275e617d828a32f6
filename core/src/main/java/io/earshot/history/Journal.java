package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

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
import org.jspecify.annotations.Nullable;

/**
 * What the rooms of one event loop remember, as a log of records in files, so that a restart finds
 * it. {@link Recovery} reads it.
 *
 * <p>A room is in it from the moment when there is something to remember. Its first record holds
 * the room <em>whole</em>: its epoch, its offset, and all of its history. Each message from then on
 * is a record, with its content or, while the room remembers nothing, without: no offset that
 * anybody may know is given out a second time in the same epoch. A room that never had a history is
 * not in it, and begins a new epoch after a restart.
 *
 * <p>The log does not grow for ever: while it has too many segments, each message that is added
 * pays for moving one room that lies in the oldest, by writing it whole again. When none is left
 * there, that file is deleted. So there is no moment at which all is rewritten, and a crash finds
 * each room whole in some file that is still there.
 *
 * <p>If a file cannot be written, the log says so in its last record, for which there always is
 * room, and ends. The rooms are served from memory as before; after a restart they begin new
 * epochs, since it is not known then what was told after the end.
 *
 * <p>Owned by the room's event loop. The next segment is made and old ones are deleted elsewhere.
 */
public final class Journal implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Journal.class.getName());

  // The kinds of records.
  static final byte WHOLE = 1;
  static final byte TOLD = 2;
  static final byte PASSED = 3;
  static final byte DROPPED = 4;
  static final byte CONTINUED = 5;
  static final byte BROKEN = 6;

  /** So many segments a log may have before old ones are cleaned, whatever is remembered. */
  private static final int FEW = 4;

  private final Files files;
  private final int segmentBytes;
  private final boolean forces;
  private final Executor background;
  private final LongSupplier liveBytes;
  private final Deque<Segment> segments = new ArrayDeque<>();

  /** In which segment each room is whole, the longest ago first. */
  private final Map<RoomLog, Long> whole = new LinkedHashMap<>();

  private CompletableFuture<Segment> next;
  private int numbers;
  private boolean broken;

  /** Where segments are: the file of each number. */
  interface Files {
    Path segment(long number);
  }

  /**
   * Begins a log.
   *
   * @param files where
   * @param disk how
   * @param forces whether what was told is on the disk before anybody hears it
   * @param liveBytes how many bytes the rooms remember now
   */
  Journal(Files files, HistoryFolder.Disk disk, boolean forces, LongSupplier liveBytes)
      throws IOException {
    this.files = files;
    this.segmentBytes = disk.segmentBytes();
    this.background = disk.background();
    this.forces = forces;
    this.liveBytes = liveBytes;
    segments.add(create(0));
    next = prepare(1);
  }

  /** Adds the message that a room has told last. */
  public void told(RoomLog room, long now) {
    History history = room.history();
    if (broken || (room.number() == 0 && history == null)) {
      return;
    }
    try {
      if (room.number() == 0) {
        write(room);
      } else {
        write(room, history == null ? null : history.last(), now);
      }
      force();
      clean();
    } catch (IOException | RuntimeException | InternalError e) {
      breakOff(e); // an InternalError is what the JVM makes of a fault in mapped memory
    }
  }

  /** Adds rooms that were recovered. */
  public void recovered(Iterable<RoomLog> rooms) throws IOException {
    for (RoomLog room : rooms) {
      write(room);
    }
    force();
  }

  /** A room is forgotten. */
  public void dropped(RoomLog room) {
    if (broken || whole.remove(room) == null) {
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

  /** Writes all that a room remembers. */
  private void write(RoomLog room) throws IOException {
    int number = room.number() == 0 ? ++numbers : room.number();
    room.number(number);
    List<History.Entry> entries = room.history() == null ? List.of() : room.history().entries();
    int from = 0;
    for (int i = 0; i < entries.size(); i++) {
      if (!fits(entries.get(i))) {
        from = i + 1;
      }
    }
    entries = entries.subList(from, entries.size());
    byte[] name = room.name().getBytes(UTF_8);
    byte[] epoch = room.epoch().getBytes(UTF_8);
    long offset = room.offset() - entries.size();
    ByteBuffer body = body(1 + 4 * Integer.BYTES + Long.BYTES + name.length + epoch.length);
    whole.remove(room);
    whole.put(room, segments.getLast().number());
    body.put(WHOLE).putInt(number).putInt(entries.size()).putLong(offset);
    put(body, name);
    put(body, epoch);
    segments.getLast().commit();
    force(); // so that what is torn after it is seen to be a part of it
    for (History.Entry entry : entries) {
      write(number, ++offset, entry);
    }
  }

  private void write(RoomLog room, History.@Nullable Entry entry, long now) throws IOException {
    long offset = room.offset();
    if (entry != null && fits(entry)) {
      write(room.number(), offset, entry);
      return;
    }
    body(1 + Integer.BYTES + 2 * Long.BYTES)
        .put(PASSED)
        .putInt(room.number())
        .putLong(offset)
        .putLong(now);
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

  private void write(int number, long offset, History.Entry entry) throws IOException {
    byte[] speaker = bytes(entry.speaker());
    Audience audience = entry.audience();
    byte[] key = bytes(audience == null ? null : audience.key());
    byte[] value = bytes(audience == null ? null : audience.value());
    int length = 1 + 5 * Integer.BYTES + 2 * Long.BYTES + entry.json().length;
    ByteBuffer body = body(length + length(speaker) + length(key) + length(value));
    body.put(TOLD).putInt(number).putLong(offset).putLong(entry.at());
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

  /** Where to write the body of a record of at most so many bytes. */
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
    return Segment.create(files.segment(number), number, segmentBytes, forces);
  }

  private Segment next(long number) throws IOException {
    try {
      return next.join();
    } catch (CompletionException e) {
      return create(number); // that was a while ago; there may be space now
    }
  }

  private void force() {
    if (forces) {
      segments.getLast().force();
    }
  }

  /** Moves one room out of the oldest segment, or deletes it if none is left there. */
  private void clean() throws IOException {
    long needed = 3 * liveBytes.getAsLong() + 1_000L * whole.size();
    if (segments.size() <= FEW + needed / segmentBytes) {
      return;
    }
    Segment oldest = segments.getFirst();
    if (!whole.isEmpty()) {
      Map.Entry<RoomLog, Long> eldest = whole.entrySet().iterator().next();
      if (eldest.getValue() == oldest.number()) {
        write(eldest.getKey());
        force();
        return;
      }
    }
    segments.removeFirst();
    background.execute(oldest::delete);
  }

  private void breakOff(Throwable cause) {
    broken = true;
    LOG.log(
        Level.ERROR,
        "rooms.historyFolder: "
            + files.segment(segments.getLast().number())
            + " cannot be followed by another or written; rooms are remembered in memory only"
            + " from now on, and begin new epochs after a restart",
        cause);
    try {
      segments.getLast().last(BROKEN);
      segments.getLast().force();
    } catch (RuntimeException | InternalError e) {
      LOG.log(Level.ERROR, "rooms.historyFolder: nor can that be noted there", e);
    }
  }

  /** Whether it could not be written any more. */
  boolean isBroken() {
    return broken;
  }

  /** Ends the log, once no room tells anything any more. All of it is on the disk then. */
  @Override
  public void close() {
    next.thenAccept(Segment::delete).exceptionally(_ -> null).join();
    try {
      segments.forEach(Segment::force);
    } finally {
      segments.forEach(Segment::close);
      broken = true;
    }
  }
}
