package io.earshot.bench;

/**
 * Who is there. Client i is in room i modulo the number of rooms, and the first of each room speak.
 *
 * <p>Immutable.
 *
 * @param connections how many clients
 * @param rooms how many rooms they are spread over
 * @param publishers how many of each room speak
 * @param listening how many more rooms, of its own, each client listens to
 */
record Crowd(int connections, int rooms, int publishers, int listening) {
  Crowd {
    if (connections < 1 || rooms < 1 || publishers < 0 || listening < 0) {
      throw new IllegalArgumentException("a crowd needs a connection and a room");
    }
  }

  Crowd(int connections, int rooms, int publishers) {
    this(connections, rooms, publishers, 0);
  }

  int membersOf(int room) {
    return connections / rooms + (room < connections % rooms ? 1 : 0);
  }
}
