package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.redis.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands in the documentation that start a cluster. */
class ClusterScriptTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern PORT = Pattern.compile("nc localhost (\\d+)");

  @TempDir Path folder;

  @Test
  void the_four_lines_make_two_servers_that_share_their_rooms() throws Exception {
    RedisServer.assumeInstalled();
    Path root = Path.of(System.getProperty("earshot.root", ".."));
    String script = Files.readString(root.resolve("docs/cluster.sh"));
    assertThat(script.lines()).hasSize(4);
    try (var program = new Program(folder, Map.of(), List.of("sh", "-c", runnable(script)))) {
      try (var one = new Talk(port(program));
          var other = new Talk(port(program))) {
        // Redis may be there later than they are.
        other.askUntilItIsLive("roomChange attic");
        one.askUntilItIsLive("roomChange attic");
        one.send("say hello from one server");
        assertThat(other.next("hello from one server")).contains("\"context\":\"user\"");
      } finally {
        ProcessHandle.of(program.pid())
            .ifPresent(shell -> shell.descendants().forEach(ProcessHandle::destroyForcibly));
      }
    }
  }

  /** The same with ports that are free, the program of this build, and what it says on stdout. */
  private static String runnable(String script) throws IOException {
    String earshot = Program.serverInShell();
    String redis;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      redis = Integer.toString(free.getLocalPort());
    }
    return script
        .replace("./earshot", earshot)
        .replace("6379", redis)
        .replaceAll("--(tcp|http) \\d+", "--$1 0")
        .replaceAll(" > \\S+\\.log", "");
  }

  private static int port(Program program) throws InterruptedException {
    while (true) {
      Matcher port = PORT.matcher(program.line(PATIENCE));
      if (port.find()) {
        return Integer.parseInt(port.group(1));
      }
    }
  }

  /** A client over TCP that has read its welcome. Owned by the test's thread. */
  private static final class Talk implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader in;

    Talk(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout((int) PATIENCE.toMillis());
      in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      next("\"welcome\"");
    }

    void send(String line) throws IOException {
      socket.getOutputStream().write((line + "\n").getBytes(UTF_8));
    }

    /** Asks until the answer has a place in the order that the servers share. */
    void askUntilItIsLive(String line) throws IOException {
      String answer = "";
      while (!answer.contains("\"offset\"")) {
        send(line);
        answer = next("\"context\":\"response\"");
      }
    }

    String next(String part) throws IOException {
      String line = in.readLine();
      while (!line.contains(part)) {
        line = in.readLine();
      }
      return line;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
