package io.earshot.netty.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TCP lines over real sockets, with another client in the room that must not be affected. */
@ParameterizedClass
@EnumSource(names = {"LEAN_LINES", "EPOLL_LINES"})
final class LinesTest {
  private final Kind kind;
  private final EarshotServer server;
  private final TcpClient witness;
  private final TcpClient client;

  LinesTest(Kind kind) {
    this.kind = kind;
    this.server = kind.start(Config.defaults());
    this.witness = TcpClient.welcomed(server.tcpPort());
    this.client = TcpClient.welcomed(server.tcpPort());
  }

  @AfterEach
  void stop() {
    witness.close();
    client.close();
    server.close();
  }

  private void theOthersChatOn() {
    assertThat(witness.ask("roomView")).contains("OK");
    try (var other = TcpClient.welcomed(server.tcpPort())) {
      assertThat(other.ask("say still here")).contains("OK");
      String heard = witness.heard();
      while (!heard.contains("still here")) {
        heard = witness.heard();
      }
    }
  }

  @Test
  void checks_of_the_port_are_not_announced() throws IOException {
    // As nc -z does it (FIN), and as HAProxy's checks do it (RST).
    try (EarshotServer quiet =
            kind.start(
                Config.defaults()
                    .with("rooms.announceAfter", "20s")
                    .with("general.resumeWindow", "20s"));
        TcpClient member = TcpClient.welcomed(quiet.tcpPort())) {
      assertThat(member.ask("roomView")).contains("\"membersCount\":1");
      for (int i = 0; i < 20; i++) {
        try (var check = new Socket(InetAddress.getLoopbackAddress(), quiet.tcpPort())) {
          check.setSoLinger(i % 2 == 0, 0);
          if (i % 4 > 1) {
            assertThat(check.getInputStream().read()).isEqualTo('{');
          }
        }
      }
      try (TcpClient other = TcpClient.welcomed(quiet.tcpPort())) {
        other.ask("say hi");
        assertThat(member.heard()).contains("I have entered the room");
        assertThat(member.heard()).contains("\"hi\"");
        assertThat(member.ask("roomView")).contains("\"membersCount\":2");
        assertThat(other.ask("quit")).contains("Bye!");
      }
      assertThat(member.heard()).contains("I have left the room");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "paramAdd",
        "toString",
        "constructor",
        "__proto__",
        "hasOwnProperty",
        "roomChange __proto__",
        "roomChange constructor",
        "roomChange",
        "listenToRoom",
        "silenceRoom",
        "listenToRoom __proto__",
        "{\"action\":\"say\",\"params\":{\"message\":null}}",
        "{\"action\":null}",
        "{\"action\":{}}",
        "{\"action\":\"x\",\"params\":null}",
        "{}",
        "[]",
        "\"x\"",
        "[1]",
        "{\"event\":\"__proto__\"}",
        "{\"event\":\"action\",\"params\":{\"action\":\"toString\"}}",
        "{",
        "}",
        "\u0000",
        "say \u0000\u0001",
        "paramView __proto__",
        "paramAdd __proto__=x",
        "paramDelete constructor",
        "roomLeave x",
        "   ",
        "=",
        "\\"
      })
  void a_bad_line_does_not_end_the_connection(String line) {
    assertThat(client.ask(line)).contains("\"context\":\"response\"", "\"messageCount\":1");
    assertThat(client.ask("detailsView")).contains("\"messageCount\":2");
    theOthersChatOn();
  }

  @Test
  void a_line_of_40_kB_is_said_and_one_of_1_MB_is_refused_once() {
    String text = "x".repeat(40_000);
    assertThat(client.ask("say " + text)).contains("OK");
    assertThat(witness.heard()).contains("I have entered");
    assertThat(witness.heard()).contains("\"" + text + "\"");
    client.text("y".repeat(1 << 20));
    assertThat(client.reply()).contains("lines have at most 65536 bytes", "\"messageCount\":2");
    client.text("\r\n");
    assertThat(client.ask("roomView")).contains("OK", "\"messageCount\":3");
    theOthersChatOn();
  }

  @Test
  void deep_json_and_text_that_is_not_utf8_are_answered() {
    assertThat(client.ask("{\"event\":\"say\",\"message\":" + "[".repeat(30_000)))
        .contains("deeper than 64");
    client.bytes((byte) 's', (byte) 'a', (byte) 'y', (byte) ' ', (byte) 0xFF, (byte) '\n');
    assertThat(client.reply()).contains("not valid UTF-8", "\"messageCount\":2");
    theOthersChatOn();
  }

  @Test
  void line_breaks_and_nuls_in_a_text_stay_in_one_line() {
    client.ask("{\"event\":\"say\",\"message\":\"a\\r\\nb\\u0000c\"}");
    witness.heard();
    assertThat(witness.heard()).contains("\"a\\r\\nb\\u0000c\"");
  }

  @Test
  void empty_lines_are_not_counted() {
    client.text("\r\n\n\r\r\n");
    assertThat(client.ask("roomView")).contains("\"messageCount\":1");
  }

  @Test
  void a_page_that_posts_to_this_port_says_nothing() {
    String body = "say hi\nquit\n";
    try (var page = TcpClient.welcomed(server.tcpPort())) {
      page.text(
          "POST / HTTP/1.1\r\nHost: 127.0.0.1:"
              + server.tcpPort()
              + "\r\nConnection: keep-alive\r\nContent-Length: "
              + body.length()
              + "\r\nContent-Type: text/plain;charset=UTF-8\r\nOrigin: https://evil.example\r\n\r\n"
              + body);
      assertThat(page.rest())
          .singleElement()
          .asString()
          .isEqualTo(
              "{\"context\":\"response\",\"error\":\"Error: this port takes lines of Earshot's protocol,"
                  + " and the first line was an HTTP request (HTTP has a port of its own); the connection"
                  + " is closed\",\"messageCount\":1}");
    }
    client.send("say end");
    String heard = witness.heard();
    while (!heard.contains("\"end\"")) {
      assertThat(heard).doesNotContain("\"hi\"");
      heard = witness.heard();
    }
  }

  @Test
  void ctrl_c_quits() {
    client.bytes((byte) 0xFF, (byte) 0xF4, (byte) 0xFF, (byte) 0xFD, (byte) 6);
    assertThat(client.rest())
        .singleElement()
        .asString()
        .startsWith("{\"status\":\"Bye!\",\"context\":\"response\",\"reason\":\"request\"");
  }

  @Test
  void ctrl_d_quits() {
    client.bytes((byte) 4);
    assertThat(client.rest()).singleElement().asString().contains("Bye!");
  }

  @Test
  void
      after_the_last_line_of_one_who_only_listens_on_everything_is_answered_then_the_stream_ends() {
    client.text("say one\nroomView\nsay two\n");
    client.shutdownOutput();
    assertThat(client.rest()).hasSize(3);
    assertThat(List.of(witness.heard(), witness.heard(), witness.heard(), witness.heard()))
        .satisfiesExactly(
            line -> assertThat(line).contains("entered"),
            line -> assertThat(line).contains("one"),
            line -> assertThat(line).contains("two"),
            line -> assertThat(line).contains("left"));
  }

  @Test
  void a_reset_is_noticed_and_announced() {
    witness.heard();
    client.reset();
    assertThat(witness.heard()).contains("I have left the room");
  }

  @Test
  void requests_after_quit_in_the_same_packet_are_not_worked_and_quit_is_answered() {
    client.text("quit\r\n" + "say x\r\n".repeat(5_000));
    assertThat(client.rest()).singleElement().asString().contains("Bye!");
  }

  @Test
  void a_silent_client_is_disconnected_if_the_settings_say_so() throws Exception {
    Config config = Config.defaults().with("tcpServer.idleTimeout", "1s");
    try (EarshotServer strict = kind.start(config);
        var silent = TcpClient.welcomed(strict.tcpPort())) {
      assertThat(silent.rest()).singleElement().asString().contains("idle for too long");
    }
  }
}
