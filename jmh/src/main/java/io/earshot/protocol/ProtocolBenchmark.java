package io.earshot.protocol;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Decodes a text to a request, and encodes a room message; each with 128 characters.
 *
 * <p>Owned by the thread that measures.
 */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ProtocolBenchmark {
  private final String text = "x".repeat(128);
  private final String json = "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  private final String loose = " " + json;
  private final String line = "say " + text;
  private final RoomMessage message =
      new RoomMessage(
          Json.of(text),
          "defaultRoom",
          Json.of("0123456789abcdef0123456789abcdef"),
          1_357_000_000_000L,
          new Cursor("k3f91c", 123_456));

  /** Called by JMH. */
  public ProtocolBenchmark() {}

  /**
   * Decodes a frame with a leading blank, which needs the parser.
   *
   * @return the request
   */
  @Benchmark
  public Request parsed() {
    return RequestDecoder.frame(loose);
  }

  /**
   * Decodes a frame.
   *
   * @return the request
   */
  @Benchmark
  public Request frame() {
    return RequestDecoder.frame(json);
  }

  /**
   * Decodes a line of words.
   *
   * @return the request
   */
  @Benchmark
  public Request line() {
    return RequestDecoder.line(line);
  }

  /**
   * Decodes a line of JSON.
   *
   * @return the request
   */
  @Benchmark
  public Request jsonLine() {
    return RequestDecoder.line(json);
  }

  /**
   * Encodes a room message by way of a tree.
   *
   * @return the bytes
   */
  @Benchmark
  public byte[] tree() {
    return message.toJson().encode();
  }

  /**
   * Encodes a room message directly.
   *
   * @return the bytes
   */
  @Benchmark
  public byte[] direct() {
    return message.encode();
  }
}
