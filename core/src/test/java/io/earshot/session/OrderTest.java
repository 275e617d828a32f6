package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random runs: chance decides which client says something, changes its room, ends or stops reading,
 * and which loop runs next. One client in each room never leaves and records everything. The
 * announcements in its record show when each member was there, and so what each had to hear: all of
 * that if it is still connected, and else the beginning of it without a gap.
 */
final class OrderTest {
  private static final List<String> ROOMS = List.of("defaultRoom", "attic", "cellar");

  static IntStream seeds() {
    return IntStream.range(0, Integer.getInteger("earshot.orders", 100));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void every_member_hears_its_room_in_one_order_without_a_gap_from_join_to_leave(int seed) {
    var random = new Random(seed);
    var server = new TestServer(1 + seed % 3, Config.defaults());
    List<Guest> records =
        ROOMS.stream()
            .map(
                room -> {
                  Guest record = anyGuest(server, random);
                  record.ask("roomChange " + room);
                  return record;
                })
            .toList();
    records.forEach(Guest::hear);
    var present = new ArrayList<Guest>();
    var ended = new ArrayList<Guest>();
    String filler =
        "x".repeat(seed % 5 == 0 ? 9_000 : 10); // in some runs batches are long, and are sent early
    for (int i = 0; i < 400; i++) {
      if (present.size() < 2 || random.nextInt(30) == 0) {
        present.add(anyGuest(server, random));
      }
      int who = random.nextInt(present.size());
      Guest guest = present.get(who);
      switch (random.nextInt(10)) {
        case 0, 1, 2, 3 -> guest.send("say " + i + filler);
        case 4 -> guest.send("roomChange " + ROOMS.get(random.nextInt(3)));
        case 5 -> {
          if (random.nextInt(6) == 0) {
            end(guest, random);
            ended.add(present.remove(who));
          }
        }
        default -> server.step(random);
      }
    }
    server.settle();
    for (int room = 0; room < ROOMS.size(); room++) {
      List<String> record = records.get(room).lines;
      for (Guest guest : present) {
        assertThat(heard(guest, ROOMS.get(room))).isEqualTo(toHear(guest, record));
      }
      for (Guest guest : ended) {
        List<String> heard = heard(guest, ROOMS.get(room));
        List<String> all = toHear(guest, record);
        assertThat(heard)
            .hasSizeLessThanOrEqualTo(all.size())
            .isEqualTo(all.subList(0, heard.size()));
      }
    }
  }

  private static void end(Guest guest, Random random) {
    switch (random.nextInt(3)) {
      case 0 -> guest.loop.run(guest.intake::gone);
      case 1 -> guest.send("quit");
      default -> guest.pending = Config.defaults().limits().outboundBytes() + 1;
    }
  }

  private static Guest anyGuest(TestServer server, Random random) {
    return server.guest(
        random.nextInt(server.loops.size()), random.nextBoolean() ? Lines.ONE : Lines.TWO);
  }

  private static List<String> heard(Guest guest, String room) {
    return guest.lines.stream()
        .filter(line -> end(line).contains("\"room\":\"" + room + "\",\"from\""))
        .toList();
  }

  /** What follows the filler of a long line, which would take most of the time to search. */
  private static String end(String line) {
    return line.substring(Math.max(0, line.length() - 400));
  }

  /** The messages of others in a room's record while a guest was a member. */
  private static List<String> toHear(Guest guest, List<String> record) {
    var toHear = new ArrayList<String>();
    boolean inside = false;
    String from = "\"from\":\"" + guest.id() + "\"";
    for (String line : record) {
      String end = end(line);
      if (!end.contains(from)) {
        if (inside) {
          toHear.add(line);
        }
      } else if (end.contains("I have entered")) {
        inside = true;
      } else if (end.contains("I have left")) {
        inside = false;
      }
    }
    return toHear;
  }
}
