package io.earshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.House.Guest;
import io.earshot.House.Lines;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Chance decides who speaks, moves or goes, and which loop runs next. Somebody who never leaves
 * keeps the tape of each room; whatever else anybody heard of a room has to be an unbroken stretch
 * of that tape for each stay.
 */
final class OrderTest {
  private static final List<String> ROOMS = List.of("defaultRoom", "attic", "cellar");

  static IntStream seeds() {
    return IntStream.range(0, 300);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void every_stay_in_a_room_is_an_unbroken_stretch_of_its_one_order(int seed) {
    var random = new Random(seed);
    var house = new House(1 + seed % 3, House.quiet());
    List<Guest> tapes =
        ROOMS.stream()
            .map(
                room -> {
                  Guest tape = anyGuest(house, random);
                  tape.ask("roomChange " + room);
                  tape.hear();
                  return tape;
                })
            .toList();
    List<Guest> guests = new ArrayList<>();
    var gone = new ArrayList<Guest>();
    for (int i = 0; i < 400; i++) {
      if (guests.size() < 2 || random.nextInt(30) == 0) {
        guests.add(anyGuest(house, random));
      }
      int who = random.nextInt(guests.size());
      Guest guest = guests.get(who);
      switch (random.nextInt(10)) {
        case 0, 1, 2, 3 -> guest.send("say " + i);
        case 4 -> guest.send("roomChange " + ROOMS.get(random.nextInt(3)));
        case 5 -> {
          if (random.nextInt(8) == 0) {
            guest.loop.run(guest.intake::gone);
            gone.add(guests.remove(who));
          }
        }
        default -> house.step(random);
      }
    }
    house.settle();
    gone.addAll(guests);
    for (int room = 0; room < ROOMS.size(); room++) {
      List<String> tape = tapes.get(room).lines;
      for (Guest guest : gone) {
        checkStays(guest, ROOMS.get(room), tape);
      }
    }
    assertThat(tapes.stream().mapToInt(tape -> tape.lines.size()).sum()).isPositive();
  }

  private static Guest anyGuest(House house, Random random) {
    return house.guest(
        random.nextInt(house.loops.size()), random.nextBoolean() ? Lines.ONE : Lines.TWO);
  }

  /** What a guest heard of a room, cut where its replies say that it moved. */
  private static void checkStays(Guest guest, String room, List<String> tape) {
    var stay = new ArrayList<String>();
    for (String line : guest.lines) {
      if (line.contains("\"room\":\"" + room + "\",\"from\"")) {
        stay.add(line);
      } else if (line.contains("\"status\":\"OK\",\"room\"")) {
        checkStay(guest, stay, tape);
        stay.clear();
      }
    }
    checkStay(guest, stay, tape);
  }

  private static void checkStay(Guest guest, List<String> stay, List<String> tape) {
    if (stay.isEmpty()) {
      return;
    }
    String own = "\"from\":\"" + guest.id() + "\"";
    int from = tape.indexOf(stay.getFirst());
    int to = tape.lastIndexOf(stay.getLast());
    assertThat(from).isNotNegative();
    assertThat(stay)
        .isEqualTo(
            tape.subList(from, to + 1).stream().filter(line -> !line.contains(own)).toList());
  }
}
