package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands in the documentation that make a token for a private room. */
class PrivateScriptTest {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern TOKEN = Pattern.compile("and there: (roomChange \\S+ token=\\S+)");

  @TempDir Path folder;

  @Test
  void the_four_lines_make_a_token_that_admits_a_client() throws Exception {
    Path root = Path.of(System.getProperty("earshot.root", ".."));
    String script = Files.readString(root.resolve("docs/private.sh"));
    assertThat(script.lines()).hasSize(4);
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (var program = new Program(folder, Map.of(), List.of("sh", "-c", runnable(script, port)))) {
      try {
        String request = null;
        boolean listens = false;
        while (request == null || !listens) {
          String line = program.line(PATIENCE);
          Matcher token = TOKEN.matcher(line);
          request = token.find() ? token.group(1) : request;
          listens |= line.contains("is listening");
        }
        assertThat(answer(port, "roomChange private.attic")).contains("asks for a token");
        assertThat(answer(port, request)).contains("\"status\":\"OK\",\"room\":\"private.attic\"");
      } finally {
        ProcessHandle.of(program.pid())
            .ifPresent(shell -> shell.descendants().forEach(ProcessHandle::destroyForcibly));
      }
    }
  }

  /** The same with ports that are free, and the program of this build. */
  static String runnable(String script, int port) {
    String earshot = Program.serverInShell();
    return script
        .replace("./earshot", earshot)
        .replace("--tcp 5000 --http 8080", "--tcp " + port + " --http 0");
  }

  static String answer(int port, String request) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket.getOutputStream().write((request + "\nquit\n").getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
