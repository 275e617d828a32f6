package io.earshot.netty;

import io.earshot.netty.frame.FrameDecoder;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.frame.LineDecoder;
import io.earshot.protocol.Request;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Decodes a line and a masked frame to requests, and encodes a room message as a frame. */
@State(Scope.Thread)
public class DecodeBenchmark {
  private static final String TEXT = "x".repeat(128);

  private final Counter intake = new Counter();
  private final LineDecoder lines = new LineDecoder(intake, 65_536);
  private final FrameDecoder frames = new FrameDecoder(intake, 65_536);
  private final ByteBuf line = bytes("say " + TEXT + "\r\n");
  private final ByteBuf frame = masked("{\"event\":\"say\",\"message\":\"" + TEXT + "\"}");
  private final byte[] message =
      ("{\"message\":\"" + TEXT + "\"}").getBytes(StandardCharsets.UTF_8);
  private final ByteBuf out = Unpooled.directBuffer(4096);

  /** Called by JMH. */
  public DecodeBenchmark() {}

  private static ByteBuf bytes(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Unpooled.directBuffer(bytes.length).writeBytes(bytes);
  }

  /** A frame masked with zeros: the same work as for any mask, and unmasking does not change it. */
  private static ByteBuf masked(String text) {
    byte[] payload = text.getBytes(StandardCharsets.UTF_8);
    return Unpooled.directBuffer(payload.length + 8)
        .writeByte(0x81)
        .writeByte(0x80 | 126)
        .writeShort(payload.length)
        .writeInt(0)
        .writeBytes(payload);
  }

  /** Counts the requests. */
  private static final class Counter implements Intake {
    private int handled;

    @Override
    public void handle(Request request) {
      handled++;
    }

    @Override
    public boolean received(int bytes) {
      return false;
    }

    @Override
    public void refused(Refusal kind) {}

    @Override
    public boolean isCongested() {
      return false;
    }

    @Override
    public boolean isEnded() {
      return false;
    }

    @Override
    public void write(ByteBuf framed) {}

    @Override
    public void drained() {}

    @Override
    public void inputEnded(Ending why) {}

    @Override
    public void lost(Ending why) {}

    @Override
    public void end(Ending ending) {}

    @Override
    public void dismiss(Ending ending) {}

    @Override
    public void gone() {}
  }

  /**
   * Decodes a line with a message.
   *
   * @return the number of requests so far
   */
  @Benchmark
  public int line() {
    lines.bytes(line, 0, line.readableBytes());
    return intake.handled;
  }

  /**
   * Decodes a masked text frame with the same message.
   *
   * @return the number of requests so far
   */
  @Benchmark
  public int frame() {
    frames.bytes(frame, 0, frame.readableBytes());
    return intake.handled;
  }

  /**
   * Encodes a room message as a frame.
   *
   * @return the length of the frame
   */
  @Benchmark
  public int framed() {
    Framing.FRAMES.frame(message, null, out.clear());
    return out.readableBytes();
  }
}
