package io.earshot.netty.frame;

import io.earshot.netty.frame.Framing.Opcode;
import io.earshot.protocol.Cursor;
import io.earshot.spi.Ending;
import io.earshot.spi.Packing;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * WebSocket text frames, of which those above a length are compressed (RFC 7692). A batch is framed
 * without compression, and compressed once when it is sent. Its messages may refer to each other,
 * as all its recipients receive them one after the other.
 *
 * <p>Immutable; called on the event loop of its compressor only.
 */
final class DeflateWire implements Wire {

  /** The bit of a frame's first byte that says that the message is compressed. */
  static final int COMPRESSED = 0x40;

  private static final int FIRST_CAPACITY = 512;

  private final LoopDeflate loop;
  private final boolean areAlone;
  private final boolean isSmall;

  /**
   * A wire.
   *
   * @param areAlone whether no message of a batch may refer to another
   * @param isSmall whether the clients have a small window
   */
  DeflateWire(LoopDeflate loop, boolean areAlone, boolean isSmall) {
    this.loop = loop;
    this.areAlone = areAlone;
    this.isSmall = isSmall;
  }

  @Override
  public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
    if (json.length < loop.minLength() || !compress(ByteBuffer.wrap(json), false, out)) {
      Framing.FRAMES.frame(json, place, out);
    }
  }

  /** Appends the frame of a compressed message, unless it is to be sent as it is. */
  private boolean compress(ByteBuffer text, boolean isNext, ByteBuf out) {
    int length = loop.deflate(text, isNext, isSmall);
    if (length < 0) {
      return false;
    }
    Framing.header(COMPRESSED | Opcode.TEXT, length, out);
    out.writeBytes(loop.result(), 0, length);
    return true;
  }

  @Override
  public void end(Ending ending, ByteBuf out) {
    Framing.FRAMES.end(ending, out);
  }

  @Override
  public Wire inBatches() {
    return Framing.FRAMES;
  }

  @Override
  public @Nullable Packing packing(ByteBuf batch) {
    return batch.readableBytes() < loop.minLength() ? null : new Batch(batch);
  }

  /** A batch of frames, of which the long ones are compressed. */
  private final class Batch extends Packing {
    private final ByteBuf batch;
    private @Nullable ByteBuf whole;
    private @Nullable ByteBuf parts;

    /** Where the frames end in the batch and in the parts, in pairs. */
    private int[] ends = {};

    private int count;

    Batch(ByteBuf batch) {
      this.batch = batch;
    }

    @Override
    public ByteBuf whole() {
      if (areAlone) {
        return parts();
      }
      if (whole == null) {
        whole = pack(true);
      }
      return whole;
    }

    @Override
    public ByteBuf parts() {
      if (parts == null) {
        ends = new int[16];
        parts = pack(false);
      }
      return parts;
    }

    @Override
    public int inParts(int place) {
      var unused = parts();
      int low = 0;
      int high = count;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (ends[2 * middle] <= place) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low == 0 ? 0 : ends[2 * low - 1];
    }

    private ByteBuf pack(boolean isWhole) {
      ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(FIRST_CAPACITY);
      boolean isNext = false;
      int end = batch.writerIndex();
      int at = batch.readerIndex();
      while (at < end) {
        int start = at;
        int length = batch.getByte(at + 1);
        at += 2;
        if (length == 126) {
          length = batch.getUnsignedShort(at);
          at += 2;
        } else if (length == 127) {
          length = (int) batch.getLong(at);
          at += 8;
        }
        if (length >= loop.minLength() && compress(batch.nioBuffer(at, length), isNext, out)) {
          isNext = isWhole;
        } else {
          out.writeBytes(batch, start, at + length - start);
        }
        at += length;
        if (!isWhole) {
          note(at, out.writerIndex());
        }
      }
      return out;
    }

    private void note(int inBatch, int inParts) {
      if (2 * count == ends.length) {
        ends = Arrays.copyOf(ends, 4 * count);
      }
      ends[2 * count] = inBatch;
      ends[2 * count + 1] = inParts;
      count++;
    }

    @Override
    public void release() {
      if (whole != null) {
        whole.release();
      }
      if (parts != null) {
        parts.release();
      }
    }
  }
}
