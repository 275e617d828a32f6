package io.earshot.netty.tls;

import io.earshot.config.Pem;
import io.earshot.config.SettingFileException;
import io.earshot.netty.loop.NettyLoop;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.io.IOException;
import java.util.List;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The TLS of one port, with the certificate that its files contained when they were last read.
 *
 * <p>Thread-safe: any thread reads the context, which is replaced as a whole; {@link #reload} is
 * called by one thread at a time.
 */
public final class Tls {
  private static final System.Logger LOG = System.getLogger(Tls.class.getName());
  private static final String NAME = "tls";

  /**
   * Those of Netty's default that have forward secrecy, in its order, and ChaCha20, which is faster
   * for clients whose processors have no instructions for AES.
   */
  private static final List<String> CIPHERS =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");

  private final String section;
  private final String certFile;
  private final String keyFile;
  private volatile SslContext context;

  /** The files that were loaded last, whether or not they were a pair. */
  private List<FileStamp> tried;

  /** The files at the last check: files that still change are not loaded. */
  private List<FileStamp> seen;

  private Tls(String section, String certFile, String keyFile) throws IOException {
    this.section = section;
    this.certFile = certFile;
    this.keyFile = keyFile;
    this.context = load();
    this.tried = stamps();
    this.seen = tried;
  }

  /**
   * Reads the files.
   *
   * @param section the section of the settings that name them, such as {@code httpServer}
   * @throws IOException if they are no pair; the message names the setting
   */
  public static Tls of(String section, String certFile, String keyFile) throws IOException {
    return new Tls(section, certFile, keyFile);
  }

  /** The context of handshakes from now on. */
  SslContext context() {
    return context;
  }

  /** Whether a channel is encrypted. */
  public static boolean covers(Channel channel) {
    return handler(channel) != null;
  }

  /** The handler that encrypts a channel; null if there is none. */
  public static @Nullable SslHandler handler(Channel channel) {
    return (SslHandler) channel.pipeline().get(NAME);
  }

  /**
   * Encrypts a channel.
   *
   * @param seconds how long the handshake may take
   * @param opener called when the handshake is done
   */
  public void open(
      Channel channel, NettyLoop loop, int seconds, BiConsumer<Channel, NettyLoop> opener) {
    // The computations of a handshake would delay the rooms of the loop, so other threads do them.
    SslHandler handler = context.newHandler(channel.alloc(), Thread::startVirtualThread);
    handler.setHandshakeTimeoutMillis(0); // the gate's sweep has a timeout
    channel
        .pipeline()
        .addLast(NAME, handler)
        .addLast("gate", new TlsGate(channel, loop, seconds, opener));
  }

  /**
   * Reads the files again if they have changed, but not since the last check. Open connections keep
   * their certificate. If the files are no pair, the old certificate stays.
   */
  public void reload() {
    List<FileStamp> now = stamps();
    boolean isStable = now.equals(seen);
    seen = now;
    if (!isStable || now.equals(tried)) {
      return;
    }
    tried = now;
    try {
      context = load();
      LOG.log(System.Logger.Level.INFO, section + ": the certificate was read again");
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          e.getMessage() + "; the certificate that was read before stays");
    }
  }

  private List<FileStamp> stamps() {
    return List.of(FileStamp.of(certFile), FileStamp.of(keyFile.isEmpty() ? certFile : keyFile));
  }

  private SslContext load() throws IOException {
    Pem pem = Pem.read(section, certFile, keyFile);
    try {
      return SslContextBuilder.forServer(pem.keyManagers())
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3", "TLSv1.2")
          .ciphers(CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
          .build();
    } catch (SSLException e) {
      throw new SettingFileException(
          section + ".certFile: " + certFile + " is of no use: " + e.getMessage(), e);
    }
  }
}
