package io.earshot.cluster;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A room of several servers has one order, whatever fails between the servers. Each seed is one
 * {@link Simulation}; what its clients should have received is derived from the events that the
 * {@code Hub} recorded, and from nothing that the servers say of themselves.
 *
 * <p>The property {@code earshot.seeds} names a range to run instead, such as {@code 3000-19999}.
 */
final class ClusterOrderTest {
  private static final String RANGE = System.getProperty("earshot.seeds", "0-39");

  /** Seeds beyond the usual range that have failed, by what was wrong. */
  private static final int[][] ONCE_FAILED = {
    // The answer to a join overtook messages of the same batch.
    {611, 1464, 1963},
    // A member was handed over or lost before it was subscribed, and the place after which it was
    // to receive messages was forgotten.
    {1921, 2573},
    // A member that another server had listed in an order that was lost was announced again.
    {774, 2309},
    // Messages were lost while a member entered, and it was not told of the gap.
    {2881},
    // A member whose session was being handed over was taken for one that had left.
    {8140},
    // The broker lost that members of a server's former run had left; they stayed for ever.
    {3604, 12029},
    // A session that was resumed while its server was disconnected was turned out of its room.
    {10616},
    // A session was handed over while a request to enter its member was under way.
    {9666, 13782},
    // A connection left a room and was subscribed again while its former subscription still ended.
    {10202, 11053, 11561, 18923},
    // A member that joined while the order changed its epoch received messages of the old one
    // again.
    {18124},
    // A member that was resumed while its server was disconnected left before the server had listed
    // it: it stayed in the list until its former server took it out.
    {671},
    // The checks took a post for another one with the same place, which the hub had lost; and did
    // not know of servers that have lost posts in place of others of their epoch, and of lists that
    // are rolled back after they were filled again.
    {962, 2019, 8059, 10294, 11077, 13757, 16914, 17252},
    // The checks did not know that a server tells of a gap if the broker has lost what a client
    // knew.
    {1277},
    // The checks did not know of joins that were made just before the server knew that it was
    // connected, of late requests to resume, and of sessions that took long to resume.
    {704, 770, 937, 1544, 1557, 1619, 1889, 1981, 2297, 2443, 2647, 2832, 2862, 2899, 2949, 11305},
  };

  static IntStream seeds() {
    String[] ends = RANGE.split("-", 2);
    IntStream range = IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
    return IntStream.concat(range, Arrays.stream(ONCE_FAILED).flatMapToInt(Arrays::stream));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void members_of_a_room_on_several_servers_receive_its_one_order_without_gaps_and_once(int seed) {
    new Simulation(seed).run();
  }

  @ParameterizedTest
  @MethodSource("seedsWithRenewals")
  void lists_that_are_compared_meanwhile_change_nothing_of_that(int seed) {
    new Simulation(seed, true, false).run();
  }

  @ParameterizedTest
  @MethodSource("seedsWithHistory")
  void a_client_that_asks_for_history_receives_it_before_the_messages_that_follow(int seed) {
    new Simulation(seed, false, true).run();
  }

  static IntStream seedsWithRenewals() {
    return IntStream.range(0, 20);
  }

  /** Many, since few clients enter just before a message that their server delivers first. */
  static IntStream seedsWithHistory() {
    return IntStream.range(0, Integer.getInteger("earshot.orders", 60));
  }
}
