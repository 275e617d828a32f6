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
 * Chance decides who speaks, moves, goes, or stops reading, and which loop runs next. Somebody who
 * never leaves keeps the tape of each room, on which the announcements say who was there from when
 * to when. So for everybody else the tape tells exactly what they were to hear: all of it if they
 * are still there, an unbroken beginning of it if not.
 */
final class OrderTest {
  private static final List<String> ROOMS = List.of("defaultRoom", "attic", "cellar");

  static IntStream seeds() {
    return IntStream.range(0, 400);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void every_stay_in_a_room_is_an_unbroken_stretch_of_its_one_order(int seed) {
    var random = new Random(seed);
    var server = new TestServer(1 + seed % 3, Config.defaults());
    List<Guest> tapes =
        ROOMS.stream()
            .map(
                room -> {
                  Guest tape = anyGuest(server, random);
                  tape.ask("roomChange " + room);
                  return tape;
                })
            .toList();
    tapes.forEach(Guest::hear);
    var present = new ArrayList<Guest>();
    var gone = new ArrayList<Guest>();
    String filler =
        "x".repeat(seed % 5 == 0 ? 9_000 : 10); // sometimes batches grow long, and go early
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
            gone.add(present.remove(who));
          }
        }
        default -> server.step(random);
      }
    }
    server.settle();
    for (int room = 0; room < ROOMS.size(); room++) {
      List<String> tape = tapes.get(room).lines;
      for (Guest guest : present) {
        assertThat(heard(guest, ROOMS.get(room))).isEqualTo(toHear(guest, tape));
      }
      for (Guest guest : gone) {
        List<String> heard = heard(guest, ROOMS.get(room));
        List<String> all = toHear(guest, tape);
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
        .filter(line -> line.contains("\"room\":\"" + room + "\",\"from\""))
        .toList();
  }

  /** What the tape of a room has between the guest's comings and goings, but for its own words. */
  private static List<String> toHear(Guest guest, List<String> tape) {
    var toHear = new ArrayList<String>();
    boolean inside = false;
    for (String line : tape) {
      if (!line.contains("\"from\":\"" + guest.id() + "\"")) {
        if (inside) {
          toHear.add(line);
        }
      } else if (line.contains("I have entered")) {
        inside = true;
      } else if (line.contains("I have left")) {
        inside = false;
      }
    }
    return toHear;
  }
}
