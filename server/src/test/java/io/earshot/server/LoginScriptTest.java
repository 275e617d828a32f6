package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands in the documentation that start a server for users and make a login. */
class LoginScriptTest {
  private static final Pattern LOGIN = Pattern.compile("and there: (login \\S+)");

  @TempDir Path folder;

  @Test
  void the_lines_start_a_server_for_users_and_make_a_token_of_one() throws Exception {
    Path root = Path.of(System.getProperty("earshot.root", ".."));
    String script = Files.readString(root.resolve("docs/login.sh"));
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> command = List.of("sh", "-c", PrivateScriptTest.runnable(script, port));
    try (var program = new Program(folder, Map.of(), command)) {
      try {
        String request = null;
        boolean listens = false;
        while (request == null || !listens) {
          String line = program.line(PrivateScriptTest.PATIENCE);
          Matcher login = LOGIN.matcher(line);
          request = login.find() ? login.group(1) : request;
          listens |= line.contains("is listening");
        }
        assertThat(PrivateScriptTest.answer(port, "say hello")).contains("Error: log in first");
        assertThat(PrivateScriptTest.answer(port, request))
            .contains("\"status\":\"OK\",\"user\":{\"id\":\"ada\",\"name\":\"Ada\"}");
      } finally {
        ProcessHandle.of(program.pid())
            .ifPresent(shell -> shell.descendants().forEach(ProcessHandle::destroyForcibly));
      }
    }
  }
}
