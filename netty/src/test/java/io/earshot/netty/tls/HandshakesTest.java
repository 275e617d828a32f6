package io.earshot.netty.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Pair;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Handshakes in small pieces, and handshakes that the client breaks off, on one server for each
 * implementation.
 */
@ParameterizedClass
@ValueSource(strings = {"openssl", "jdk"})
final class HandshakesTest {
  private static EarshotServer server;
  private static TcpClient other;

  @Parameter String provider;

  @BeforeParameterizedClassInvocation
  static void start(String provider) throws IOException {
    server =
        EarshotServer.start(
            Pair.SHARED
                .securing(Config.defaults())
                .with("general.tlsProvider", provider)
                .with("rooms.announcements", false)
                // Longer than a client waits for anything.
                .with("httpServer.requestTimeout", "60s")
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0));
    other = TcpClient.welcomed(server.tcpPort(), Pair.SHARED);
  }

  @AfterEach
  void others_chat_on() {
    assertThat(other.ask("say still here")).contains("OK");
    Await.until("one is left", () -> server.api().connections().size() == 1);
  }

  @AfterParameterizedClassInvocation
  static void stop() {
    other.close();
    server.close();
  }

  /** A socket that sends bytes one by one, or a ClientHello in records of one byte each. */
  private static final class Trickle extends Socket {
    private boolean areRecords;

    Trickle(int port, boolean areRecords) throws IOException {
      super(InetAddress.getLoopbackAddress(), port);
      this.areRecords = areRecords;
      setTcpNoDelay(true);
      setSoTimeout(Client.TIMEOUT);
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
      return new FilterOutputStream(super.getOutputStream()) {
        @Override
        public void write(byte[] bytes, int at, int length) throws IOException {
          for (int i = areRecords ? 5 : 0; i < length; i++) {
            byte one = bytes[at + i];
            out.write(areRecords ? new byte[] {22, 3, 3, 0, 1, one} : new byte[] {one});
          }
          areRecords = false;
        }
      };
    }
  }

  @ParameterizedTest
  @CsvSource({"false, TLSv1.3", "true, TLSv1.3", "false, TLSv1.2", "true, TLSv1.2"})
  void a_client_hello_may_arrive_byte_by_byte(boolean areRecords, String version)
      throws IOException {
    try (SSLSocket socket =
        Pair.SHARED.shakeHands(new Trickle(server.tcpPort(), areRecords), version)) {
      assertThat(socket.getInputStream().read()).isEqualTo('{'); // the welcome
    }
  }

  @Test
  void a_client_hello_may_be_longer_than_one_read() throws IOException {
    try (var plain = new Socket(InetAddress.getLoopbackAddress(), server.tcpPort());
        SSLSocket socket = Pair.SHARED.wrap(plain)) {
      plain.setSoTimeout(Client.TIMEOUT);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(
          IntStream.range(0, 100).mapToObj(i -> "http/1.1" + "x".repeat(i)).toArray(String[]::new));
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
      assertThat(socket.getInputStream().read()).isEqualTo('{'); // the welcome
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @CsvSource({
    "TLSv1.2, close_notify, 0100",
    "TLSv1.3, close_notify, 0100",
    "TLSv1.2, user_canceled, 015a 0100",
    "TLSv1.3, user_canceled, 015a 0100",
    "TLSv1.2, handshake_failure, 0228",
    "TLSv1.3, handshake_failure, 0228",
    "TLSv1.2, an unknown alert, 02ff",
    "TLSv1.3, an unknown alert, 02ff",
  })
  void an_alert_in_the_middle_of_a_handshake_ends_its_connection_at_once(
      String version, String what, String alerts) throws Exception {
    for (boolean isAfterHello : new boolean[] {false, true}) {
      try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
        socket.setSoTimeout(Client.TIMEOUT);
        if (isAfterHello) {
          socket.getOutputStream().write(hello(version));
          assertThat(socket.getInputStream().read()).isEqualTo(22);
        }
        for (String alert : alerts.split(" ", -1)) {
          socket.getOutputStream().write(HexFormat.of().parseHex("1503030002" + alert));
        }
        readToAnyEnd(socket);
      }
    }
  }

  private static void readToAnyEnd(Socket socket) throws IOException {
    try {
      var _ = socket.getInputStream().readAllBytes();
    } catch (SocketException e) {
      // It ended all the same.
    }
  }

  private static byte[] hello(String version) throws GeneralSecurityException, IOException {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    engine.setEnabledProtocols(new String[] {version});
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    var _ = engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }
}
