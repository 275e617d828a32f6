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
 * Text to request, and room message to bytes; 128 characters are said.
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
   * A frame's JSON with a blank in front, which is for the parser.
   *
   * @return the request
   */
  @Benchmark
  public Request parsed() {
    return RequestDecoder.frame(loose);
  }

  /**
   * A frame's JSON.
   *
   * @return the request
   */
  @Benchmark
  public Request frame() {
    return RequestDecoder.frame(json);
  }

  /**
   * A line of plain words.
   *
   * @return the request
   */
  @Benchmark
  public Request line() {
    return RequestDecoder.line(line);
  }

  /**
   * A line of JSON.
   *
   * @return the request
   */
  @Benchmark
  public Request jsonLine() {
    return RequestDecoder.line(json);
  }

  /**
   * A room message by way of a tree.
   *
   * @return the bytes
   */
  @Benchmark
  public byte[] tree() {
    return message.toJson().encode();
  }

  /**
   * A room message at once.
   *
   * @return the bytes
   */
  @Benchmark
  public byte[] direct() {
    return message.encode();
  }
}
