package io.earshot.cluster;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A user is present from the first to the last of its connections, on any server, whatever fails.
 * Each seed is one {@link UserSimulation}.
 *
 * <p>The property {@code earshot.seeds} names a range to run instead, such as {@code 3000-19999}.
 */
final class UserPresenceTest {
  private static final String RANGE = System.getProperty("earshot.seeds", "0-59");

  static IntStream seeds() {
    String[] ends = RANGE.split("-", 2);
    return IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void the_users_of_a_lone_server_are_those_that_are_connected(int seed) {
    new UserSimulation(seed, 1).run();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void all_servers_list_the_users_that_are_connected_to_any_of_them(int seed) {
    new UserSimulation(seed, 2 + seed % 2).run();
  }
}
