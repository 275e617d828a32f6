package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server is killed (SIGKILL) under load, and started again: the plug-in of {@code examples/feed}
 * has each message that was answered OK.
 */
class FeedKillTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int SPEAKERS = 3;
  private static final int ENOUGH = 2_000;
  private static final Pattern OFFSET = Pattern.compile("\"offset\":(\\d+)");
  private static final Pattern EPOCH = Pattern.compile("\"epoch\":\"([^\"]+)\"");
  private static final Pattern ROOM = Pattern.compile("\"room\":\"([^\"]+)\"");

  @TempDir Path folder;

  /** The places of the messages that were answered OK. */
  private final Set<String> answered = ConcurrentHashMap.newKeySet();

  private final Queue<String> faults = new ConcurrentLinkedQueue<>();

  /** Those of them that the file does not have, as far as it was read. */
  private final Set<String> missing = new HashSet<>();

  private long read;

  @Test
  void each_message_that_was_answered_before_a_kill_is_told_and_in_the_order_of_its_room()
      throws Exception {
    try (Program program = earshot(2)) {
      int port = port(program);
      var said = new CountDownLatch(ENOUGH);
      var speakers = new ArrayList<Thread>();
      for (int i = 0; i < SPEAKERS; i++) {
        String room = "orders." + i;
        speakers.add(Thread.startVirtualThread(() -> speak(port, room, said)));
      }
      assertThat(said.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("%s", faults).isTrue();
      program.kill();
      program.status(PATIENCE);
      for (Thread speaker : speakers) {
        assertThat(speaker.join(PATIENCE)).isTrue();
      }
      assertThat(faults).isEmpty();
    }
    try (Program program = earshot(3)) { // with another number of event loops
      port(program);
      missing.addAll(answered);
      Await.until(() -> missing.size() + " messages", PATIENCE, this::areAllThere);
    }
    assertAreInOrder();
  }

  /** Whether the file has all messages; reads what was added since the last call. */
  private boolean areAllThere() throws IOException {
    try (var file = new RandomAccessFile(folder.resolve("messages.jsonl").toFile(), "r")) {
      file.seek(read);
      byte[] more = new byte[(int) (file.length() - read)];
      file.readFully(more);
      String text = new String(more, UTF_8);
      int whole = text.lastIndexOf('\n') + 1;
      text.substring(0, whole)
          .lines()
          .filter(FeedKillTest::isWhole)
          .forEach(line -> missing.remove(place(line)));
      read += text.substring(0, whole).getBytes(UTF_8).length;
    }
    return missing.isEmpty();
  }

  /** The whole lines. */
  private List<String> lines() throws IOException {
    String text = Files.readString(folder.resolve("messages.jsonl"), UTF_8);
    return text.lines().filter(FeedKillTest::isWhole).toList();
  }

  /**
   * Whether a line was written to its end: the kill may have torn one, which the next start ends.
   */
  private static boolean isWhole(String line) {
    return line.endsWith("}");
  }

  private static String place(String line) {
    return field(ROOM, line) + " " + field(EPOCH, line) + " " + field(OFFSET, line);
  }

  private static String field(Pattern pattern, String line) {
    Matcher found = pattern.matcher(line);
    assertThat(found.find()).as("%s in %s", pattern, line).isTrue();
    return found.group(1);
  }

  /** A repeat may come after a kill; without the repeats each room has its offsets in order. */
  private void assertAreInOrder() throws IOException {
    var ids = new HashMap<String, String>();
    var last = new HashMap<String, Long>();
    for (String line : lines()) {
      String id = line.substring(0, line.indexOf(' '));
      String before = ids.put(id, place(line));
      assertThat(before == null || before.equals(place(line))).as(line).isTrue();
      if (before == null) {
        long offset = Long.parseLong(field(OFFSET, line));
        Long previous = last.put(field(ROOM, line) + field(EPOCH, line), offset);
        assertThat(offset).as(line).isEqualTo(previous == null ? 1 : previous + 1);
      }
    }
  }

  private Program earshot(int loops) throws IOException {
    var command = new ArrayList<>(Program.server());
    command.addAll(
        List.of(
            "--tcp",
            "0",
            "--http",
            "0",
            "--actions",
            System.getProperty("earshot.root") + "/examples/feed",
            "--set",
            "general.eventLoops=" + loops,
            "--set",
            "rooms.announcements=false",
            "--set",
            "feed.folder=feed",
            "--set",
            "limits.messagesPerSecond=0",
            "--set",
            "limits.outboundBytes=200000000"));
    return new Program(folder, Map.of(), command);
  }

  private static int port(Program program) throws InterruptedException {
    var banner = new StringBuilder();
    while (!banner.toString().contains("Ctrl-C")) {
      banner.append(program.line(PATIENCE)).append('\n');
    }
    Matcher port = Pattern.compile("nc localhost (\\d+)").matcher(banner);
    assertThat(port.find()).as("a port in %s", banner).isTrue();
    return Integer.parseInt(port.group(1));
  }

  /** Sends messages without waiting for answers, until the server ends. */
  private void speak(int port, String room, CountDownLatch said) {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      socket.getOutputStream().write(("roomChange " + room + "\n").getBytes(UTF_8));
      String joined = in.readLine();
      while (joined != null && !joined.contains("\"context\":\"response\"")) {
        joined = in.readLine();
      }
      Thread.startVirtualThread(() -> write(socket));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.contains("\"context\":\"response\"")) {
          if (!line.contains("\"status\":\"OK\"")) {
            faults.add(line);
          }
          answered.add(room + " " + field(EPOCH, line) + " " + field(OFFSET, line));
          said.countDown();
        }
      }
    } catch (IOException e) {
      // The server was killed.
    } catch (RuntimeException | Error e) {
      faults.add(e.toString());
    }
  }

  private static void write(Socket socket) {
    try {
      for (int i = 0; i < 20_000; i++) {
        socket.getOutputStream().write(("say number " + i + "\n").getBytes(UTF_8));
      }
    } catch (IOException e) {
      // The server was killed.
    }
  }
}
