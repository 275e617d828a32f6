package io.earshot.session;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random runs of clients that lose their connections and resume, checked against the order of each
 * room. {@link ResumeSimulation} makes the random choices, a {@link SimulatedClient} acts by the
 * rules that the protocol gives to clients, and {@link RoomRecord} checks what the clients heard.
 */
final class ResumeOrderTest {

  static IntStream seeds() {
    return IntStream.range(0, Integer.getInteger("earshot.orders", 80));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void a_client_that_resumes_hears_every_room_in_one_order_without_a_gap_and_once(int seed) {
    new ResumeSimulation(seed).run();
  }
}
