package io.earshot.backend.webhook;

import io.earshot.backend.webhook.Batch.Event;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The events of a rule that the server has given up, oldest first: a bounded number, in a file or
 * in memory.
 *
 * <p>Thread-safe: a lock, held while the file is written.
 */
final class DeadLetters implements AutoCloseable {
  /** The most bytes of letters in a file. */
  private static final long MOST_IN_FILE = 256 << 20;

  /** The most bytes of letters in memory. */
  private static final long MOST_IN_MEMORY = 16 << 20;

  /** The most bytes of letters that are read at once. */
  private static final long MOST_OF_PAGE = 4 << 20;

  private final int most;
  private final long mostBytes;
  private final @Nullable LetterFile file;

  /** The letters by number. */
  private final TreeMap<Long, Slot> slots = new TreeMap<>();

  private final Map<String, Long> numbers = new HashMap<>();
  private long last;
  private long bytes;
  private long dropped;
  private boolean isClosed;

  /**
   * A letter.
   *
   * @param number a larger one than those of the letters before it
   * @param event the event
   * @param at when it became one, in milliseconds since 1970
   * @param why a sentence
   */
  record Letter(long number, Json.Obj event, long at, String why) {
    String id() {
      return String.valueOf(event.get("id") instanceof Json.Text(String id) ? id : null);
    }

    /** The event, to be sent. */
    Event toEvent() {
      long happened = event.get("at") instanceof Json.Num(String at) ? Long.parseLong(at) : 0;
      return new Event(id(), happened, event.encode());
    }
  }

  /** Where a letter is: in the file, or here. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Slot(String id, long position, int length, byte @Nullable [] held) {}

  /** Letters in memory. */
  DeadLetters(int most) {
    this(most, MOST_IN_MEMORY, null);
  }

  private DeadLetters(int most, long mostBytes, @Nullable LetterFile file) {
    this.most = most;
    this.mostBytes = mostBytes;
    this.file = file;
  }

  /**
   * Letters in a file, with those that it has.
   *
   * @param most the most letters that are kept
   * @throws IOException if the file cannot be used
   */
  static DeadLetters in(Path folder, String name, int most) throws IOException {
    LetterFile file = LetterFile.open(folder, name);
    var letters = new DeadLetters(most, MOST_IN_FILE, file);
    try {
      file.read(letters::recover);
      letters.trim();
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    return letters;
  }

  /** Takes a line of the file: a letter, or the id of one that is gone. */
  private void recover(long position, byte[] line) {
    try {
      if (Json.parseEncoded(line) instanceof Json.Obj fields) {
        if (fields.get("gone") instanceof Json.Text(String id)) {
          forget(id);
        } else if (fields.get("event") instanceof Json.Obj event
            && event.get("id") instanceof Json.Text(String id)) {
          forget(id);
          put(new Slot(id, position, line.length, null));
        }
      }
    } catch (MalformedJsonException e) {
      // A line that a crash of the machine has damaged; the others count.
    }
  }

  /**
   * Keeps events. The oldest letters make room for them.
   *
   * @param at the time of day, in milliseconds since 1970
   * @throws IOException if they cannot be kept
   */
  synchronized void add(List<Event> events, String why, long at) throws IOException {
    if (isClosed) {
      throw new IOException("the server stops");
    }
    for (Event event : events) {
      byte[] line = line(event, why, at);
      Slot slot;
      if (file == null) {
        slot = new Slot(event.id(), 0, line.length, line);
      } else {
        slot = new Slot(event.id(), file.append(line), line.length, null);
      }
      forget(event.id());
      put(slot);
    }
    trim();
    if (file != null) {
      file.force();
    }
  }

  private static byte[] line(Event event, String why, long at) {
    Map<String, Json> fields = new LinkedHashMap<>();
    fields.put("at", Json.of(at));
    fields.put("why", Json.of(why));
    try {
      fields.put("event", Json.parseEncoded(event.json()));
      return new Json.Obj(fields).encode();
    } catch (MalformedJsonException e) {
      throw new IllegalStateException("an event is JSON", e);
    }
  }

  private void put(Slot slot) {
    slots.put(++last, slot);
    numbers.put(slot.id(), last);
    bytes += slot.length();
  }

  private boolean forget(String id) {
    Long number = numbers.remove(id);
    Slot slot = number == null ? null : slots.remove(number);
    if (slot == null) {
      return false;
    }
    bytes -= slot.length();
    return true;
  }

  private void trim() throws IOException {
    while (slots.size() > most || (bytes > mostBytes && slots.size() > 1)) {
      drop(slots.firstEntry().getValue().id());
      dropped++;
    }
    compact();
  }

  private void drop(String id) throws IOException {
    if (forget(id) && file != null) {
      file.append(new Json.Obj(Map.of("gone", Json.of(id))).encode());
    }
  }

  /** Writes the file anew once most of it is gone. */
  private void compact() throws IOException {
    if (file != null && file.isSparse(bytes)) {
      var kept = new TreeMap<Long, Slot>();
      file.rewrite(
          writer -> {
            for (Map.Entry<Long, Slot> each : slots.entrySet()) {
              Slot slot = each.getValue();
              long position = writer.copy(slot.position(), slot.length());
              kept.put(each.getKey(), new Slot(slot.id(), position, slot.length(), null));
            }
          });
      slots.putAll(kept);
    }
  }

  /** How many there are. */
  synchronized int size() {
    return slots.size();
  }

  /** How many were dropped since the start, because there were too many. */
  synchronized long dropped() {
    return dropped;
  }

  /** The ids of all. */
  synchronized List<String> ids() {
    return slots.values().stream().map(Slot::id).toList();
  }

  /**
   * Some letters, oldest first.
   *
   * @param after the number of the letter before the first one; 0 for the first page
   * @param limit the most letters; there may be fewer, if they are long, and none only at the end
   * @throws IOException if the file cannot be read
   */
  synchronized List<Letter> page(long after, int limit) throws IOException {
    var page = new ArrayList<Letter>();
    long length = 0;
    for (Map.Entry<Long, Slot> each : slots.tailMap(after, false).entrySet()) {
      length += each.getValue().length();
      if (page.size() == limit || (length > MOST_OF_PAGE && !page.isEmpty())) {
        break;
      }
      page.add(read(each.getKey(), each.getValue()));
    }
    return page;
  }

  /** The letters of some ids, without those that are gone. */
  synchronized List<Letter> find(Collection<String> ids) throws IOException {
    var found = new ArrayList<Letter>();
    for (String id : ids) {
      Long number = numbers.get(id);
      Slot slot = number == null ? null : slots.get(number);
      if (number != null && slot != null) {
        found.add(read(number, slot));
      }
    }
    return found;
  }

  private Letter read(long number, Slot slot) throws IOException {
    byte[] line = slot.held();
    if (line == null && file != null) {
      line = file.read(slot.position(), slot.length());
    }
    try {
      if (line != null
          && Json.parseEncoded(line) instanceof Json.Obj fields
          && fields.get("event") instanceof Json.Obj event
          && fields.get("at") instanceof Json.Num(String at)
          && fields.get("why") instanceof Json.Text(String why)) {
        return new Letter(number, event, Long.parseLong(at), why);
      }
    } catch (MalformedJsonException e) {
      throw new IOException("the file of dead letters is damaged", e);
    }
    throw new IOException("the file of dead letters is damaged");
  }

  /**
   * Removes letters.
   *
   * @return how many of them there were
   * @throws IOException if the file cannot be written
   */
  synchronized int remove(Collection<String> ids) throws IOException {
    int before = slots.size();
    for (String id : ids) {
      drop(id);
    }
    compact();
    return before - slots.size();
  }

  @Override
  public synchronized void close() {
    isClosed = true;
    if (file != null) {
      file.close();
    }
  }
}
