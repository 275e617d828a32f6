package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Audience;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads what one {@link Journal} has written, and finds the rooms as they were after its last
 * record.
 *
 * <p>The log ends where no length follows. A record that is there but wrong is another thing: a
 * killed process leaves none. A machine that went down while it forced one leaves one, at the end,
 * and nobody has heard it; it is cut off. Anywhere else the file is damaged, and nobody knows what
 * it held: the rooms of that log are not recovered, since they might give out offsets a second time
 * that somebody knows.
 *
 * <p>Owned by the thread that starts the server.
 */
public final class Recovery {
  private final Function<String, RoomRule> rules;
  private final boolean mayBeTorn;
  private final Map<Integer, Remembered> rooms = new HashMap<>();
  private final CRC32C crc = new CRC32C();

  /** A room that is read whole, of which not all is read yet, and how many messages are missing. */
  private @Nullable Remembered partial;

  private int missing;
  private int partialNumber;
  private boolean isCut;

  /** A room as the log has it. */
  public static final class Remembered {
    public final String name;
    public final String epoch;
    final Deque<History.Entry> entries = new ArrayDeque<>(2);
    private final RoomRule rule;
    private long bytes;
    long offset;

    /** When it told its last message, as far as is known. */
    long at;

    Remembered(String name, String epoch, long offset, RoomRule rule) {
      this.name = name;
      this.epoch = epoch;
      this.offset = offset;
      this.rule = rule;
    }

    private void add(long number, History.Entry entry) throws DamagedException {
      if (number != offset + 1) {
        throw new DamagedException("an offset is missing");
      }
      offset = number;
      at = entry.at();
      entries.add(entry);
      bytes += entry.json().length;
      while (entries.size() > rule.historyMessages() || bytes > rule.historyBytes()) {
        bytes -= entries.remove().json().length;
      }
    }

    private void pass(long number, long now) throws DamagedException {
      if (number != offset + 1) {
        throw new DamagedException("an offset is missing");
      }
      offset = number;
      at = now;
      entries.clear();
      bytes = 0;
    }
  }

  /** A log whose rooms cannot be known; the message says why. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1;

    DamagedException(String why) {
      super(why);
    }
  }

  /**
   * Prepares to read a log.
   *
   * @param rules how much rooms remember now
   * @param mayBeTorn whether a wrong last record may be one that nobody has heard
   */
  Recovery(Function<String, RoomRule> rules, boolean mayBeTorn) {
    this.rules = rules;
    this.mayBeTorn = mayBeTorn;
  }

  /** Whether there was a wrong last record. */
  boolean isCut() {
    return isCut;
  }

  /**
   * Reads a log.
   *
   * @param segments its files by number
   * @throws DamagedException if its rooms cannot be known
   */
  List<Remembered> read(SortedMap<Long, Path> segments) throws IOException, DamagedException {
    // What is before a gap is what was about to be deleted.
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

  /** Reads a file; whether the log goes on in the next. */
  private boolean read(Path file) throws IOException, DamagedException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      if (channel.size() < Segment.START || channel.size() > Integer.MAX_VALUE) {
        throw new DamagedException(file + " has another length than it was made with");
      }
      ByteBuffer bytes =
          channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena).asByteBuffer();
      if (bytes.getLong(0) != Segment.MAGIC) {
        throw new DamagedException(file + " does not begin as it should");
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
      throw new DamagedException(file + " has no end");
    }
  }

  /** Whether nothing comes after a record of this length. */
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
      case Journal.WHOLE -> {
        int number = body.getInt();
        missing = body.getInt();
        long offset = body.getLong();
        String name = text(body);
        String epoch = text(body);
        partial = new Remembered(name, epoch, offset, rules.apply(name));
        partialNumber = number;
        finish();
      }
      case Journal.TOLD -> {
        int number = body.getInt();
        long offset = body.getLong();
        long at = body.getLong();
        String speaker = textOrNull(body);
        String key = textOrNull(body);
        String value = textOrNull(body);
        Audience audience = key == null ? null : new Audience(key, value);
        byte[] json = new byte[body.getInt()];
        body.get(json);
        var entry = new History.Entry(json, at, speaker, audience);
        if (partial != null && partialNumber == number) {
          partial.add(offset, entry);
          missing--;
          finish();
        } else {
          Remembered room = rooms.get(number);
          if (room != null) {
            room.add(offset, entry);
          }
        }
      }
      case Journal.PASSED -> {
        int number = body.getInt();
        long offset = body.getLong();
        long at = body.getLong();
        Remembered room = rooms.get(number);
        if (room != null) {
          room.pass(offset, at);
        }
      }
      case Journal.DROPPED -> rooms.remove(body.getInt());
      case Journal.BROKEN ->
          throw new DamagedException("it could not be written to its end, as was logged then");
      default -> throw new DamagedException("there is a record of a later version");
    }
  }

  private void finish() {
    if (partial != null && missing == 0) {
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
