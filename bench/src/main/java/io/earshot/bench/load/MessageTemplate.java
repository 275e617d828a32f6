package io.earshot.bench.load;

import java.nio.ByteBuffer;

/**
 * The bytes of a message that a client sends repeatedly. Only the digits of the marker change.
 *
 * <p>Owned by the generator's thread.
 */
final class MessageTemplate {
  private static final int[] UNMASKED = {0, 0, 0, 0};

  private final ByteBuffer bytes;
  private final int digitsAt;
  private final int[] mask;

  /**
   * @param bytes all bytes
   * @param markerAt the index of the marker, or -1
   * @param mask the XOR mask of the digits: digit i is masked with element i modulo 4
   */
  private MessageTemplate(byte[] bytes, int markerAt, int[] mask) {
    this.bytes = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    this.digitsAt = markerAt + 2;
    this.mask = mask;
  }

  /** Bytes that are sent as they are. */
  static MessageTemplate plain(byte[] bytes) {
    return new MessageTemplate(bytes, indexOfMarker(bytes), UNMASKED);
  }

  /** A frame header and a text, masked as WebSocket clients have to. */
  static MessageTemplate masked(byte[] head, byte[] text, byte[] key) {
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
    return new MessageTemplate(bytes, head.length + markerAt, mask);
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
