package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.config.RoomRule;
import io.earshot.disk.MappedFile;
import io.earshot.disk.Segment;
import io.earshot.protocol.Audience;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log that one {@link Journal} wrote, and returns the rooms as they were after its last
 * record.
 *
 * <p>The log ends where the next length is 0. A killed process leaves no wrong record. A machine
 * that failed while it forced a record may leave one at the end; no client has received that
 * message, so the record is cut off. A wrong record anywhere else means that the file is damaged.
 * The rooms of that log are not recovered, since they might use offsets a second time that clients
 * know.
 *
 * <p>Owned by the thread that starts the server.
 */
public final class Recovery {
  private final Function<String, RoomRule> rules;
  private final boolean mayBeTorn;
  private final Map<Integer, Remembered> rooms = new HashMap<>();
  private final CRC32C crc = new CRC32C();

  /** The room whose snapshot is being read; null between snapshots. */
  private @Nullable Remembered partial;

  /** How many messages of that snapshot are still to come. */
  private int missing;

  private int partialNumber;

  /** The offset of the room in that snapshot. */
  private long partialEnd;

  private boolean isCut;

  /** A room of the log. */
  public static final class Remembered {
    public final String name;
    public final String epoch;
    final History history;
    long offset;

    /** When the room's last message was published, in milliseconds; 0 if the log does not say. */
    long at;

    Remembered(String name, String epoch, long offset, long lost, RoomRule rule) {
      this.name = name;
      this.epoch = epoch;
      this.offset = offset;
      this.history = new History(rule, lost);
    }

    /** Adds a message of a snapshot, which may lack announcements. */
    private void addOfSnapshot(History.Entry entry) throws DamagedException {
      if (entry.offset() <= offset) {
        throw new DamagedException("the messages of a snapshot are not in their order");
      }
      offset = entry.offset();
      at = entry.at();
      history.add(entry);
    }

    private void add(History.Entry entry) throws DamagedException {
      if (entry.offset() != offset + 1) {
        throw new DamagedException("an offset is missing");
      }
      addOfSnapshot(entry);
    }

    private void skip(long number, boolean isSaid, long now) throws DamagedException {
      if (number != offset + 1) {
        throw new DamagedException("an offset is missing");
      }
      history.skip(number, isSaid);
      offset = number;
      at = now;
    }
  }

  /** The rooms of a log cannot be recovered; the message says why. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1;

    DamagedException(String why) {
      super(why);
    }
  }

  /**
   * A reader for one log.
   *
   * @param rules the rule of each room, by name, which bounds its history
   * @param mayBeTorn whether a wrong last record is cut off, rather than taken for damage
   */
  Recovery(Function<String, RoomRule> rules, boolean mayBeTorn) {
    this.rules = rules;
    this.mayBeTorn = mayBeTorn;
  }

  /** Whether a wrong last record was cut off. */
  boolean isCut() {
    return isCut;
  }

  /**
   * Reads a log.
   *
   * @param segments the files of the log, by number
   * @throws DamagedException if the rooms cannot be recovered
   */
  List<Remembered> read(SortedMap<Long, Path> segments) throws IOException, DamagedException {
    // Files before a gap were about to be deleted.
    var connected = new ArrayDeque<Path>();
    long number = segments.isEmpty() ? 0 : segments.lastKey();
    for (Path file = segments.get(number); file != null; file = segments.get(--number)) {
      connected.addFirst(file);
    }
    boolean goesOn = true;
    for (Path file : connected) {
      if (!goesOn) {
        break;
      }
      goesOn = read(file);
    }
    if (goesOn) {
      throw new DamagedException("a file is missing");
    }
    return new ArrayList<>(rooms.values());
  }

  /** Reads a file, and returns whether the log goes on in the next. */
  private boolean read(Path file) throws IOException, DamagedException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() < Segment.START || channel.size() > Integer.MAX_VALUE) {
        throw new DamagedException(file + " has a wrong length");
      }
      try (var mapped = MappedFile.of(channel, FileChannel.MapMode.READ_ONLY, channel.size())) {
        return read(file, mapped.bytes());
      }
    }
  }

  private boolean read(Path file, ByteBuffer bytes) throws DamagedException {
    if (bytes.getLong(0) != Segment.MAGIC) {
      throw new DamagedException(file + " does not begin with the magic number of a history file");
    }
    int at = Segment.START;
    while (at + Segment.HEAD <= bytes.capacity()) {
      int length = bytes.getInt(at) ^ Segment.IS_THERE;
      if (length == Segment.IS_THERE) {
        return false;
      }
      if (length <= 0
          || length > bytes.capacity() - at - Segment.HEAD
          || bytes.getInt(at + Integer.BYTES)
              != Segment.checksum(crc, bytes, at + Segment.HEAD, length)) {
        if (!mayBeTorn || (partial == null && !isLast(bytes, at, length))) {
          throw new DamagedException(file + " has a wrong record at " + at);
        }
        isCut = true;
        return false;
      }
      bytes.limit(at + Segment.HEAD + length).position(at + Segment.HEAD);
      try {
        byte kind = bytes.get();
        if (kind == Journal.CONTINUED) {
          return true;
        }
        apply(kind, bytes);
      } catch (BufferUnderflowException | NegativeArraySizeException e) {
        throw new DamagedException(file + " has an unknown record at " + at);
      }
      bytes.limit(bytes.capacity());
      at = Segment.next(at, length);
    }
    throw new DamagedException(file + " has no record that ends it");
  }

  /** Whether only zeros follow a record of this length. */
  private static boolean isLast(ByteBuffer bytes, int at, int length) {
    if (length <= 0 || length > bytes.capacity() - at - Segment.HEAD) {
      return false;
    }
    for (int rest = Segment.next(at, length); rest < bytes.capacity(); rest++) {
      if (bytes.get(rest) != 0) {
        return false;
      }
    }
    return true;
  }

  private void apply(byte kind, ByteBuffer body) throws DamagedException {
    switch (kind) {
      case Journal.SNAPSHOT, Journal.WHOLE_SNAPSHOT, Journal.OLD_SNAPSHOT -> {
        int number = body.getInt();
        missing = body.getInt();
        long offset = body.getLong();
        long lost = kind == Journal.OLD_SNAPSHOT ? offset : body.getLong();
        String name = text(body);
        String epoch = text(body);
        boolean isWhole = kind != Journal.SNAPSHOT; // then the messages come right after the offset
        partial = new Remembered(name, epoch, isWhole ? offset : 0, lost, rules.apply(name));
        partialEnd = isWhole ? offset + missing : offset;
        partialNumber = number;
        finish();
      }
      case Journal.MESSAGE, Journal.ANNOUNCEMENT -> {
        int number = body.getInt();
        long offset = body.getLong();
        long at = body.getLong();
        String speaker = textOrNull(body);
        String key = textOrNull(body);
        String value = textOrNull(body);
        Audience audience = key == null ? null : new Audience(key, value);
        byte[] json = new byte[body.getInt()];
        body.get(json);
        boolean isSaid = kind == Journal.MESSAGE;
        var entry = new History.Entry(offset, json, at, 0, speaker, audience, isSaid);
        if (partial != null && partialNumber == number) {
          partial.addOfSnapshot(entry);
          missing--;
          finish();
        } else {
          Remembered room = rooms.get(number);
          if (room != null) {
            room.add(entry);
          }
        }
      }
      case Journal.OFFSET, Journal.ANNOUNCEMENT_OFFSET -> {
        int number = body.getInt();
        long offset = body.getLong();
        long at = body.getLong();
        Remembered room = rooms.get(number);
        if (room != null) {
          room.skip(offset, kind == Journal.OFFSET, at);
        }
      }
      case Journal.DROPPED -> rooms.remove(body.getInt());
      case Journal.BROKEN ->
          throw new DamagedException("the previous run could not write it to its end");
      default -> throw new DamagedException("it has a record of a later version");
    }
  }

  private void finish() {
    if (partial != null && missing == 0) {
      partial.offset = partialEnd;
      rooms.put(partialNumber, partial);
      partial = null;
    }
  }

  private static String text(ByteBuffer body) {
    String text = textOrNull(body);
    return text == null ? "" : text;
  }

  private static @Nullable String textOrNull(ByteBuffer body) {
    int length = body.getInt();
    if (length < 0) {
      return null;
    }
    byte[] text = new byte[length];
    body.get(text);
    return new String(text, UTF_8);
  }
}
