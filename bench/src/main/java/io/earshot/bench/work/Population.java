package io.earshot.bench.work;

/**
 * How many clients there are, and in which rooms. Client i is in room i modulo the number of rooms;
 * the first clients of each room are its publishers.
 *
 * <p>Immutable.
 *
 * @param connections how many clients
 * @param rooms how many rooms they are spread over
 * @param publishers how many clients of each room send messages
 * @param listening how many more rooms each client listens to, in which it is alone
 */
public record Population(int connections, int rooms, int publishers, int listening) {
  public Population {
    if (connections < 1 || rooms < 1 || publishers < 0 || listening < 0) {
      throw new IllegalArgumentException("at least one connection and one room are needed");
    }
  }

  public Population(int connections, int rooms, int publishers) {
    this(connections, rooms, publishers, 0);
  }

  /** How many clients are in one room. */
  public int membersOf(int room) {
    return connections / rooms + (room < connections % rooms ? 1 : 0);
  }
}
