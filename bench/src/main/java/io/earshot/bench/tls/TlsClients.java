package io.earshot.bench.tls;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Makes the TLS engines of clients: all with TLS 1.3, the same cipher and the same key exchange, so
 * that all servers do the same work. The certificate is not checked.
 *
 * <p>Owned by the generator's thread.
 */
public final class TlsClients {
  private static final int PORT = 443;

  /** Larger than a TLS record, and than what the generator reads at once. */
  private static final int BUFFER_BYTES = 1 << 19;

  private final SSLContext context;
  private final SSLParameters parameters = new SSLParameters();
  private long certificates;

  // Scratch space, used within one call.
  final ByteBuffer sealed = ByteBuffer.allocateDirect(BUFFER_BYTES);
  final ByteBuffer joined = ByteBuffer.allocateDirect(BUFFER_BYTES);

  /** Decrypted bytes, in the order that the search for markers needs. */
  final ByteBuffer plain = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  public TlsClients() {
    try {
      context = SSLContext.getInstance("TLSv1.3");
      context.init(null, new TrustManager[] {new Unchecked()}, new SecureRandom());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no TLS 1.3", e);
    }
    parameters.setProtocols(new String[] {"TLSv1.3"});
    parameters.setCipherSuites(new String[] {"TLS_AES_128_GCM_SHA256"});
    parameters.setNamedGroups(new String[] {"x25519"});
  }

  /**
   * An engine for one connection.
   *
   * @param session the name under which sessions are kept, to resume the previous one of the same
   *     name; null for a full handshake
   */
  SSLEngine engine(@Nullable String session) {
    SSLEngine engine =
        session == null ? context.createSSLEngine() : context.createSSLEngine(session, PORT);
    engine.setUseClientMode(true);
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** How many certificates servers have sent: one in each handshake that resumes no session. */
  long certificates() {
    return certificates;
  }

  private final class Unchecked extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
      certificates++;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {
      certificates++;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      certificates++;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
