package io.earshot.netty.testing;

import io.earshot.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * A self-signed certificate and its key as PEM files, and clients that trust this one only.
 *
 * @param cert the certificate's file
 * @param key the key's file
 * @param sockets what makes the clients' sockets
 */
public record Pair(Path cert, Path key, SSLSocketFactory sockets) {
  public static final Pair SHARED = shared();

  private static Pair shared() {
    try {
      Path folder = Files.createTempDirectory("earshot-pair");
      Pair pair = make(folder);
      for (Path file : List.of(pair.cert, pair.key, folder)) {
        file.toFile().deleteOnExit();
      }
      return pair;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a pair with a key for the curve P-256. */
  public static Pair make(Path folder) throws IOException {
    return make(folder, "ec -pkeyopt ec_paramgen_curve:P-256");
  }

  /**
   * Makes a pair with a new key of a kind that openssl knows, in a hundredth of the time that the
   * JDK's tool takes.
   */
  public static Pair make(Path folder, String kind) throws IOException {
    Path cert = folder.resolve("cert.pem");
    Path key = folder.resolve("key.pem");
    var command = new ArrayList<>(List.of("openssl", "req", "-x509", "-nodes", "-days", "90"));
    command.addAll(
        List.of("-subj", "/CN=localhost", "-addext", "basicConstraints=critical,CA:FALSE"));
    command.addAll(List.of("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"));
    command.addAll(List.of("-keyout", key.toString(), "-out", cert.toString(), "-newkey"));
    command.addAll(List.of(kind.split(" ", -1)));
    Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
    tool.getOutputStream().close();
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (tool.waitFor() != 0) {
        throw new IOException("openssl: " + said);
      }
      return new Pair(cert, key, trusting(cert));
    } catch (InterruptedException | GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static SSLSocketFactory trusting(Path cert) throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(cert)) {
      Certificate pair = CertificateFactory.getInstance("X.509").generateCertificate(in);
      trusted.setCertificateEntry("pair", pair);
    }
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context.getSocketFactory();
  }

  /** The same settings, with TLS on both ports. */
  public Config securing(Config config) {
    return config
        .with("tcpServer.secure", true)
        .with("tcpServer.certFile", cert)
        .with("tcpServer.keyFile", key)
        .with("httpServer.secure", true)
        .with("httpServer.certFile", cert)
        .with("httpServer.keyFile", key);
  }

  /** A TLS socket over a plain one, shaken hands with the host that the certificate is for. */
  public SSLSocket shakeHands(Socket plain, String... protocols) throws IOException {
    SSLSocket socket = wrap(plain);
    var parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    if (protocols.length > 0) {
      parameters.setProtocols(protocols);
    }
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  /** A TLS socket over a plain one, before its handshake. */
  public SSLSocket wrap(Socket plain) throws IOException {
    return (SSLSocket) sockets.createSocket(plain, "localhost", plain.getPort(), true);
  }

  /** Puts this pair where another one is. */
  public void replace(Pair other) throws IOException {
    Files.copy(cert, other.cert, StandardCopyOption.REPLACE_EXISTING);
    Files.copy(key, other.key, StandardCopyOption.REPLACE_EXISTING);
  }
}
