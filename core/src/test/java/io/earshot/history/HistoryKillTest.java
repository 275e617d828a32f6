package io.earshot.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.disk.Disk;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kills at any moment: after each record, and between random requests. */
final class HistoryKillTest extends HistoryFiles {
  /** The messages that servers placed, to compare with what later servers recover. */
  private static final class Model {
    /** The texts by offset, by room and epoch. */
    private final Map<String, NavigableMap<Long, String>> said = new TreeMap<>();

    private final Map<String, String> epochs = new TreeMap<>();

    void told(String room, String answer, String text) {
      assertThat(answer).contains("\"status\":\"OK\"");
      String epoch = field(answer, "epoch");
      epochs.put(room, epoch);
      String before =
          said.computeIfAbsent(room + " " + epoch, _ -> new TreeMap<>())
              .put(Long.parseLong(field(answer, "offset")), text);
      assertThat(before).as("offset used twice at %s", answer).isNull();
    }

    /** Joins each room after each of its last cursors, and compares what is recovered. */
    void check(TestServer server, boolean isAllThere) {
      said.forEach(
          (key, texts) -> {
            String room = key.substring(0, key.indexOf(' '));
            String epoch = key.substring(key.indexOf(' ') + 1);
            long oldest = Math.max(0, texts.lastKey() - 7);
            for (long known = texts.lastKey(); known >= oldest; known--) {
              Guest guest = server.guest();
              String answer = guest.ask("roomChange " + room + " after=" + epoch + ":" + known);
              List<String> heard =
                  guest.heard().stream().filter(text -> text.startsWith("m")).toList();
              if (answer.contains("\"recovered\":true")) {
                long offset = Long.parseLong(field(answer, "offset"));
                assertThat(heard)
                    .as("after %s of %s", known, key)
                    .containsExactlyElementsOf(texts.subMap(known, false, offset, true).values());
              } else {
                // A cursor of an earlier run gets a new epoch as a whole, or nothing of it.
                String now = field(answer, "epoch");
                boolean isWhole = !now.equals(epoch) && field(answer, "offset").equals("0");
                assertThat(heard)
                    .as("%s %s", key, answer)
                    .containsExactlyElementsOf(
                        isWhole
                            ? said.getOrDefault(room + " " + now, new TreeMap<>()).values()
                            : List.of());
                boolean isNewest = known == texts.lastKey() && epoch.equals(epochs.get(room));
                assertThat(isAllThere && isNewest).as("%s %s", key, answer).isFalse();
              }
              guest.ask("quit");
              guest.loop.run(guest.intake::gone);
              server.settle();
            }
          });
    }
  }

  @Test
  void the_log_stays_small_and_keeps_silent_rooms() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(1, config(folder), disk(2 << 10), TestServer.NOW);
    Guest silent = server.guest();
    String first = say(silent, 3);
    Guest talker = server.guest();
    for (int i = 0; i < 1_000; i++) {
      talker.ask("say " + i);
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.count()).isBetween(5L, 15L);
    }
    TestServer again = start(1, config(kill(folder)), DISK, TestServer.NOW);
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3");
  }

  @Test
  void a_kill_after_any_record_leaves_a_state_that_existed() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(1, config(folder), disk(4 << 10), TestServer.NOW);
    Guest guest = server.guest();
    var model = new Model();
    for (int i = 0; i < 150; i++) {
      guest.ask("roomChange room" + i % 4);
      model.told("room" + i % 4, guest.ask("say m" + i), "m" + i);
    }
    Path newest;
    try (Stream<Path> files = Files.list(folder)) {
      newest =
          files
              .filter(file -> file.toString().endsWith(".log"))
              .filter(file -> isWritten(file))
              .max(Comparator.comparingLong(HistoryKillTest::number))
              .orElseThrow();
    }
    byte[] log = Files.readAllBytes(newest);
    for (int end : records(log)) {
      Path copy = kill(folder);
      byte[] cut = log.clone();
      Arrays.fill(cut, end, cut.length, (byte) 0);
      Files.write(copy.resolve(newest.getFileName()), cut);
      TestServer again = start(1, config(copy), DISK, TestServer.NOW);
      model.check(again, false);
      delete(again, copy);
    }
  }

  private static long number(Path file) {
    return Long.parseLong(file.toString().replaceAll(".*-(\\d+)\\.log", "$1"));
  }

  private static boolean isWritten(Path file) {
    try {
      return records(Files.readAllBytes(file)).size() > 1;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static IntStream seeds() {
    return IntStream.rangeClosed(1, Integer.getInteger("earshot.orders", 10));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void random_requests_and_kills_neither_lose_nor_repeat_a_message(int seed) throws IOException {
    var random = new Random(seed);
    var model = new Model();
    Path folder = temp.resolve("first");
    Instant now = TestServer.NOW;
    int text = 0;
    for (int run = 0; run < 6; run++) {
      var disk =
          new Disk(
              1 << (11 + random.nextInt(3)),
              "here",
              task -> {
                // A file is created at once; it may be deleted too late.
                if (task instanceof CompletableFuture.AsynchronousCompletionTask
                    || random.nextInt(3) > 0) {
                  task.run();
                }
              });
      Config config =
          config(folder)
              .with("rooms.announcements", random.nextBoolean())
              .with("rooms.historyMessages", 1 + random.nextInt(20))
              .with("limits.historyBytes", random.nextInt(4) == 0 ? 3_000 : 1 << 20);
      TestServer server = start(1 + random.nextInt(3), config, disk, now);
      List<Guest> guests = List.of(server.guest(), server.guest(), server.guest());
      String[] rooms = {"defaultRoom", "defaultRoom", "defaultRoom"};
      for (int step = 0; step < 300; step++) {
        int who = random.nextInt(guests.size());
        switch (random.nextInt(20)) {
          case 0, 1, 2 -> {
            rooms[who] = "room" + random.nextInt(6);
            guests.get(who).ask("roomChange " + rooms[who]);
          }
          case 3 -> server.pass(Duration.ofSeconds(random.nextInt(step % 7 == 0 ? 150 : 10)));
          default -> {
            String said = "m" + text++ + "x".repeat(random.nextInt(200));
            model.told(rooms[who], guests.get(who).ask("say " + said), said);
          }
        }
      }
      now = server.now();
      boolean isClosed = random.nextInt(4) == 0;
      if (isClosed) {
        server.earshot.close();
      }
      Path copy = kill(folder);
      TestServer probe = start(1 + random.nextInt(3), config(copy), DISK, now);
      model.check(probe, false);
      delete(probe, copy);
      folder = kill(folder);
      if (!isClosed) {
        server.earshot.close();
      }
    }
  }
}
