package io.earshot.cluster;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The rooms that a {@link SimulatedClient} is certainly a member of now; every {@link Stay} is
 * added to {@link Simulation#stays}.
 *
 * <p>Owned by the test's thread.
 */
final class ClientStays {
  private final Simulation sim;
  private final Map<String, Stay> stays = new TreeMap<>();

  ClientStays(Simulation sim) {
    this.sim = sim;
  }

  /**
   * A client is a member of a room from now on, if it was not before.
   *
   * @param isSure whether the client's server was connected to the hub all the time while it
   *     entered
   */
  void begin(String room, String id, boolean isSure) {
    if (!stays.containsKey(room)) {
      var stay = new Stay(room, id, sim.hub.events.size(), isSure);
      stays.put(room, stay);
      sim.stays.add(stay);
    }
  }

  void end(String room, int to) {
    Stay stay = stays.remove(room);
    if (stay != null) {
      stay.to = to;
    }
  }

  /** Ends the stays in all rooms but some. */
  void endExcept(Set<String> rooms, int to) {
    List.copyOf(stays.keySet()).stream()
        .filter(room -> !rooms.contains(room))
        .forEach(room -> end(room, to));
  }
}
