package io.earshot.bench.work;

/** What the clients of a cell do. */
public sealed interface Work permits Traffic, Idle, Connects, Handshakes {
  /** The same work with other times, except for times that belong to the work itself. */
  Work lasting(double warm, double seconds);
}
