package io.earshot.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.access.RoomRules;
import io.earshot.disk.Disk;
import io.earshot.disk.Segment;
import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Servers whose rooms have a history on disk. A kill is a copy of the files at that moment. */
abstract class HistoryFiles {
  static final Disk DISK = disk(8 << 10);

  @TempDir Path temp;
  private int copies;

  static Disk disk(int segmentBytes) {
    return new Disk(segmentBytes, "here", Runnable::run);
  }

  static Config config(Path folder) {
    return TestServer.quiet()
        .with("rooms.historyFolder", folder.toString())
        .with("rooms.historyAge", "60s")
        .with("rooms.historyMessages", 5);
  }

  TestServer start(Path folder) {
    return start(1, config(folder), DISK, TestServer.NOW);
  }

  static TestServer start(int loops, Config config, Disk disk, Instant now) {
    var server = new TestServer(loops, config, now);
    try {
      EngineInside.recover(server.earshot, disk);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return server;
  }

  /** Copies the files, as a kill would leave them now. */
  Path kill(Path folder) throws IOException {
    Path copy = Files.createDirectory(temp.resolve("copy" + copies++));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> !each.endsWith("lock")).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  static void delete(TestServer server, Path folder) throws IOException {
    server.earshot.close();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  static String field(String json, String name) {
    Matcher field = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
    assertThat(field.find()).as("%s in %s", name, json).isTrue();
    return field.group(1);
  }

  static String cursor(String json) {
    return field(json, "epoch") + ":" + field(json, "offset");
  }

  static List<String> recovered(TestServer server, String room, String after) {
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange " + room + " after=" + after)).contains("\"recovered\":true");
    return guest.heard();
  }

  static String refused(TestServer server, String room, String after) {
    Guest guest = server.guest();
    String answer = guest.ask("roomChange " + room + " after=" + after);
    assertThat(answer).contains("\"recovered\":false");
    assertThat(guest.heard()).isEmpty();
    return answer;
  }

  /** Says the messages 1 to n in the attic, and returns the cursor of the first. */
  static String say(Guest guest, int n) {
    guest.ask("roomChange attic");
    String first = cursor(guest.ask("say 1"));
    IntStream.rangeClosed(2, n).forEach(i -> guest.ask("say " + i));
    return first;
  }

  Path log(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith("-0.log"))
          .min(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  /** The positions of the records, and last the position after them. */
  static List<Integer> records(byte[] log) {
    var starts = new ArrayList<Integer>();
    int at = Segment.START;
    starts.add(at);
    while (at + Segment.HEAD <= log.length && ByteBuffer.wrap(log).getInt(at) != 0) {
      at = Segment.next(at, ByteBuffer.wrap(log).getInt(at) ^ Segment.IS_THERE);
      starts.add(at);
    }
    return starts;
  }

  /** The last offset of the only room of a log. */
  long lastOf(byte[] log, boolean mayBeTorn) throws IOException, Recovery.DamagedException {
    Path file = Files.write(temp.resolve("log"), log);
    var recovery = new Recovery(new RoomRules(config(temp).rooms())::of, mayBeTorn);
    return recovery.read(new TreeMap<>(Map.of(0L, file))).getFirst().offset;
  }

  List<Recovery.Remembered> read(Path folder) throws IOException {
    try {
      return new Recovery(new RoomRules(config(folder).rooms())::of, false)
          .read(new TreeMap<>(Map.of(0L, log(folder))));
    } catch (Recovery.DamagedException e) {
      throw new AssertionError(e);
    }
  }
}
