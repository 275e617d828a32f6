package io.earshot.bench;

import java.nio.ByteBuffer;

/**
 * Bytes that a client sends, ready but for the digits of the marker in them, if there is one. A
 * client says the same again and again, with another time.
 *
 * <p>Owned by the generator's thread.
 */
final class Utterance {
  private static final int[] UNMASKED = {0, 0, 0, 0};

  private final ByteBuffer bytes;
  private final int digitsAt;
  private final int[] mask;

  /**
   * @param bytes all of it
   * @param markerAt where the marker is, or -1
   * @param mask what the four bytes beginning at a multiple of four behind the marker's first digit
   *     are combined with
   */
  private Utterance(byte[] bytes, int markerAt, int[] mask) {
    this.bytes = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    this.digitsAt = markerAt + 2;
    this.mask = mask;
  }

  /** Bytes that are sent as they are. */
  static Utterance plain(byte[] bytes) {
    return new Utterance(bytes, indexOfMarker(bytes), UNMASKED);
  }

  /** A head, and a text after it that is masked as WebSocket clients do. */
  static Utterance masked(byte[] head, byte[] text, byte[] key) {
    byte[] bytes = new byte[head.length + text.length];
    System.arraycopy(head, 0, bytes, 0, head.length);
    for (int i = 0; i < text.length; i++) {
      bytes[head.length + i] = (byte) (text[i] ^ key[i & 3]);
    }
    int markerAt = indexOfMarker(text);
    int[] mask = new int[4];
    for (int i = 0; i < 4; i++) {
      mask[i] = key[(markerAt + 2 + i) & 3];
    }
    return new Utterance(bytes, head.length + markerAt, mask);
  }

  ByteBuffer bytes() {
    return bytes.rewind();
  }

  ByteBuffer stamped(long stamp) {
    long rest = stamp;
    for (int i = Markers.LENGTH - 3; i >= 0; i--) {
      bytes.put(digitsAt + i, (byte) (('0' + rest % 10) ^ mask[i & 3]));
      rest /= 10;
    }
    return bytes.rewind();
  }

  private static int indexOfMarker(byte[] bytes) {
    for (int i = 0; i + Markers.LENGTH <= bytes.length; i++) {
      if (bytes[i] == '@' && bytes[i + 1] == '@' && bytes[i + 2] >= '0' && bytes[i + 2] <= '9') {
        return i;
      }
    }
    return -1;
  }
}
