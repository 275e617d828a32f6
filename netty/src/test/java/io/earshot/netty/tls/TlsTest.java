package io.earshot.netty.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Pair;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS: its handshake, its end and its certificates. Other tests use rooms and actions over TLS. */
final class TlsTest {
  private static final Config QUIET = Config.defaults().with("rooms.announcements", false);

  @TempDir Path folder;

  /** Files of which no two are a pair, but for {@code cert.pem} and {@code key.pem}. */
  @TempDir static Path wrong;

  private EarshotServer server = Kind.EPOLL_TLS_LINES.start(QUIET);

  @BeforeAll
  static void makeFiles() throws IOException {
    Files.move(Pair.make(wrong, "rsa:2048").key(), wrong.resolve("rsa.pem"));
    Pair pair = Pair.make(wrong);
    Files.copy(Pair.SHARED.key(), wrong.resolve("other.pem"));
    Files.createDirectory(wrong.resolve("dir"));
    Files.writeString(wrong.resolve("text"), "no PEM");
    String text = Files.readString(pair.cert());
    Files.writeString(wrong.resolve("cut.pem"), text.substring(0, text.length() / 2));
    Files.writeString(
        wrong.resolve("ec1.pem"), Files.readString(pair.key()).replace("PRIVATE", "EC PRIVATE"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void restart(Config config) throws IOException {
    server.close();
    server = EarshotServer.start(config.with("tcpServer.port", 0).with("httpServer.port", 0));
  }

  private static Socket plain(int port) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(Client.TIMEOUT);
    return socket;
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String readAll(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Reads until the end of the stream, or until a reset. */
  private static int readToAnyEnd(Socket socket) throws IOException {
    int count = 0;
    try {
      while (socket.getInputStream().read() >= 0) {
        count++;
      }
    } catch (SocketException e) {
      // It ended all the same.
    }
    return count;
  }

  private void restartWith(String provider) throws IOException {
    restart(Pair.SHARED.securing(QUIET).with("general.tlsProvider", provider));
  }

  @Test
  void in_tls_1_3_a_client_of_lines_that_shuts_its_output_down_gets_every_answer()
      throws IOException {
    restartWith("auto");
    try (SSLSocket socket = Pair.SHARED.shakeHands(plain(server.tcpPort()), "TLSv1.3")) {
      write(socket, "say one\nroomView\nsay two\n");
      socket.shutdownOutput();
      assertThat(readAll(socket).lines()).hasSize(4);
    }
  }

  @ParameterizedTest
  @CsvSource({"jdk, TLSv1.2", "openssl, TLSv1.2", "openssl, TLSv1.3"})
  void otherwise_a_client_that_shuts_its_output_down_gets_a_proper_end_of_the_stream(
      String provider, String protocol) throws IOException {
    restartWith(provider);
    try (SSLSocket socket = Pair.SHARED.shakeHands(plain(server.tcpPort()), protocol)) {
      assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
      assertThat(socket.getInputStream().read()).isEqualTo('{'); // the welcome
      write(socket, "say one\n");
      socket.shutdownOutput();
      assertThat(readAll(socket)).contains("welcome"); // and no exception: close_notify has come
    }
    Await.until("nobody is left", () -> server.api().connections().isEmpty());
  }

  @ParameterizedTest
  @CsvSource({"jdk, TLSv1.2", "jdk, TLSv1.3", "openssl, TLSv1.2", "openssl, TLSv1.3"})
  void the_last_message_to_a_client_that_still_sends_is_not_lost(String provider, String protocol)
      throws IOException {
    restartWith(provider);
    try (SSLSocket socket = Pair.SHARED.shakeHands(plain(server.tcpPort()), protocol)) {
      write(socket, "quit\r\n" + "say x\r\n".repeat(500));
      assertThat(readAll(socket)).contains("Bye!").doesNotContain("messageCount\":2");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"say hello\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u0016\u0003\u0001"})
  void a_client_that_speaks_no_tls_joins_no_room_and_is_disconnected(String text)
      throws IOException {
    try (Socket lines = plain(server.tcpPort());
        Socket http = plain(server.httpPort())) {
      for (Socket socket : new Socket[] {lines, http}) {
        write(socket, text);
        assertThat(server.api().connections()).isEmpty();
        socket.shutdownOutput();
        assertThat(readToAnyEnd(socket)).isLessThan(50);
      }
    }
    TcpClient.welcomed(server.tcpPort(), Pair.SHARED).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk", "openssl"})
  void garbage_after_the_handshake_ends_its_own_connection_only(String provider)
      throws IOException {
    restartWith(provider);
    try (Socket plain = plain(server.tcpPort());
        var other = TcpClient.welcomed(server.tcpPort(), Pair.SHARED)) {
      var _ = Pair.SHARED.shakeHands(plain);
      write(plain, "rubbish that is no record of TLS");
      var _ = readToAnyEnd(plain);
      Await.until("one is left", () -> server.api().connections().size() == 1);
      assertThat(other.ask("say still here")).contains("OK");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk", "openssl"})
  void a_handshake_that_is_not_finished_ends_at_its_deadline(String provider) throws IOException {
    restart(
        Pair.SHARED
            .securing(QUIET)
            .with("general.tlsProvider", provider)
            .with("httpServer.requestTimeout", "1s"));
    List<Socket> all = new ArrayList<>();
    // Nothing, half a header, a record without its body, and half a ClientHello.
    for (String begin :
        List.of("", "160301", "1603010200", "1603010200010001fc0303" + "5a".repeat(200))) {
      Socket socket = plain(server.httpPort());
      all.add(socket);
      socket.getOutputStream().write(HexFormat.of().parseHex(begin));
    }
    try (var other = TcpClient.welcomed(server.tcpPort(), Pair.SHARED)) {
      for (Socket socket : all) {
        assertThat(readToAnyEnd(socket)).isLessThan(50);
        socket.close();
      }
      assertThat(other.ask("status")).contains("\"deadlines\":4");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ec -pkeyopt ec_paramgen_curve:P-384", "rsa:2048", "ed25519"})
  void keys_of_these_kinds_are_accepted(String kind) throws IOException {
    Pair pair = Pair.make(folder, kind);
    for (String provider : new String[] {"jdk", "openssl"}) {
      restart(pair.securing(QUIET).with("general.tlsProvider", provider));
      TcpClient.welcomed(server.tcpPort(), pair).close();
      WebSocketClient.welcomed(server.httpPort(), pair).close();
    }
  }

  @Test
  void one_port_may_be_plain_while_the_other_uses_tls() throws IOException {
    restart(Pair.SHARED.securing(QUIET).with("tcpServer.secure", false));
    TcpClient.welcomed(server.tcpPort()).close();
    WebSocketClient.welcomed(server.httpPort(), Pair.SHARED).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk", "openssl"})
  void a_changed_certificate_is_loaded_and_open_connections_live_on(String provider)
      throws IOException {
    Pair old = Pair.make(folder);
    restart(old.securing(QUIET).with("general.tlsProvider", provider));
    try (var client = TcpClient.welcomed(server.tcpPort(), old)) {
      Pair.SHARED.replace(old);
      Await.until(
          "the new one is shown", () -> shows(server.tcpPort()) && shows(server.httpPort()));
      assertThat(client.ask("roomView")).contains("OK");
    }
  }

  /** Whether a server shows the shared pair's certificate. */
  private static boolean shows(int port) {
    try (Socket plain = plain(port)) {
      var _ = Pair.SHARED.shakeHands(plain);
      return true;
    } catch (SSLException e) {
      return false;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @CsvSource({"key cert, false", "cert key, false", "key cert, true", "cert key, true"})
  void one_file_may_hold_certificate_and_key(String order, boolean isNamedTwice)
      throws IOException {
    var text = new StringBuilder();
    for (String part : order.split(" ", -1)) {
      text.append("Bag Attributes: -\n");
      text.append(Files.readString(part.equals("key") ? Pair.SHARED.key() : Pair.SHARED.cert()));
    }
    Path both = Files.writeString(folder.resolve("both.pem"), text);
    restart(
        QUIET
            .with("tcpServer.secure", true)
            .with("tcpServer.certFile", both)
            .with("tcpServer.keyFile", isNamedTwice ? both : ""));
    try (SSLSocket socket = Pair.SHARED.shakeHands(plain(server.tcpPort()), "TLSv1.3")) {
      assertThat(socket.getInputStream().read()).isEqualTo('{'); // the welcome
    }
  }

  @Test
  void an_invalid_new_certificate_leaves_the_old_one_in_use() throws IOException {
    Pair pair = Pair.make(folder);
    var kind = new TlsKind(false, "", InstantSource.system());
    Tls tls = Tls.of(kind, "tcpServer", pair.cert().toString(), pair.key().toString());
    Object before = tls.certificate();
    Files.copy(Pair.SHARED.key(), pair.key(), StandardCopyOption.REPLACE_EXISTING);
    tls.reload(); // it still changes
    tls.reload(); // it rests
    assertThat(tls.certificate()).isSameAs(before);
    Files.delete(pair.key());
    tls.reload();
    tls.reload();
    assertThat(tls.certificate()).isSameAs(before);
    Pair.SHARED.replace(pair);
    tls.reload();
    assertThat(tls.certificate()).isSameAs(before);
    tls.reload();
    assertThat(tls.certificate()).isNotSameAs(before);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''       | key.pem   | httpServer.certFile is not set; secure needs it
          cert.pem | ''        | httpServer.keyFile is not set; secure needs it
          no.pem   | key.pem   | httpServer.certFile: there is no file DIR/no.pem
          cert.pem | no.pem    | httpServer.keyFile: there is no file DIR/no.pem
          dir      | key.pem   | httpServer.certFile: DIR/dir cannot be read
          text     | key.pem   | httpServer.certFile: DIR/text has no certificate in PEM
          key.pem  | key.pem   | httpServer.certFile: DIR/key.pem has no certificate in PEM
          cut.pem  | key.pem   | httpServer.certFile: DIR/cut.pem has no certificate in PEM
          cert.pem | text      | httpServer.keyFile: DIR/text has no private key in PEM
          cert.pem | cert.pem  | httpServer.keyFile: DIR/cert.pem has no private key in PEM
          cert.pem | other.pem | httpServer.keyFile: the key in DIR/other.pem is not that of the certificate
          cert.pem | rsa.pem   | httpServer.keyFile: the key in DIR/rsa.pem is not that of the certificate
          cert.pem | ec1.pem   | httpServer.keyFile: DIR/ec1.pem has a key in another form; make it one with: openssl pkcs8
          """)
  void a_server_does_not_start_with_files_that_are_no_pair(String cert, String key, String why)
      throws IOException {
    Config config =
        QUIET
            .with("httpServer.secure", true)
            .with("httpServer.certFile", cert.isEmpty() ? "" : wrong.resolve(cert))
            .with("httpServer.keyFile", key.isEmpty() ? "" : wrong.resolve(key));
    assertThatThrownBy(() -> restart(config))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(why.replace("DIR", wrong.toString()));
  }
}
