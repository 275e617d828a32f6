package io.earshot.bench.work;

/**
 * The clients make TLS handshakes, one after another, without sending anything over TLS. The first
 * seconds measure a cold server.
 *
 * <p>Immutable.
 *
 * @param resumed whether a client resumes its previous session
 * @param warm how long to make handshakes before measuring a warm server, in seconds
 * @param seconds how long to measure, in seconds
 */
public record Handshakes(boolean resumed, double warm, double seconds) implements Work {
  private static final double COLD_SECONDS = 2;

  /** How much of the time before measuring counts as cold, in seconds. */
  public double cold() {
    return Math.min(COLD_SECONDS, warm);
  }

  /** The same with another time of measuring; the time before it is longer than that of a cell. */
  @Override
  public Handshakes lasting(double ofCell, double otherSeconds) {
    return new Handshakes(resumed, warm, otherSeconds);
  }
}
