package io.earshot.netty.socket;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.loop.Sockets;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sockets without a channel in cases that once failed. */
final class LeanSocketTest {
  private final EarshotServer server =
      Kind.LEAN_FRAMES.start(
          Config.defaults().with("rooms.announcements", false).with("limits.messagesPerSecond", 0));

  @AfterEach
  void stop() {
    server.close();
  }

  private void nobodyIsLeft() {
    Await.until(
        "nobody is left",
        () ->
            server.api().connections().isEmpty()
                && server
                    .api()
                    .chatRoom()
                    .socketRoomStatus("defaultRoom")
                    .toCompletableFuture()
                    .join()
                    .members()
                    .isEmpty());
  }

  /** A socket whose close is one: the JDK's shuts it down first, and so is never this abrupt. */
  private static final class Abrupt {
    private final Socket socket = Socket.newSocketStream();
    private final ByteBuf bytes = Unpooled.directBuffer(4096);

    Abrupt(int port) throws IOException {
      if (!socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
        while (!socket.finishConnect()) {
          Thread.onSpinWait();
        }
      }
    }

    void send(String text) throws IOException {
      bytes.clear().writeBytes(text.getBytes(StandardCharsets.UTF_8));
      assertThat(Sockets.send(socket, bytes, 0, bytes.readableBytes())).isEqualTo(text.length());
    }

    void hear(String what) throws IOException {
      var heard = new StringBuilder();
      while (!heard.toString().contains(what)) {
        int read = Sockets.receive(socket, bytes.clear());
        assertThat(read).as("the stream goes on").isNotNegative();
        heard.append(bytes.toString(StandardCharsets.UTF_8));
      }
    }

    void close() throws IOException {
      socket.close();
      bytes.release();
    }
  }

  /** Messages that wait for the answer before them are on the heap. */
  @Test
  void bytes_on_the_heap_are_sent_as_others_are() throws IOException {
    var client = new Abrupt(server.tcpPort());
    client.hear("welcome");
    ByteBuf heap = Unpooled.copiedBuffer("...say hello\r\n", StandardCharsets.UTF_8);
    assertThat(Sockets.send(client.socket, heap, 3, 11)).isEqualTo(11);
    client.hear("\"status\":\"OK\"");
    client.close();
  }

  @Test
  void a_client_that_closes_and_reads_nothing_is_forgotten() throws IOException {
    for (int i = 0; i < 50; i++) {
      var client = new Abrupt(server.httpPort());
      client.send(WebSocketClient.handshake("/"));
      client.hear("welcome");
      client.close();
    }
    nobodyIsLeft();
  }

  @Test
  void the_server_notices_that_a_client_leaves_which_it_does_not_read() throws IOException {
    var client = new Abrupt(server.tcpPort());
    client.hear("welcome");
    // It never reads its answers, so that its requests are not read either.
    boolean full = false;
    for (int i = 0; i < 100_000 && !full; i++) {
      client.bytes.clear().writeBytes("paramsView\n".repeat(300).getBytes(StandardCharsets.UTF_8));
      full = Sockets.send(client.socket, client.bytes, 0, client.bytes.readableBytes()) == 0;
    }
    assertThat(full).isTrue();
    client.close();
    nobodyIsLeft();
  }

  @Test
  void a_client_that_stops_sending_while_it_is_not_read_is_answered_to_the_end() throws Exception {
    int asked = 20_000;
    try (TcpClient client = TcpClient.welcomed(server.tcpPort())) {
      Thread asking =
          Thread.startVirtualThread(
              () -> {
                client.text("paramsView\n".repeat(asked));
                client.shutdownOutput();
              });
      assertThat(client.rest()).hasSize(asked);
      asking.join();
    }
    nobodyIsLeft();
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void a_handshake_is_accepted_wherever_it_is_cut(Kind kind) throws IOException {
    try (EarshotServer other = kind.start(Config.defaults())) {
      String handshake = WebSocketClient.handshake("/", "Cookie: a=b\r\n");
      for (int cut = 1; cut < handshake.length(); cut += 7) {
        var client = new Abrupt(other.httpPort());
        client.send(handshake.substring(0, cut));
        client.send(handshake.substring(cut));
        client.hear("welcome");
        client.close();
      }
    }
  }

  @Test
  void the_welcome_comes_in_one_packet_with_the_response_to_the_handshake() throws IOException {
    for (int i = 0; i < 200; i++) {
      var client = new Abrupt(server.httpPort());
      client.send(WebSocketClient.handshake("/"));
      int read = 0;
      while (read == 0) {
        read = Sockets.receive(client.socket, client.bytes.clear());
      }
      assertThat(client.bytes.toString(StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 101 ")
          .contains("welcome");
      client.close();
    }
  }

  @Test
  void a_request_that_comes_with_its_handshake_is_not_lost() {
    try (WebSocketClient raw = WebSocketClient.raw(server.httpPort())) {
      byte[] frame = {(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, '{', '}'};
      raw.text(
          WebSocketClient.handshake("/ws?x=1") + new String(frame, StandardCharsets.ISO_8859_1));
      assertThat(raw.head()).startsWith("HTTP/1.1 101 ");
      assertThat(raw.next()).contains("welcome");
    }
  }

  @Test
  void a_client_that_connects_and_sends_nothing_has_one_deadline() throws IOException {
    try (EarshotServer hasty =
            Kind.LEAN_FRAMES.start(Config.defaults().with("httpServer.requestTimeout", "1s"));
        WebSocketClient silent = WebSocketClient.raw(hasty.httpPort())) {
      assertThat(silent.read()).isEqualTo(-1);
      try (WebSocketClient slow = WebSocketClient.raw(hasty.httpPort())) {
        slow.text("GET / HT");
        assertThat(slow.read()).isEqualTo(-1);
      }
    }
  }

  @Test
  void a_stop_closes_clients_that_connect_and_send_nothing() throws IOException {
    try (WebSocketClient silent = WebSocketClient.raw(server.httpPort());
        WebSocketClient welcomed = WebSocketClient.welcomed(server.httpPort())) {
      server.close();
      assertThat(silent.read()).isEqualTo(-1);
      assertThat(welcomed.rest()).hasSize(1);
    }
  }
}
