package io.earshot.bench.work;

/**
 * Which messages are sent, and how fast.
 *
 * <p>Immutable.
 *
 * @param size bytes of one message's text, of which the first 18 are the marker
 * @param window for a closed loop: how many messages of a room are in flight; 0 if there is a rate
 * @param rate for an open loop: messages a second in all rooms together; 0 if there is a window
 * @param warm how long to send before measuring, in seconds; 0 for a cold server
 * @param seconds how long to measure, in seconds
 */
public record Traffic(int size, int window, double rate, double warm, double seconds)
    implements Work {
  /** Bytes of the shortest message. */
  public static final int LEAST_SIZE = 18;

  private static final double COLD_SECONDS = 3;

  public Traffic {
    if (size < LEAST_SIZE) {
      throw new IllegalArgumentException(
          "a message has at least " + LEAST_SIZE + " bytes, not " + size);
    }
    if (window > 0 == rate > 0) {
      throw new IllegalArgumentException("either a window or a rate");
    }
  }

  public static Traffic closed(int size, int window) {
    return new Traffic(size, window, 0, 1, 4);
  }

  public static Traffic open(int size, double rate) {
    return new Traffic(size, 0, rate, 1, 4);
  }

  /** The same in the first seconds of a server, whatever the times of other cells are. */
  public Traffic cold() {
    return new Traffic(size, window, rate, 0, COLD_SECONDS);
  }

  /** Whether the server is measured without a warm-up. */
  public boolean isCold() {
    return warm == 0;
  }

  @Override
  public Traffic lasting(double otherWarm, double otherSeconds) {
    return isCold() ? this : new Traffic(size, window, rate, otherWarm, otherSeconds);
  }
}
