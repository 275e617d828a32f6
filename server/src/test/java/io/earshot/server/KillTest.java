package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server with history files is killed (SIGKILL) under load, and started again. */
class KillTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern PLACE =
      Pattern.compile(
          "\"offset\":(\\d+),\"epoch\":\"([^\"]+)\"|\"epoch\":\"([^\"]+)\",\"offset\":(\\d+)");
  private static final Pattern TEXT = Pattern.compile("\\{\"message\":\"([^\"]+)\"");

  @TempDir Path folder;

  /** The messages that were answered OK, by offset. */
  private final Map<Long, String> answered = new ConcurrentHashMap<>();

  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private String epoch = "";

  @ParameterizedTest
  @ValueSource(strings = {"never", "always"})
  void messages_confirmed_before_a_kill_are_recovered_once_and_in_order(String sync)
      throws Exception {
    int runs = sync.equals("never") ? 3 : 2;
    for (int run = 0; run < runs; run++) {
      try (Program program = earshot(sync)) {
        int port = port(program);
        if (run > 0) {
          assertIsRecovered(port);
        }
        int enough = sync.equals("never") ? 1_500 : 100;
        var said = new CountDownLatch(enough);
        var speakers = new ArrayList<Thread>();
        for (int speaker = 0; speaker < 3; speaker++) {
          String name = "run" + run + "-" + speaker + "-";
          speakers.add(Thread.startVirtualThread(() -> speak(port, name, said)));
        }
        assertThat(said.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("%s", faults).isTrue();
        program.kill();
        program.status(PATIENCE);
        for (Thread speaker : speakers) {
          assertThat(speaker.join(PATIENCE)).isTrue();
        }
        assertThat(faults).isEmpty();
      }
    }
    try (Program program = earshot(sync)) {
      assertIsRecovered(port(program));
    }
  }

  private Program earshot(String sync) throws IOException {
    var command = new ArrayList<>(Program.server());
    command.addAll(
        List.of(
            "--tcp",
            "0",
            "--http",
            "0",
            "--set",
            "general.eventLoops=2",
            "--set",
            "rooms.announcements=false",
            "--set",
            "rooms.historyFolder=rooms",
            "--set",
            "rooms.historySync=" + sync,
            "--set",
            "rooms.historyMessages=1000000",
            "--set",
            "rooms.historyBytes=60000000",
            "--set",
            "rooms.historyAge=1h",
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
  private void speak(int port, String name, CountDownLatch said) {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      socket.getOutputStream().write("roomChange den\n".getBytes(UTF_8));
      String joined = in.readLine();
      while (joined != null && !joined.contains("\"context\":\"response\"")) {
        joined = in.readLine(); // the welcome, or the join of another client
      }
      Thread.startVirtualThread(() -> write(socket, name));
      int count = 0;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.contains("\"context\":\"response\"")) {
          answer(line, name + count++);
          said.countDown();
        }
      }
    } catch (IOException e) {
      // The server was killed.
    } catch (RuntimeException | Error e) {
      faults.add(e.toString());
    }
  }

  private static void write(Socket socket, String name) {
    try {
      for (int i = 0; i < 20_000; i++) {
        socket.getOutputStream().write(("say " + name + i + "\n").getBytes(UTF_8));
      }
    } catch (IOException e) {
      // The server was killed.
    }
  }

  private void answer(String line, String text) {
    Matcher place = PLACE.matcher(line);
    if (!line.contains("\"status\":\"OK\"") || !place.find()) {
      faults.add(line);
    } else if (answered.put(offset(place), text) != null) {
      faults.add("stored twice: " + line);
    } else {
      String said = place.group(2) == null ? place.group(3) : place.group(2);
      synchronized (this) {
        if (!epoch.isEmpty() && !epoch.equals(said)) {
          faults.add("another epoch: " + line);
        }
        epoch = said;
      }
    }
  }

  private static long offset(Matcher place) {
    return Long.parseLong(place.group(1) == null ? place.group(4) : place.group(1));
  }

  private void assertIsRecovered(int port) throws IOException {
    long first = answered.keySet().stream().min(Long::compare).orElseThrow();
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      String ask = "roomChange den after=" + epoch + ":" + first + "\n";
      socket.getOutputStream().write(ask.getBytes(UTF_8));
      String line = in.readLine();
      while (!line.contains("\"context\":\"response\"")) {
        line = in.readLine();
      }
      assertThat(line).contains("\"recovered\":true");
      Matcher place = PLACE.matcher(line);
      assertThat(place.find()).isTrue();
      long last = offset(place);
      var received = new HashMap<Long, String>();
      var texts = new HashSet<String>();
      for (long offset = first; offset < last; ) {
        String message = in.readLine();
        Matcher at = PLACE.matcher(message);
        Matcher text = TEXT.matcher(message);
        assertThat(at.find() && text.find()).as(message).isTrue();
        assertThat(offset(at)).as(message).isEqualTo(offset + 1);
        offset = offset(at);
        received.put(offset, text.group(1));
        assertThat(text.group(1).startsWith("run") && !texts.add(text.group(1))).isFalse();
      }
      var expected = new HashMap<>(answered);
      expected.remove(first);
      assertThat(received).containsAllEntriesOf(expected);
    }
  }
}
