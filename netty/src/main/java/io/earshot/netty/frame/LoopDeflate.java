package io.earshot.netty.frame;

import io.earshot.spi.Intake;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.function.IntSupplier;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Compresses and decompresses the WebSocket messages of one event loop (RFC 7692). A connection has
 * no state of its own here. The JDK frees the memory, about 400 KB, when the loop is collected;
 * none is taken before the first compressed message.
 *
 * <p>Owned by that event loop.
 */
public final class LoopDeflate {

  /**
   * How much is compressed in a second, in bytes. More is sent as it is: a client that asks for
   * long answers again and again must not keep the loop busy. It is about a fifth of the loop's
   * time.
   */
  static final int BYTES_PER_SECOND = 16 << 20;

  /** The level with the best ratio for its time; see docs/performance.md. */
  private static final int LEVEL = 6;

  /**
   * The pieces that have no references between them, for a client with a small window: as long as
   * the smallest window.
   */
  private static final int PIECE = 256;

  /** What ends the output of a flush, and is left out of a message. */
  private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

  /**
   * What is read after a client's message: the tail that it left out, and an empty final block,
   * which shows that the message was not cut off.
   */
  private static final byte[] END = {
    0, 0, (byte) 0xFF, (byte) 0xFF, 1, 0, 0, (byte) 0xFF, (byte) 0xFF
  };

  private static final int SCRATCH = 64 * 1024;

  private final int minLength;
  private final IntSupplier seconds;
  private final Wire batches = new DeflateWire(this, false, false);
  private final Wire alone = new DeflateWire(this, true, false);
  private final Wire small = new DeflateWire(this, true, true);

  private @Nullable Deflater deflater;
  private @Nullable Inflater inflater;
  private byte[] scratch = {};
  private int second;
  private int compressed;

  /** How often a message was compressed, for tests. */
  private long count;

  /**
   * The compressor of a loop.
   *
   * @param minLength the shortest message that is compressed, in bytes
   * @param seconds a clock of the loop, in seconds
   */
  public LoopDeflate(int minLength, IntSupplier seconds) {
    this.minLength = minLength;
    this.seconds = seconds;
  }

  /** The wire of the clients that agreed to these terms. */
  public Wire wire(DeflateTerms terms) {
    return terms.isSmall() ? small : terms.areAlone() ? alone : batches;
  }

  /** The decoder of a connection whose client may compress its messages. */
  public FrameDecoder decoder(Intake intake, int maxLength) {
    return new InflatingDecoder(intake, maxLength, this);
  }

  int minLength() {
    return minLength;
  }

  long count() {
    return count;
  }

  // --- out -------------------------------------------------------------------------------------

  /**
   * Compresses a message.
   *
   * @param text the message, of at least one byte
   * @param isNext whether the message may refer to those compressed before
   * @param isSmall whether the client has a small window
   * @return the length of the result, which {@link #result} has until the next call; -1 if the
   *     message is to be sent as it is
   */
  int deflate(ByteBuffer text, boolean isNext, boolean isSmall) {
    int length = text.remaining();
    if (!mayCompress(length)) {
      return -1;
    }
    Deflater out = deflater();
    if (!isNext) {
      out.reset();
    }
    count++;
    // A result that is not shorter than the message is of no use.
    int most = length + TAIL.length;
    byte[] result = scratch(most);
    int size = 0;
    int end = text.limit();
    int at = text.position();
    while (at < end && size < most) {
      int next = isSmall ? Math.min(end, at + PIECE) : end;
      out.setInput(text.limit(next).position(at));
      int flush = next == end ? Deflater.SYNC_FLUSH : Deflater.FULL_FLUSH;
      size += out.deflate(result, size, most - size, flush);
      at = next;
    }
    if (size == most) {
      out.reset();
      return -1;
    }
    return size - TAIL.length;
  }

  private boolean mayCompress(int length) {
    int now = seconds.getAsInt();
    if (now != second) {
      second = now;
      compressed = 0;
    }
    if (length > BYTES_PER_SECOND - compressed) {
      return false;
    }
    compressed += length;
    return true;
  }

  /** The result of {@link #deflate} or {@link #inflate}, from its first byte on. */
  byte[] result() {
    return scratch;
  }

  // --- in --------------------------------------------------------------------------------------

  /**
   * Decompresses a message. A message that is too long takes time, but no memory.
   *
   * @param limit the length of the longest text, in bytes
   * @return the length of the text, which {@link #result} has until the next call; -1 if the text
   *     is longer than the limit
   * @throws DataFormatException if the message is not the output of a compressor
   */
  int inflate(ByteBuf in, int at, int size, int limit) throws DataFormatException {
    int length = inflate(in, at, size, limit, scratch(1));
    return length <= scratch.length ? length : inflate(in, at, size, limit, scratch(length));
  }

  /** Decompresses into an array, whose end is followed by its start. */
  private int inflate(ByteBuf in, int at, int size, int limit, byte[] to)
      throws DataFormatException {
    Inflater from = inflater();
    from.reset();
    from.setInput(in.nioBuffer(at, size));
    boolean isInEnd = false;
    int total = 0;
    while (total <= limit) {
      int place = total % to.length;
      int more = from.inflate(to, place, to.length - place);
      total += more;
      if (from.finished()) {
        checkRest(from.getRemaining(), in.getByte(at + size - 1), isInEnd);
        return total <= limit ? total : -1;
      }
      if (more == 0) {
        if (isInEnd || !from.needsInput()) {
          throw new DataFormatException("the message is cut off");
        }
        isInEnd = true;
        from.setInput(END);
      }
    }
    return -1;
  }

  /** A client may end its message with a final block, and then at most begins an empty one. */
  private static void checkRest(int bytes, byte last, boolean isInEnd) throws DataFormatException {
    if (bytes > (isInEnd ? 0 : 1) || (bytes == 1 && last != 0)) {
      throw new DataFormatException("bytes follow the end of the message");
    }
  }

  // --- memory ----------------------------------------------------------------------------------

  private byte[] scratch(int length) {
    if (length > scratch.length || scratch.length > SCRATCH) {
      scratch = new byte[Math.max(SCRATCH, length)];
    }
    return scratch;
  }

  private Deflater deflater() {
    if (deflater == null) {
      deflater = new Deflater(LEVEL, true);
    }
    return deflater;
  }

  private Inflater inflater() {
    if (inflater == null) {
      inflater = new Inflater(true);
    }
    return inflater;
  }
}
