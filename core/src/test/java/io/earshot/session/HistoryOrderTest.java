package io.earshot.session;

import static io.earshot.session.JsonLines.parsed;
import static io.earshot.session.JsonLines.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Json;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random runs: clients say something to all or to a group, and enter rooms with a number of earlier
 * messages. One client in each room, which belongs to all groups and says nothing, records
 * everything. Its record shows what each answer had to be followed by: the newest messages up to
 * the place in the answer, and then the messages after it.
 */
final class HistoryOrderTest {
  private static final List<String> ROOMS = List.of("defaultRoom", "attic", "cellar");
  private static final List<String> GROUPS = List.of("red", "blue");
  private static final Config CONFIG = Config.defaults().with("rooms.historyMessages", 10_000);

  private final List<Guest> present = new ArrayList<>();

  static IntStream seeds() {
    return IntStream.range(0, Integer.getInteger("earshot.orders", 40));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void the_newest_messages_come_before_those_that_follow_without_a_gap_or_overlap(int seed) {
    var random = new Random(seed);
    var server = new TestServer(1 + seed % 3, CONFIG.with("rooms.historyBytes", 10_000_000));
    List<Guest> records =
        ROOMS.stream()
            .map(
                room -> {
                  Guest record = anyGuest(server, random);
                  GROUPS.forEach(group -> record.connection().set(group, "true"));
                  record.ask("roomChange " + room);
                  return record;
                })
            .toList();
    records.forEach(Guest::hear);
    for (int i = 0; i < 300; i++) {
      if (present.size() < 2 || random.nextInt(30) == 0) {
        present.add(anyGuest(server, random));
      }
      Guest guest = present.get(random.nextInt(present.size()));
      String room = ROOMS.get(random.nextInt(3));
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> guest.send("say to all " + i);
        case 3 ->
            guest.send(
                "{\"event\":\"say\",\"message\":\"to %1$s %2$d\",\"roomMatchKey\":\"%1$s\",\"roomMatchValue\":\"true\"}"
                    .formatted(GROUPS.get(random.nextInt(2)), i));
        case 4, 5 -> guest.send(entry("roomChange", room, random.nextInt(8)));
        case 6 -> guest.send(entry("listenToRoom", room, random.nextInt(8)));
        case 7 -> guest.send("silenceRoom " + room);
        default -> server.step(random);
      }
    }
    server.settle();
    for (int room = 0; room < ROOMS.size(); room++) {
      for (Guest guest : present) {
        check(guest, ROOMS.get(room), records.get(room).lines);
      }
    }
  }

  private static Guest anyGuest(TestServer server, Random random) {
    Guest guest =
        server.guest(
            random.nextInt(server.loops.size()), random.nextBoolean() ? Lines.ONE : Lines.TWO);
    GROUPS.stream()
        .filter(_ -> random.nextBoolean())
        .forEach(group -> guest.connection().set(group, "true"));
    return guest;
  }

  /** A request with the number of earlier messages as its message id. */
  private static String entry(String event, String room, int history) {
    return "{\"event\":\"%s\",\"room\":\"%s\",\"history\":%d,\"messageId\":%3$d}"
        .formatted(event, room, history);
  }

  /** Checks what a client received of a room after each of its answers. */
  private static void check(Guest guest, String room, List<String> record) {
    List<Json.Obj> readable =
        record.stream()
            .filter(line -> line.startsWith("{\"message\":\"to "))
            .map(JsonLines::parsed)
            .filter(message -> mayRead(guest, message))
            .toList();
    var expected = new ArrayDeque<Json.Obj>();
    long place = -1;
    for (String line : guest.lines) {
      if (!line.contains("\"room\":\"" + room + "\"")) {
        continue;
      }
      Json.Obj json = parsed(line);
      boolean isAnswer = json.get("messageId") != null && json.get("error") == null;
      if (isAnswer) {
        assertThat(expected).as("missing before %s", line).isEmpty();
        place = offset(json);
        long upTo = place;
        int asked = Integer.parseInt(text(json, "messageId"));
        List<Json.Obj> earlier = readable.stream().filter(each -> offset(each) <= upTo).toList();
        expected.addAll(earlier.subList(Math.max(0, earlier.size() - asked), earlier.size()));
        assertThat(text(json, "history")).isEqualTo(asked == 0 ? "" : "" + expected.size());
      } else if (!expected.isEmpty()) {
        assertThat(json).isEqualTo(expected.remove());
      } else if (line.startsWith("{\"message\"")) {
        assertThat(offset(json)).as("%s", line).isGreaterThan(place);
        assertThat(text(json, "from")).isNotEqualTo(guest.id());
        missesNothing(readable, guest, place, offset(json));
        place = offset(json);
      }
    }
    assertThat(expected).isEmpty();
  }

  /** Checks that no message of others that a client may read is between two offsets. */
  private static void missesNothing(List<Json.Obj> readable, Guest guest, long after, long before) {
    if (after >= 0) {
      assertThat(readable)
          .noneMatch(
              each ->
                  offset(each) > after
                      && offset(each) < before
                      && !text(each, "from").equals(guest.id()));
    }
  }

  private static boolean mayRead(Guest guest, Json.Obj message) {
    String group = text(message, "message").split(" ", 3)[1];
    return group.equals("all")
        || guest.connection().attributes().containsKey(group)
        || text(message, "from").equals(guest.id());
  }

  private static long offset(Json.Obj json) {
    return Long.parseLong(text(json, "offset"));
  }
}
