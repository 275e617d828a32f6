package io.earshot.netty.tls;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Pair;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that misuse the TLS handshake, while others chat. */
final class TlsAbuseTest {
  /** Records in hexadecimal, by name. */
  private static final Map<String, String> RECORDS =
      Map.of(
          "tls 1.1", // with the cipher suites of its time
          "160301 0031 01 00002d 0302" + "5a".repeat(32) + "00 0006 c009c00a002f 0100",
          "garbage", // which begins as a ClientHello
          "160301 0040 01 00003c 0303" + "fe".repeat(58));

  @TempDir Path folder;

  private EarshotServer server;

  private void start(String provider) throws IOException {
    server =
        EarshotServer.start(
            Pair.SHARED
                .securing(Config.defaults())
                .with("general.tlsProvider", provider)
                .with("general.eventLoops", 1)
                .with("rooms.announcements", false)
                .with("httpServer.requestTimeout", "1s")
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static Socket plain(int port) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(Client.TIMEOUT);
    return socket;
  }

  private static byte[] readToAnyEnd(Socket socket) throws IOException {
    byte[] read = new byte[8192];
    int count = 0;
    try {
      for (int n = 0; n >= 0; n = socket.getInputStream().read(read, count, 8192 - count)) {
        count += n;
      }
    } catch (SocketException e) {
      // It ended all the same.
    }
    return Arrays.copyOf(read, count);
  }

  @ParameterizedTest
  @CsvSource({
    "openssl, tls 1.1, 70",
    "jdk, tls 1.1, 70",
    "openssl, garbage, 50",
    "jdk, garbage, 80",
  })
  void an_invalid_or_old_client_hello_is_answered_with_an_alert(
      String provider, String record, int alert) throws IOException {
    start(provider);
    try (Socket socket = plain(server.tcpPort())) {
      socket.getOutputStream().write(HexFormat.of().parseHex(RECORDS.get(record).replace(" ", "")));
      byte[] answer = readToAnyEnd(socket);
      assertThat(answer).hasSize(7).startsWith(21, 3).endsWith(2, alert); // fatal
    }
    TcpClient.welcomed(server.tcpPort(), Pair.SHARED).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"openssl", "jdk"})
  void a_client_that_renegotiates_is_disconnected(String provider) throws Exception {
    start(provider);
    Path log = folder.resolve("log");
    Process client =
        new ProcessBuilder(
                ("openssl s_client -tls1_2 -connect 127.0.0.1:" + server.tcpPort()).split(" "))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try (var other = TcpClient.welcomed(server.tcpPort(), Pair.SHARED)) {
      Await.until("it is welcome", () -> read(log).contains("welcome"));
      var in = client.getOutputStream();
      in.write("R\n".getBytes(US_ASCII));
      in.flush();
      assertThat(client.waitFor(20, TimeUnit.SECONDS)).isTrue(); // the server has closed
      assertThat(read(log)).contains("RENEGOTIATING");
      Await.until("one is left", () -> server.api().connections().size() == 1);
      assertThat(other.ask("say still here")).contains("OK");
    } finally {
      client.destroyForcibly();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, ISO_8859_1);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"openssl", "jdk"})
  void others_chat_on_during_a_storm_of_handshakes_that_never_end(String provider)
      throws Exception {
    start(provider);
    byte[] hello = hello();
    List<Socket> storm = new ArrayList<>();
    try (var ada = TcpClient.welcomed(server.tcpPort(), Pair.SHARED);
        var bob = TcpClient.welcomed(server.tcpPort(), Pair.SHARED)) {
      for (int i = 0; i < 1_000; i++) {
        Socket socket = plain(server.httpPort());
        storm.add(socket);
        socket.getOutputStream().write(hello, 0, i % 2 == 0 ? hello.length : hello.length / 2);
        if (i % 100 == 0) {
          assertThat(ada.ask("say hello " + i)).contains("OK");
          assertThat(bob.next()).contains("hello " + i);
        }
      }
      for (Socket socket : storm) {
        var _ = readToAnyEnd(socket); // the deadline of each has passed
      }
      assertThat(server.api().connections()).hasSize(2);
      assertThat(ada.ask("say still here")).contains("OK");
    } finally {
      for (Socket socket : storm) {
        socket.close();
      }
    }
  }

  /** A valid ClientHello. */
  private static byte[] hello() throws GeneralSecurityException, IOException {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    var _ = engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }
}
