package io.earshot.netty.testing;

import io.earshot.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
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
  private static final char[] PASSWORD = "for the store of this test".toCharArray();

  public static final Pair SHARED = shared();

  private static Pair shared() {
    try {
      Path folder = Files.createTempDirectory("earshot-pair");
      Pair pair = make(folder, "EC", "-groupname", "secp256r1");
      for (Path file : List.of(pair.cert, pair.key, folder)) {
        file.toFile().deleteOnExit();
      }
      return pair;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a pair with the JDK's own tool. */
  public static Pair make(Path folder, String algorithm, String... options) throws IOException {
    Path store = folder.resolve("store.p12");
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1",
                "-J-XX:+UseSerialGC",
                "-genkeypair",
                "-alias",
                "pair",
                "-keyalg",
                algorithm,
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD)));
    command.addAll(List.of(options));
    Process tool =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (tool.waitFor() != 0) {
        throw new IOException("keytool ended with " + tool.exitValue());
      }
      KeyStore pair = KeyStore.getInstance(store.toFile(), PASSWORD);
      Files.delete(store);
      byte[] cert = pair.getCertificate("pair").getEncoded();
      byte[] key = pair.getKey("pair", PASSWORD).getEncoded();
      return new Pair(
          pem(folder.resolve("cert.pem"), "CERTIFICATE", cert),
          pem(folder.resolve("key.pem"), "PRIVATE KEY", key),
          trusting(pair));
    } catch (InterruptedException | GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static Path pem(Path file, String what, byte... der) throws IOException {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return Files.writeString(
        file, "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n");
  }

  private static SSLSocketFactory trusting(KeyStore pair) throws GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    try {
      trusted.load(null, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    trusted.setCertificateEntry("pair", pair.getCertificate("pair"));
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
