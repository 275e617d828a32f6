package io.earshot.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExamplesTest {

  @Test
  void the_embedded_server_sends_messages_and_lists_members() throws Exception {
    var printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    System.setOut(new PrintStream(printed, true, UTF_8));
    try {
      EmbeddedServer.main(new String[0]);
    } finally {
      System.setOut(out);
    }
    assertThat(printed.toString(UTF_8).lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("\"welcome\":", "\"room\":\"lobby\""),
            line -> assertThat(line).contains("The doors are open.", "\"from\":\"Earshot\""),
            line -> assertThat(line).contains("Red team, get ready.", "\"from\":\"referee\""),
            line -> assertThat(line).isEqualTo("in lobby:  1"));
  }

  @Test
  void the_first_server_sends_a_message_to_the_client_whose_line_is_its_action() throws Exception {
    Config config = Config.defaults().with("tcpServer.port", 0).with("httpServer.port", 0);
    try (EarshotServer server = FirstServer.start(config);
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.tcpPort());
        var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8))) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write("doors\r\n".getBytes(UTF_8));
      assertThat(in.readLine()).contains("\"welcome\":");
      assertThat(List.of(in.readLine(), in.readLine()))
          .anyMatch(line -> line.contains("{\"message\":\"Doors open.\""))
          .anyMatch(line -> line.contains("\"context\":\"response\""));
    }
  }

  @Test
  void the_embedded_actions_answer_and_refuse() throws Exception {
    Config config = Config.defaults().with("tcpServer.port", 0).with("httpServer.port", 0);
    try (EarshotServer server = EmbeddedActions.start(config);
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.tcpPort());
        var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8))) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write("paramAdd name=Ada\r\ngreet\r\n".getBytes(UTF_8));
      assertThat(in.readLine()).contains("\"welcome\":");
      assertThat(in.readLine()).contains("\"status\":\"OK\"");
      assertThat(in.readLine()).contains("\"greeting\":\"Hello, Ada\"");
      socket.getOutputStream().write("vote\r\n".getBytes(UTF_8));
      assertThat(in.readLine()).contains("\"error\":\"Error: log in first\"");
    }
  }
}
