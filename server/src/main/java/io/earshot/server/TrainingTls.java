package io.earshot.server;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * The part of the {@link Training} over TLS, with a server and a certificate of its own: clients
 * shake hands for the first time, come back with a ticket, and talk over WebSockets.
 *
 * <p>Owned by the thread that trains.
 */
final class TrainingTls {
  private final int port;

  /** Of clients that have tickets once they were connected. */
  private final SSLContext known = client();

  private TrainingTls(int port) throws GeneralSecurityException {
    this.port = port;
  }

  /**
   * Trains for this time twice: once with full handshakes, and once with tickets.
   *
   * @throws IOException if the certificate cannot be made, or a request fails
   */
  static void train(Duration time) throws IOException {
    Path folder = Files.createTempDirectory("earshot-training");
    try {
      SelfSigned files = SelfSigned.make(folder, List.of(), false);
      Config config =
          Config.defaults()
              .with("tcpServer.enabled", false)
              .with("httpServer.bindIP", "127.0.0.1")
              .with("httpServer.port", 0)
              .with("httpServer.secure", true)
              .with("httpServer.certFile", files.cert().toString())
              .with("httpServer.keyFile", files.key().toString());
      try (var server = EarshotServer.start(config)) {
        new TrainingTls(server.httpPort()).talk(time);
      }
    } catch (GeneralSecurityException | SettingsException | StartException e) {
      throw new IOException("no TLS", e);
    } finally {
      Files.deleteIfExists(folder.resolve("cert.pem"));
      Files.deleteIfExists(folder.resolve("key.pem"));
      Files.delete(folder);
    }
  }

  private void talk(Duration time) throws IOException, GeneralSecurityException {
    for (long end = System.nanoTime() + time.toNanos(); System.nanoTime() < end; ) {
      try (TrainingClient stranger = connect(client())) {
        stranger.upgrade();
        stranger.await("welcome");
      }
    }
    new TrainingLoad(() -> connect(known)).connects(time);
  }

  private TrainingClient connect(SSLContext context) throws IOException {
    InetAddress here = InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1});
    return new TrainingClient(context.getSocketFactory().createSocket(here, port));
  }

  private static SSLContext client() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new AnyServer()}, null);
    return context;
  }

  /** Accepts the certificate of the server, which nobody but this class has made. */
  private static final class AnyServer implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
