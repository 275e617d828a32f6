package io.earshot.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class FirstRoomsTest {
  private static List<RoomLine> first(RoomQuery.Sort sort, int rooms) {
    var first = new FirstRooms(new RoomQuery(sort, "", "", 3));
    for (int i = 0; i < rooms; i++) {
      first.offer(new RoomLine("r" + i, i % 1_000, (i * 7L) % 5_003, i == 77 ? 9 : 0));
    }
    return first.all();
  }

  @Test
  void the_first_of_a_million_rooms_are_found_in_each_order() {
    assertThat(first(RoomQuery.Sort.NAME, 10_000))
        .extracting(RoomLine::room)
        .containsExactly("r0", "r1", "r10");
    assertThat(first(RoomQuery.Sort.MEMBERS, 10_000))
        .extracting(RoomLine::room)
        .containsExactly("r1999", "r2999", "r3999");
    assertThat(first(RoomQuery.Sort.RATE, 1_000_000))
        .extracting(RoomLine::rate)
        .containsExactly(5_002.0, 5_002.0, 5_002.0);
    assertThat(first(RoomQuery.Sort.LAG, 10_000).getFirst().room()).isEqualTo("r77");
  }

  @Test
  void a_room_that_is_offered_twice_is_there_once() {
    var first = new FirstRooms(new RoomQuery(RoomQuery.Sort.NAME, "", "", 5));
    IntStream.range(0, 4).forEach(i -> first.offer(new RoomLine("r" + i % 2, 1, 0, 0)));
    assertThat(first.all()).extracting(RoomLine::room).containsExactly("r0", "r1");
  }

  @Test
  void a_name_is_found_by_a_part_of_it_in_upper_or_lower_case() {
    var query = new RoomQuery(RoomQuery.Sort.RATE, "TIC", "", 5);
    assertThat(query.fits("Attic")).isTrue();
    assertThat(query.fits("ti")).isFalse();
    assertThat(new RoomQuery(RoomQuery.Sort.NAME, "", "b", 5).fits("b")).isFalse();
    assertThat(new RoomQuery(RoomQuery.Sort.NAME, "", "b", 5).fits("c")).isTrue();
  }
}
