package io.earshot.netty.tls;

import io.earshot.config.Pem;
import io.earshot.netty.loop.NettyLoop;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * The TLS of one port, with the certificate that its files contained when they were last read.
 *
 * <p>Thread-safe: any thread opens channels. A lock keeps {@link #reload} from a context that
 * {@link #close} frees.
 */
public final class Tls {
  private static final System.Logger LOG = System.getLogger(Tls.class.getName());
  private static final String NAME = "tls";

  /** The only protocol that a client can choose by ALPN; needless to choose, for lines use none. */
  private static final String PROTOCOL = "http/1.1";

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

  /** How long a ticket is accepted by TLS 1.2, and by the JDK, in seconds. */
  private static final long SESSION_SECONDS = TicketKeys.PERIOD.toSeconds();

  /** The native buffer of a connection, in bytes. Netty's default is 2,048. */
  private static final int NATIVE_BUFFER = 256;

  private final TlsKind kind;
  private final String section;
  private final String certFile;
  private final String keyFile;
  private final CertifiedKey key;
  private final SslContext context;
  private final TicketKeys ticketKeys;
  private final CertificateEnd end;

  /**
   * Computes the handshakes of the JDK, which take longer. There is no thread for each handshake: a
   * loop that closes a connection waits for the lock of its engine, so a thread that has such a
   * lock must not wait behind all other handshakes for a processor.
   */
  private final ThreadPoolExecutor steps;

  /** The files that were loaded last, whether or not they were a pair. */
  private List<FileStamp> tried;

  /** The files at the last check: files that still change are not loaded. */
  private List<FileStamp> seen;

  private boolean closed;

  private Tls(TlsKind kind, String section, String certFile, String keyFile) throws IOException {
    this.kind = kind;
    this.section = section;
    this.certFile = certFile;
    this.keyFile = keyFile;
    this.key = new CertifiedKey(Pem.read(section, certFile, keyFile), kind.isNative());
    this.context = kind.isNative() ? nativeContext() : jdkContext();
    this.ticketKeys = new TicketKeys(section, kind.ticketSecret(), kind.clock());
    this.steps = steps();
    this.end = new CertificateEnd(section, kind.clock());
    this.tried = stamps();
    this.seen = tried;
    rotate();
    end.check(certificate());
  }

  /**
   * Reads the files.
   *
   * @param section the section of the settings that name them, such as {@code httpServer}
   * @throws IOException if they are no pair; the message names the setting
   */
  public static Tls of(TlsKind kind, String section, String certFile, String keyFile)
      throws IOException {
    return new Tls(kind, section, certFile, keyFile);
  }

  private SslContextBuilder context(SslProvider provider) throws SSLException {
    return SslContextBuilder.forServer(key)
        .sslProvider(provider)
        .trustManager(nobody())
        .protocols("TLSv1.3", "TLSv1.2")
        .ciphers(CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
        .sessionTimeout(SESSION_SECONDS);
  }

  private static ThreadPoolExecutor steps() {
    int threads = Runtime.getRuntime().availableProcessors();
    var made =
        new ThreadPoolExecutor(
            threads,
            threads,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("earshot-tls-", 0).factory());
    made.allowCoreThreadTimeOut(true);
    return made;
  }

  /** The JDK would keep 20,480 sessions of clients without tickets; its least limit is one. */
  private SslContext jdkContext() throws SSLException {
    return context(SslProvider.JDK).sessionCacheSize(1).build();
  }

  private SslContext nativeContext() throws SSLException {
    SslContext made =
        context(SslProvider.OPENSSL_REFCNT)
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    PROTOCOL))
            .build();
    // A buffer that each connection keeps, in which only steps of the handshake wait.
    ((ReferenceCountedOpenSslContext) made).setBioNonApplicationBufferSize(NATIVE_BUFFER);
    // Tickets need no table of sessions, and a client without tickets can do a full handshake.
    ((OpenSslSessionContext) made.sessionContext()).setSessionCacheEnabled(false);
    return made;
  }

  /** Trusts no certificate, for no client shows one; by default all of the JDK's would be read. */
  private static TrustManagerFactory nobody() {
    try {
      KeyStore empty = KeyStore.getInstance("JKS");
      empty.load(null, null);
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(empty);
      return trust;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("a key store in memory failed", e);
    }
  }

  /** The section of the settings that name the files. */
  public String section() {
    return section;
  }

  /** The certificate of handshakes from now on. */
  public X509Certificate certificate() {
    return key.certificate();
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
    SslHandler handler =
        kind.isNative()
            ? context.newHandler(channel.alloc())
            : context.newHandler(channel.alloc(), steps);
    handler.setHandshakeTimeoutMillis(0); // the gate's sweep has a timeout
    if (kind.isNative()) {
      channel.pipeline().addLast(HandshakePace.NAME, new HandshakePace(loop));
    } else {
      handler.engine().setHandshakeApplicationProtocolSelector(Tls::protocol);
    }
    BiConsumer<Channel, NettyLoop> afterHandshake =
        kind.isNative()
            ? opener
            : (opened, on) -> {
              refuseRenegotiation(handler.engine());
              opener.accept(opened, on);
            };
    channel
        .pipeline()
        .addLast(NAME, handler)
        .addLast("gate", new TlsGate(channel, loop, seconds, afterHandshake));
  }

  /**
   * Keeps the JDK from a second handshake: one in a connection of TLS 1.2 cannot agree on TLS 1.3.
   * BoringSSL never renegotiates.
   */
  private static void refuseRenegotiation(SSLEngine engine) {
    if (engine.getSession().getProtocol().equals("TLSv1.2")) {
      engine.setEnabledProtocols(new String[] {"TLSv1.3"});
    }
  }

  /** The protocol of the offered ones; none if the client offers others only. */
  private static String protocol(SSLEngine engine, List<String> offered) {
    return offered.contains(PROTOCOL) ? PROTOCOL : "";
  }

  /**
   * Reads the files again if they have changed, but not since the last check. Open connections keep
   * their certificate, and tickets stay valid. If the files are no pair, the old certificate stays.
   * Also replaces the keys of tickets when they are old enough.
   */
  public synchronized void reload() {
    if (closed) {
      return;
    }
    rotate();
    end.check(certificate());
    List<FileStamp> now = stamps();
    boolean isStable = now.equals(seen);
    seen = now;
    if (!isStable || now.equals(tried)) {
      return;
    }
    tried = now;
    try {
      key.replace(Pem.read(section, certFile, keyFile));
      LOG.log(System.Logger.Level.INFO, section + ": the certificate was read again");
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          e.getMessage() + "; the certificate that was read before stays");
    }
  }

  /** The JDK changes the keys of its tickets itself. */
  private void rotate() {
    if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
      ticketKeys.rotate(sessions);
    }
  }

  /** Frees what is not on the heap. Called when all channels are closed. Idempotent. */
  public synchronized void close() {
    if (!closed) {
      closed = true;
      steps.shutdown();
      ReferenceCountUtil.release(context);
    }
  }

  private List<FileStamp> stamps() {
    return List.of(FileStamp.of(certFile), FileStamp.of(keyFile.isEmpty() ? certFile : keyFile));
  }
}
