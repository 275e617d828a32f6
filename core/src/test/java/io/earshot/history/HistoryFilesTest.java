package io.earshot.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.access.RoomRules;
import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What rooms remember across restarts. A kill is a copy of the files as they are at a moment. */
final class HistoryFilesTest {
  private static final HistoryFolder.Disk DISK = disk(8 << 10);

  @TempDir Path temp;
  private int copies;

  private static HistoryFolder.Disk disk(int segmentBytes) {
    return new HistoryFolder.Disk(segmentBytes, "here", Runnable::run);
  }

  private static Config config(Path folder) {
    return TestServer.quiet()
        .with("rooms.historyFolder", folder.toString())
        .with("rooms.historyMessages", 5);
  }

  private TestServer start(Path folder) {
    return start(1, config(folder), DISK, TestServer.NOW);
  }

  private static TestServer start(int loops, Config config, HistoryFolder.Disk disk, Instant now) {
    var server = new TestServer(loops, config, now);
    try {
      EngineInside.recover(server.earshot, disk);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return server;
  }

  /** The files as a kill would leave them now. */
  private Path kill(Path folder) throws IOException {
    Path copy = Files.createDirectory(temp.resolve("copy" + copies++));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> !each.endsWith("lock")).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private static void delete(TestServer server, Path folder) throws IOException {
    server.earshot.close();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private static String field(String json, String name) {
    Matcher field = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
    assertThat(field.find()).as("%s in %s", name, json).isTrue();
    return field.group(1);
  }

  private static String cursor(String json) {
    return field(json, "epoch") + ":" + field(json, "offset");
  }

  private static List<String> recovered(TestServer server, String room, String after) {
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange " + room + " after=" + after)).contains("\"recovered\":true");
    return guest.heard();
  }

  private static String refused(TestServer server, String room, String after) {
    Guest guest = server.guest();
    String answer = guest.ask("roomChange " + room + " after=" + after);
    assertThat(answer).contains("\"recovered\":false");
    assertThat(guest.heard()).isEmpty();
    return answer;
  }

  /** Says 1 to n in the attic, and returns the cursor of the first. */
  private static String say(Guest guest, int n) {
    guest.ask("roomChange attic");
    String first = cursor(guest.ask("say 1"));
    IntStream.rangeClosed(2, n).forEach(i -> guest.ask("say " + i));
    return first;
  }

  private Path log(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith("-0.log"))
          .min(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  /** Where records begin, and at last where nothing follows. */
  private static List<Integer> records(byte[] log) {
    var starts = new ArrayList<Integer>();
    int at = Segment.START;
    starts.add(at);
    while (at + Segment.HEAD <= log.length && ByteBuffer.wrap(log).getInt(at) != 0) {
      at = Segment.next(at, ByteBuffer.wrap(log).getInt(at) ^ Segment.IS_THERE);
      starts.add(at);
    }
    return starts;
  }

  // --- restarts --------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void what_was_told_is_there_after_a_restart_with_its_place(boolean kill) throws IOException {
    Path folder = temp.resolve("a/b");
    TestServer server = start(folder);
    String first = say(server.guest(), 4);
    if (!kill) {
      server.earshot.close();
    }
    TestServer again = start(kill ? kill(folder) : folder);
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3", "4");
    Guest guest = again.guest();
    guest.ask("roomChange attic");
    assertThat(cursor(guest.ask("say 5"))).isEqualTo(first.replace(":1", ":5"));
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3", "4", "5");
    TestServer third = start(kill(kill ? temp.resolve("copy0") : folder));
    assertThat(recovered(third, "attic", first)).containsExactly("2", "3", "4", "5");
  }

  @Test
  void for_whom_a_message_is_and_whose_it_is_is_kept() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest speaker = server.guest();
    String first = say(speaker, 1);
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    speaker.ask("say for some");
    speaker.ask("paramsDelete");
    speaker.ask("say for all");
    TestServer again = start(kill(folder));
    Guest friend = again.guest();
    friend.connection().set("auth", "true");
    friend.ask("roomChange attic after=" + first);
    assertThat(friend.heard()).containsExactly("for some", "for all");
    assertThat(recovered(again, "attic", first)).containsExactly("for all");
    Recovery.Remembered room = read(kill(folder)).getFirst();
    assertThat(room.entries).extracting(History.Entry::speaker).containsOnly(speaker.id());
  }

  /** The last offset of the one room of a log. */
  private long lastOf(byte[] log, boolean mayBeTorn) throws IOException, Recovery.DamagedException {
    Path file = Files.write(temp.resolve("log"), log);
    var recovery = new Recovery(new RoomRules(config(temp).rooms())::of, mayBeTorn);
    return recovery.read(new TreeMap<>(Map.of(0L, file))).getFirst().offset;
  }

  private List<Recovery.Remembered> read(Path folder) throws IOException {
    try {
      return new Recovery(new RoomRules(config(folder).rooms())::of, false)
          .read(new TreeMap<>(Map.of(0L, log(folder))));
    } catch (Recovery.DamagedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void offsets_go_on_over_announcements_and_after_all_was_forgotten() throws IOException {
    Path folder = temp.resolve("x");
    Config loud = config(folder).with("rooms.announcements", true);
    TestServer server = start(1, loud, DISK, TestServer.NOW);
    Guest guest = server.guest();
    say(guest, 3);
    server.pass(Duration.ofMinutes(3));
    Guest other = server.guest();
    String last = cursor(other.ask("roomChange attic"));
    assertThat(last).endsWith(":5");
    TestServer third = start(1, config(kill(folder)), DISK, server.now());
    assertThat(recovered(third, "attic", last)).isEmpty();
    refused(third, "attic", last.replace(":5", ":4"));
    Guest back = third.guest();
    back.ask("roomChange attic");
    assertThat(cursor(back.ask("say 6"))).isEqualTo(last.replace(":5", ":6"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void the_number_of_loops_may_change(int loops) throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(3, config(folder), DISK, TestServer.NOW);
    Guest guest = server.guest();
    var first = new TreeMap<String, String>();
    for (int i = 0; i < 20; i++) {
      guest.ask("roomChange room" + i);
      first.put("room" + i, cursor(guest.ask("say one")));
      guest.ask("say two");
    }
    TestServer again = start(loops, config(kill(folder)), DISK, TestServer.NOW);
    first.forEach(
        (room, after) -> assertThat(recovered(again, room, after)).containsExactly("two"));
  }

  @Test
  void a_room_that_was_forgotten_stays_forgotten() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 2);
    guest.ask("roomChange defaultRoom");
    server.pass(Duration.ofMinutes(5));
    assertThat(read(kill(folder))).isEmpty();
    refused(start(1, config(kill(folder)), DISK, server.now()), "attic", first);
  }

  @Test
  void age_and_bounds_hold_after_a_restart() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 3);
    TestServer later = start(1, config(kill(folder)), DISK, TestServer.NOW.plusSeconds(61));
    refused(later, "attic", first);
    assertThat(recovered(later, "attic", first.replace(":1", ":3"))).isEmpty();
    TestServer less =
        start(1, config(kill(folder)).with("rooms.historyMessages", 1), DISK, TestServer.NOW);
    refused(less, "attic", first);
    assertThat(recovered(less, "attic", first.replace(":1", ":2"))).containsExactly("3");
    guest.ask("roomChange cellar");
    String young = cursor(guest.ask("say young"));
    TestServer few =
        start(1, config(kill(folder)).with("limits.emptyRooms", 1), DISK, TestServer.NOW);
    assertThat(recovered(few, "cellar", young)).isEmpty();
    TestServer none =
        start(1, config(kill(folder)).with("limits.historyBytes", 0), DISK, TestServer.NOW);
    refused(none, "attic", first);
  }

  @Test
  void a_room_without_messages_begins_anew() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server =
        start(1, config(folder).with("rooms.announcements", true), DISK, TestServer.NOW);
    String joined = cursor(server.guest().ask("roomChange attic"));
    String answer = refused(start(kill(folder)), "attic", joined);
    assertThat(joined).doesNotStartWith(field(answer, "epoch"));
  }

  @Test
  void a_message_longer_than_a_file_is_passed_over() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 2);
    guest.ask("say " + "x".repeat(10_000));
    String last = cursor(guest.ask("say after"));
    TestServer again = start(kill(folder));
    refused(again, "attic", first);
    assertThat(recovered(again, "attic", last.replace(":4", ":3"))).containsExactly("after");
    assertThat(recovered(server, "attic", first)).hasSize(3);
  }

  // --- what goes wrong -------------------------------------------------------------------------

  @Test
  void two_servers_do_not_share_a_folder() {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    assertThatThrownBy(() -> EngineInside.recover(new TestServer(1, config(folder)).earshot, DISK))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("rooms.historyFolder: " + folder)
        .hasMessageContaining("another server");
    server.earshot.close();
    start(folder).earshot.close();
  }

  @Test
  void a_folder_that_is_none_is_refused() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    for (Path folder : List.of(file, file.resolve("x"))) {
      assertThatThrownBy(
              () -> EngineInside.recover(new TestServer(1, config(folder)).earshot, DISK))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("rooms.historyFolder: " + folder + " cannot be used: ");
    }
  }

  @Test
  void a_folder_of_another_version_is_refused_and_left_alone() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    say(server.guest(), 1);
    Path copy = kill(folder);
    Files.writeString(copy.resolve("current"), "earshot-history 2\n");
    assertThatThrownBy(() -> EngineInside.recover(new TestServer(1, config(copy)).earshot, DISK))
        .hasMessageContaining("another version");
    assertThat(log(copy)).exists();
  }

  @Test
  void a_record_that_a_killed_process_did_not_finish_is_not_there() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    byte[] log = Files.readAllBytes(log(folder));
    List<Integer> records = records(log);
    int last = records.get(records.size() - 2);
    for (int cut = last + 4; cut < records.getLast(); cut++) {
      byte[] torn = log.clone();
      Arrays.fill(torn, last, last + 4, (byte) 0);
      Arrays.fill(torn, cut, torn.length, (byte) 0);
      assertThat(lastOf(torn, false)).as("cut at %s", cut).isEqualTo(2);
      if (cut == last + 20) {
        Path copy = kill(folder);
        Files.write(log(copy), torn);
        TestServer again = start(copy);
        assertThat(recovered(again, "attic", first)).containsExactly("2");
        Guest guest = again.guest();
        guest.ask("roomChange attic");
        assertThat(cursor(guest.ask("say x"))).endsWith(":3");
      }
    }
  }

  @Test
  void a_record_that_was_torn_when_the_machine_went_down_is_cut_off() throws IOException {
    Path folder = temp.resolve("x");
    Config forced = config(folder).with("rooms.historySync", "always");
    TestServer server = start(1, forced, DISK, TestServer.NOW);
    String first = say(server.guest(), 3);
    byte[] log = Files.readAllBytes(log(folder));
    List<Integer> records = records(log);
    int last = records.get(records.size() - 2);
    int end = records.getLast();
    while (log[end - 1] == 0) {
      end--;
    }
    var peers = new HistoryFolder.Disk(8 << 10, "restarted", Runnable::run);
    for (int cut = last; cut < end; cut++) {
      byte[] torn = log.clone();
      Arrays.fill(torn, Math.max(cut, last + 4), torn.length, (byte) 0);
      if (cut < last + 4) {
        Arrays.fill(torn, last, last + 4, (byte) 0);
      }
      assertThat(lastOf(torn, true)).as("cut at %s", cut).isEqualTo(2);
    }
    TestServer whole = start(1, config(kill(folder)), peers, TestServer.NOW);
    assertThat(recovered(whole, "attic", first)).containsExactly("2", "3");
  }

  @Test
  void after_a_restart_of_the_machine_rooms_begin_anew_unless_all_was_forced() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    for (String machine : List.of("restarted", "")) {
      var peers = new HistoryFolder.Disk(8 << 10, machine, Runnable::run);
      TestServer again = start(1, config(kill(folder)), peers, TestServer.NOW);
      assertThat(refused(again, "attic", first)).doesNotContain(first.replace(":1", ""));
    }
    server.earshot.close();
    var peers = new HistoryFolder.Disk(8 << 10, "restarted", Runnable::run);
    TestServer closed = start(1, config(kill(folder)), peers, TestServer.NOW);
    assertThat(recovered(closed, "attic", first)).containsExactly("2", "3");
  }

  @Test
  void a_flipped_bit_never_makes_a_server_lie_or_fail_to_start() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    byte[] log = Files.readAllBytes(log(folder));
    List<Integer> records = records(log);
    for (int at = records.get(records.size() - 2); at < records.getLast() - 8; at++) {
      byte[] flipped = log.clone();
      flipped[at] ^= (byte) (1 << (at * 5 % 8));
      assertThatThrownBy(() -> lastOf(flipped, false)).hasMessageContaining("wrong record");
      if (at % 50 == 0) {
        Path copy = kill(folder);
        Files.write(log(copy), flipped);
        assertThat(refused(start(copy), "attic", first)).doesNotContain(first.replace(":1", ""));
      }
    }
  }

  @Test
  void when_files_cannot_be_written_rooms_go_on_in_memory_and_begin_anew_after_a_restart()
      throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 2);
    Path moved = Files.move(folder, temp.resolve("moved")); // nothing can be made there now
    String last = first;
    for (int i = 0; i < 200; i++) {
      last = cursor(guest.ask("say " + i));
    }
    assertThat(last).endsWith(":202");
    assertThat(recovered(server, "attic", last.replace(":202", ":200")))
        .containsExactly("198", "199");
    TestServer again = start(kill(moved));
    refused(again, "attic", last);
    refused(again, "attic", first.replace(":1", ":100"));
    server.earshot.close();
    refused(start(kill(moved)), "attic", last);
  }

  // --- cleaning --------------------------------------------------------------------------------

  @Test
  void the_log_does_not_grow_and_who_is_silent_is_kept() throws IOException {
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
  void a_kill_after_any_record_finds_a_state_that_was() throws IOException {
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
              .max(Comparator.comparingLong(HistoryFilesTest::number))
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

  // --- chance ----------------------------------------------------------------------------------

  /** What was told where. */
  private static final class Model {
    /** By room and epoch: what was said under which offset. */
    private final Map<String, NavigableMap<Long, String>> said = new TreeMap<>();

    private final Map<String, String> epochs = new TreeMap<>();

    void told(String room, String answer, String text) {
      assertThat(answer).contains("\"status\":\"OK\"");
      String epoch = field(answer, "epoch");
      epochs.put(room, epoch);
      String before =
          said.computeIfAbsent(room + " " + epoch, _ -> new TreeMap<>())
              .put(Long.parseLong(field(answer, "offset")), text);
      assertThat(before).as("told twice at %s", answer).isNull();
    }

    /** Asks for all from everywhere, and believes nothing. */
    void check(TestServer server, boolean isAllThere) {
      said.forEach(
          (key, texts) -> {
            String room = key.substring(0, key.indexOf(' '));
            String epoch = key.substring(key.indexOf(' ') + 1);
            for (long known = texts.lastKey(); known > texts.lastKey() - 8; known--) {
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
                assertThat(heard).isEmpty();
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

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void whatever_happens_and_whenever_it_is_killed_nothing_is_lost_or_told_twice(int seed)
      throws IOException {
    var random = new Random(seed);
    var model = new Model();
    Path folder = temp.resolve("first");
    Instant now = TestServer.NOW;
    int text = 0;
    for (int run = 0; run < 6; run++) {
      var disk =
          new HistoryFolder.Disk(
              1 << (11 + random.nextInt(3)),
              "here",
              task -> {
                // Making a file is done; deleting one may come too late.
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
