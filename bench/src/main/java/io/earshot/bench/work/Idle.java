package io.earshot.bench.work;

/** The clients join their rooms and send nothing, to measure the memory that they take. */
public record Idle() implements Work {
  @Override
  public Idle lasting(double warm, double seconds) {
    return this;
  }
}
