package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.earshot.bench.work.Traffic;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * Finds the markers in the bytes that one client receives. A marker is {@code @@} and 16 digits,
 * the time in nanoseconds at which the message was due. Two reads may divide a marker anywhere.
 * Bytes that cannot hold another marker are skipped: the padding of the message, or the rest of a
 * WebSocket message, since that has at most one text.
 *
 * <p>Owned by the generator's thread.
 */
final class Markers {
  /** Bytes of one marker. */
  static final int LENGTH = Traffic.LEAST_SIZE;

  /**
   * For texts in WebSocket messages: skip all bytes after the marker until {@link #endOfMessage}.
   */
  static final int REST_OF_MESSAGE = Integer.MAX_VALUE;

  private static final int DIGITS = 16;
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;
  private static final long AT_SIGNS = '@' * ONES;

  private final DeliveryCounter deliveries;
  private final Room room;
  private final int afterMarker;

  /** How many of the next bytes to skip. */
  private int skip;

  /** How many bytes of a divided marker were read, and the number so far. */
  private int matched;

  private long number;

  /**
   * @param afterMarker how many bytes after a marker cannot hold another, or {@link
   *     #REST_OF_MESSAGE}
   */
  Markers(DeliveryCounter deliveries, Room room, int afterMarker) {
    this.deliveries = deliveries;
    this.room = room;
    this.afterMarker = afterMarker;
  }

  /** The marker for a time. */
  static byte[] marker(long stamp) {
    return String.format(Locale.ROOT, "@@%016d", stamp).getBytes(US_ASCII);
  }

  /** Scans some of the bytes of a buffer, which has to be little-endian. */
  void scan(ByteBuffer in, int from, int end) {
    int at = from;
    while (at < end) {
      if (skip > 0) {
        int skipped = Math.min(skip, end - at);
        skip -= skipped;
        at += skipped;
      } else if (matched > 0) {
        // Does not advance if the byte may begin another marker.
        at += step(in.get(at));
      } else {
        at = indexOfAtSign(in, at, end);
        if (end - at >= LENGTH && in.get(at + 1) == '@') {
          long high = digits(in.getLong(at + 2));
          long low = digits(in.getLong(at + 10));
          if (high >= 0 && low >= 0) {
            found(high * 100_000_000 + low);
            at += LENGTH;
            continue;
          }
        }
        if (at < end) {
          matched = 1;
          at++;
        }
      }
    }
  }

  private int step(byte next) {
    if (matched == 1) {
      matched = next == '@' ? 2 : 0;
      number = 0;
      return 1;
    }
    if (next >= '0' && next <= '9') {
      number = number * 10 + (next - '0');
      if (++matched == 2 + DIGITS) {
        matched = 0;
        found(number);
      }
      return 1;
    }
    if (next == '@' && matched == 2) {
      return 1;
    }
    matched = 0;
    return 0;
  }

  private void found(long stamp) {
    skip = afterMarker;
    deliveries.delivered(room, stamp);
  }

  /** A message has ended: the next bytes belong to another one. */
  void endOfMessage() {
    skip = 0;
    matched = 0;
  }

  /** The index of the first {@code @}, or the end. Compares eight bytes at a time. */
  private static int indexOfAtSign(ByteBuffer in, int from, int end) {
    int at = from;
    for (; at + Long.BYTES <= end; at += Long.BYTES) {
      long zeroWhereAtSign = in.getLong(at) ^ AT_SIGNS;
      long found = (zeroWhereAtSign - ONES) & ~zeroWhereAtSign & HIGH_BITS;
      if (found != 0) {
        return at + Long.numberOfTrailingZeros(found) / Byte.SIZE;
      }
    }
    while (at < end && in.get(at) != '@') {
      at++;
    }
    return at;
  }

  /** The number that eight ASCII digits spell, the first in the lowest byte; -1 if not digits. */
  private static long digits(long text) {
    long upper = 0xF0F0F0F0F0F0F0F0L;
    if ((text & upper) != 0x30 * ONES || ((text + 6 * ONES) & upper) != 0x30 * ONES) {
      return -1;
    }
    long pairs = (text - 0x30 * ONES) * 10 + ((text - 0x30 * ONES) >>> 8);
    long everyOther = 0x000000FF000000FFL;
    return ((pairs & everyOther) * (100 + (1_000_000L << 32))
            + ((pairs >>> 16) & everyOther) * (1 + (10_000L << 32)))
        >>> 32;
  }
}
