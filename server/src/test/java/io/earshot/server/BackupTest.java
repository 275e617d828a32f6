package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The history folder is copied while the server works, by the script of the documentation. */
class BackupTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern ANSWER =
      Pattern.compile("\"status\":\"OK\",\"epoch\":\"([^\"]+)\",\"offset\":(\\d+)");
  private static final Pattern MESSAGE =
      Pattern.compile("\\{\"message\":\"([^\"]+)\".*\"offset\":(\\d+)");

  private static final Map<String, String> RULES =
      Map.of(
          "rooms.announcements", "false",
          "rooms.historyMessages", "1000000",
          "rooms.historyBytes", "60000000",
          "limits.outboundBytes", "200000000");

  @TempDir Path folder;

  /** The messages that were answered OK, by offset. */
  private final SortedMap<Long, String> answered = new ConcurrentSkipListMap<>();

  private volatile String epoch = "";
  private volatile boolean speaks = true;

  @Test
  void a_copy_made_under_load_has_each_message_confirmed_before_it() throws Exception {
    try (Serve serve = serve("history");
        var socket = new Socket(InetAddress.getLoopbackAddress(), serve.server().tcpPort())) {
      Thread speaker = Thread.startVirtualThread(() -> speak(socket));
      Await.until("2000 messages", () -> answered.size() >= 2_000);
      long before = answered.lastKey();
      backUp();
      long after = answered.lastKey();
      Await.until("more messages", () -> answered.lastKey() > after + 100);
      speaks = false;
      assertThat(speaker.join(PATIENCE)).isTrue();
      assertThat(Files.readString(folder.resolve("copy/current"))).contains("\nclosed true\n");
      // As on another machine, where only a folder that was closed is used.
      Path current = folder.resolve("copy/current");
      Files.writeString(
          current, Files.readString(current).replaceAll("machine .*", "machine another"));
      assertThat(lastOfCopy()).isGreaterThanOrEqualTo(before);
      assertThat(after).isGreaterThan(before);
    }
  }

  private Serve serve(String history) throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("limits.messagesPerSecond", 0)
            .with("rooms.historyFolder", folder.resolve(history).toString());
    for (Map.Entry<String, String> rule : RULES.entrySet()) {
      config = config.with(rule.getKey(), rule.getValue());
    }
    return Serve.start(config);
  }

  private void backUp() throws Exception {
    Path script = Path.of(System.getProperty("earshot.root"), "docs", "backup.sh");
    var command =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                PrivateScriptTest.runnable(Files.readString(script), 0),
                "backup.sh",
                "history",
                "copy"));
    RULES.forEach((name, value) -> command.addAll(List.of("--set", name + "=" + value)));
    try (Program backup = new Program(folder, Map.of(), command)) {
      assertThat(backup.status(PATIENCE)).as("%s", backup.err()).isZero();
      assertThat(String.join("\n", backup.out())).contains("history: 1 rooms and ");
    }
  }

  /** Sends messages, 50 at a time, and keeps those that were answered. */
  private void speak(Socket socket) {
    try {
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      for (int said = 0; speaks; said += 50) {
        var lines = new StringBuilder();
        for (int i = said; i < said + 50; i++) {
          lines.append("say m").append(i).append('\n');
        }
        socket.getOutputStream().write(lines.toString().getBytes(UTF_8));
        for (int i = said; i < said + 50; ) {
          String line = in.readLine();
          Matcher answer = ANSWER.matcher(line);
          if (answer.find()) {
            epoch = answer.group(1);
            answered.put(Long.parseLong(answer.group(2)), "m" + i);
          }
          // A room that has had its messages of this second refuses more of them.
          i += line.contains("\"context\":\"response\"") ? 1 : 0;
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads all messages of a server that was started from the copy; returns the last offset. */
  private long lastOfCopy() throws Exception {
    long first = answered.firstKey();
    try (Serve serve = serve("copy");
        var socket = new Socket(InetAddress.getLoopbackAddress(), serve.server().tcpPort())) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      String resume = "roomChange defaultRoom after=" + epoch + ":" + first + "\n";
      socket.getOutputStream().write(resume.getBytes(UTF_8));
      String line = in.readLine();
      while (!line.contains("\"context\":\"response\"")) {
        line = in.readLine();
      }
      Matcher answer = Pattern.compile("\"offset\":(\\d+),\"recovered\":true").matcher(line);
      assertThat(answer.find()).as(line).isTrue();
      long end = Long.parseLong(answer.group(1));
      long last = first;
      for (Map.Entry<Long, String> said : answered.tailMap(first + 1).entrySet()) {
        if (said.getKey() <= end) {
          Matcher message = MESSAGE.matcher(in.readLine());
          assertThat(message.find()).isTrue();
          assertThat(message.group(1)).isEqualTo(said.getValue());
          last = Long.parseLong(message.group(2));
          assertThat(last).isEqualTo(said.getKey());
        }
      }
      return last;
    }
  }
}
