package io.earshot.netty.tls;

import io.earshot.netty.loop.NettyLoop;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
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

  private final String section;
  private final String certFile;
  private final String keyFile;
  private volatile SslContext context;

  /** The files that were loaded last, whether or not they were a pair. */
  private List<Stamp> tried;

  /** The files at the last check: files that still change are not loaded. */
  private List<Stamp> seen;

  /** The attributes of a file that change when the file is replaced. */
  private record Stamp(FileTime changed, long size, @Nullable Object identity) {
    static final Stamp MISSING = new Stamp(FileTime.fromMillis(0), -1, null);

    static Stamp of(String file) {
      try {
        var attributes = Files.readAttributes(Path.of(file), BasicFileAttributes.class);
        return new Stamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
      } catch (IOException e) {
        return MISSING;
      }
    }
  }

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
    List<Stamp> now = stamps();
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

  private List<Stamp> stamps() {
    return List.of(Stamp.of(certFile), Stamp.of(keyFile));
  }

  private SslContext load() throws IOException {
    Pem pem = Pem.read(section, certFile, keyFile);
    try {
      return SslContextBuilder.forServer(pem.key(), pem.chain())
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3", "TLSv1.2")
          .build();
    } catch (SSLException e) {
      throw new IOException(
          section + ".certFile: " + certFile + " is of no use: " + e.getMessage(), e);
    }
  }
}
