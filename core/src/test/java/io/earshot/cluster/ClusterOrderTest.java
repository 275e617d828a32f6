package io.earshot.cluster;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A room of several servers has one order, whatever fails between the servers. Each seed is one
 * {@link Simulation}; what its clients should have received is derived from the events that the
 * {@code Hub} recorded, and from nothing that the servers say of themselves.
 */
final class ClusterOrderTest {

  static IntStream seeds() {
    return IntStream.range(0, 200);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void members_of_a_room_on_several_servers_receive_its_one_order_without_gaps_and_once(int seed) {
    new Simulation(seed).run();
  }
}
