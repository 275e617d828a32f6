package io.earshot.bench.work;

/**
 * All clients connect, join their rooms and disconnect, several times in the same server process.
 * The first round measures a cold server, and the last a warm one.
 *
 * <p>Immutable.
 *
 * @param rounds how often
 */
public record Connects(int rounds) implements Work {
  public Connects {
    if (rounds < 2) {
      throw new IllegalArgumentException("a cold round and a warm round are needed");
    }
  }

  @Override
  public Connects lasting(double warm, double seconds) {
    return this;
  }
}
