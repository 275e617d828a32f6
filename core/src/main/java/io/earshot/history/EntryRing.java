package io.earshot.history;

import io.earshot.protocol.Audience;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Messages of a room, the oldest first, in a few arrays that are used again. If each message were
 * an object, all of them would outlive the young generation, and the collector, which copies them
 * twice, would take a tenth of the time of a server with many busy rooms.
 *
 * <p>Owned by its {@link History}.
 */
final class EntryRing {
  /** The longs of an entry: offset, at, since. */
  private static final int LONGS = 3;

  /** The ints of an entry: where it begins, and how many bytes it has. */
  private static final int INTS = 2;

  /** With how many of the last speakers an id is compared, so that one text stands for all. */
  private static final int LAST_SPEAKERS = 4;

  /** Shorter arrays of bytes do not shrink. */
  private static final int SMALL = 1024;

  /** Arrays of fewer entries do not shrink. */
  private static final int FEW = 64;

  private final boolean isSaid;

  /** The messages one after the other; the last may go on at the beginning. */
  private byte[] bytes = {};

  /** How many bytes all messages have. */
  private int length;

  private long[] times = {};
  private int[] places = {};
  private @Nullable String[] speakers = {};

  /** Null until a message has an audience. */
  private @Nullable Audience @Nullable [] audiences;

  /** The slot of the oldest message in the arrays of entries. */
  private int first;

  private int size;

  /**
   * No messages.
   *
   * @param isSaid whether somebody said the messages; see {@link History.Entry}
   */
  EntryRing(boolean isSaid) {
    this.isSaid = isSaid;
  }

  int size() {
    return size;
  }

  /** How many bytes the messages have together. */
  int length() {
    return length;
  }

  /** How many bytes of messages fit without another array. */
  int capacity() {
    return bytes.length;
  }

  /** Adds the newest message; its bytes are copied. */
  void add(History.Entry entry) {
    byte[] json = entry.json();
    if (size == speakers.length) {
      resizeEntries(size + size / 2 + 1);
    }
    if (json.length > bytes.length - length) {
      resizeBytes(Math.max(length + json.length, bytes.length + bytes.length / 2));
    }
    int start = size == 0 ? 0 : wrapped(start(0) + length, bytes.length);
    int upToEnd = Math.min(json.length, bytes.length - start);
    System.arraycopy(json, 0, bytes, start, upToEnd);
    System.arraycopy(json, upToEnd, bytes, 0, json.length - upToEnd);
    length += json.length;
    int slot = slot(size);
    places[slot * INTS] = start;
    places[slot * INTS + 1] = json.length;
    times[slot * LONGS] = entry.offset();
    times[slot * LONGS + 1] = entry.at();
    times[slot * LONGS + 2] = entry.since();
    speakers[slot] = known(entry.speaker());
    if (entry.audience() != null && audiences == null) {
      audiences = new Audience[speakers.length];
    }
    if (audiences != null) {
      audiences[slot] = entry.audience();
    }
    size++;
  }

  /** The text of an earlier message if it has the same speaker. */
  private @Nullable String known(@Nullable String speaker) {
    for (int i = size - 1; speaker != null && i >= Math.max(0, size - LAST_SPEAKERS); i--) {
      String other = speakers[slot(i)];
      if (speaker.equals(other)) {
        return other;
      }
    }
    return speaker;
  }

  /** Removes the oldest message, and returns how many bytes it had. */
  int removeFirst() {
    if (size == 0) {
      throw new NoSuchElementException("no message is remembered");
    }
    int removed = places[first * INTS + 1];
    length -= removed;
    speakers[first] = null;
    if (audiences != null) {
      audiences[first] = null;
    }
    first = wrapped(first + 1, speakers.length);
    size--;
    if (speakers.length > FEW && size < speakers.length / 4) {
      resizeEntries(speakers.length / 2);
    }
    if (bytes.length > SMALL && length < bytes.length / 2) {
      resizeBytes(Math.max(SMALL, length + length / 2));
    }
    return removed;
  }

  /** The offset of a message; the oldest has the index 0. */
  long offset(int index) {
    return times[slot(index) * LONGS];
  }

  /** When a message was published, by the clock of durations. */
  long since(int index) {
    return times[slot(index) * LONGS + 2];
  }

  /** A copy of a message. */
  History.Entry get(int index) {
    int slot = slot(index);
    int at = slot * LONGS;
    byte[] json = new byte[places[slot * INTS + 1]];
    copy(start(index), json, 0, json.length);
    return new History.Entry(
        times[at],
        json,
        times[at + 1],
        times[at + 2],
        speakers[slot],
        audiences == null ? null : audiences[slot],
        isSaid);
  }

  /** The index of the first message after an offset; the number of messages if there is none. */
  int after(long offset) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (offset(middle) > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private int slot(int index) {
    return wrapped(first + index, speakers.length);
  }

  private int start(int index) {
    return places[slot(index) * INTS];
  }

  private static int wrapped(int index, int capacity) {
    return index >= capacity ? index - capacity : index;
  }

  private void copy(int start, byte[] target, int at, int count) {
    int upToEnd = Math.min(count, bytes.length - start);
    System.arraycopy(bytes, start, target, at, upToEnd);
    System.arraycopy(bytes, 0, target, at + upToEnd, count - upToEnd);
  }

  private void resizeBytes(int capacity) {
    var other = new byte[capacity];
    if (size > 0) {
      copy(start(0), other, 0, length);
    }
    bytes = other;
    int start = 0;
    for (int i = 0; i < size; i++) {
      int place = slot(i) * INTS;
      places[place] = start;
      start += places[place + 1];
    }
  }

  private void resizeEntries(int capacity) {
    var otherTimes = new long[capacity * LONGS];
    var otherPlaces = new int[capacity * INTS];
    @Nullable String[] otherSpeakers = new String[capacity];
    @Nullable Audience @Nullable [] otherAudiences =
        audiences == null ? null : new Audience[capacity];
    for (int i = 0; i < size; i++) {
      int slot = slot(i);
      System.arraycopy(times, slot * LONGS, otherTimes, i * LONGS, LONGS);
      System.arraycopy(places, slot * INTS, otherPlaces, i * INTS, INTS);
      otherSpeakers[i] = speakers[slot];
      if (otherAudiences != null && audiences != null) {
        otherAudiences[i] = audiences[slot];
      }
    }
    times = otherTimes;
    places = otherPlaces;
    speakers = otherSpeakers;
    audiences = otherAudiences;
    first = 0;
  }
}
