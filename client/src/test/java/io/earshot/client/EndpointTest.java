package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates and headers of a client. */
final class EndpointTest extends ClientTest {
  private static final char[] PASSWORD = "for the store of this test".toCharArray();

  @TempDir Path folder;

  /** A certificate for localhost that nobody has signed, and its key. */
  private KeyStore selfSigned() throws Exception {
    Path store = folder.resolve("store.p12");
    String tool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    String options =
        " -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -genkeypair -alias own -keyalg EC"
            + " -groupname secp256r1 -dname CN=localhost -ext san=dns:localhost -storetype PKCS12 -keystore ";
    var command = new ArrayList<>(List.of((tool + options + store).split(" ", -1)));
    command.addAll(List.of("-storepass", new String(PASSWORD)));
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).isZero();
    return KeyStore.getInstance(store.toFile(), PASSWORD);
  }

  private Path pem(String what, byte... der) throws IOException {
    String base64 = Base64.getMimeEncoder().encodeToString(der);
    String text = "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n";
    return Files.writeString(folder.resolve(what.replace(' ', '-')), text);
  }

  private static SSLContext trusting(KeyStore store) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("own", store.getCertificate("own"));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @Test
  void a_client_trusts_the_certificates_of_its_own_tls_context() throws Exception {
    KeyStore store = selfSigned();
    Path cert = pem("CERTIFICATE", store.getCertificate("own").getEncoded());
    Path key = pem("PRIVATE KEY", store.getKey("own", PASSWORD).getEncoded());
    server.close();
    String port = scheme.equals("ws") ? "httpServer" : "tcpServer";
    server = started(port + ".secure=true", port + ".certFile=" + cert, port + ".keyFile=" + key);
    URI secure = URI.create(scheme + "s://localhost:" + port());
    EarshotClient ada = connected(EarshotClient.builder(secure).tls(trusting(store)));
    assertThat(ada.join("attic").say("secret").offset()).isPositive();
    assertThatThrownBy(() -> EarshotClient.connect(secure))
        .hasMessageContaining("unable to find valid certification path");
    assertThatThrownBy(EarshotClient.builder(secure).tls(SSLContext.getDefault())::connect)
        .hasMessageContaining("unable to find valid certification path");
    ada.close();
    await(() -> selectors() <= 1); // the one that all clients without a context share
  }

  private static long selectors() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("HttpClient-\\d+-SelectorManager"))
        .count();
  }

  @Test
  void the_headers_go_with_the_handshake_and_tcp_has_none() {
    var shown = new LinkedBlockingQueue<Map<String, List<String>>>();
    server.api().hooks().onConnect((_, connecting) -> shown.add(connecting.headers()));
    ClientBuilder builder =
        EarshotClient.builder(uri(port())).header("X-Shop", "one").header("Cookie", "a=b");
    if (scheme.equals("tcp")) {
      assertThatThrownBy(builder::connect)
          .isInstanceOf(EarshotException.class)
          .hasMessageContaining("headers go with a WebSocket, not with tcp://localhost");
      return;
    }
    var _ = connected(builder);
    assertThat(shown.poll())
        .containsEntry("x-shop", List.of("one"))
        .containsEntry("cookie", List.of("a=b"));
    for (String name : List.of("Authorization", "Sec-WebSocket-Key", "Host", "no name", "")) {
      assertThatThrownBy(() -> builder.header(name, "x"))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> builder.header("X-Shop", "one\r\nX-Forged: two"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
