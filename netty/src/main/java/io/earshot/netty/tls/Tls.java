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
 * The TLS of one door, with the certificate that its files hold now.
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

  /** The files that were tried last, whether or not they were a pair. */
  private List<Stamp> tried;

  /** The files at the last look, to be left alone while they still change. */
  private List<Stamp> seen;

  /** What tells that a file is another one now. */
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
   * @param section where the settings are that name them, such as {@code httpServer}
   * @throws IOException if they are no pair; the message names the setting that is to blame
   */
  public static Tls of(String section, String certFile, String keyFile) throws IOException {
    return new Tls(section, certFile, keyFile);
  }

  /** What handshakes are done with from now on. */
  SslContext context() {
    return context;
  }

  /** Whether what goes over this channel is encrypted. */
  public static boolean covers(Channel channel) {
    return handler(channel) != null;
  }

  /** What encrypts this channel; null if nothing does. */
  public static @Nullable SslHandler handler(Channel channel) {
    return (SslHandler) channel.pipeline().get(NAME);
  }

  /**
   * Puts TLS in front of a door.
   *
   * @param seconds how long a handshake may take
   * @param door what opens once it is done
   */
  public void open(
      Channel channel, NettyLoop loop, int seconds, BiConsumer<Channel, NettyLoop> door) {
    // What a handshake computes would keep the loop from its rooms, so it has threads of its own.
    SslHandler handler = context.newHandler(channel.alloc(), Thread::startVirtualThread);
    handler.setHandshakeTimeoutMillis(0); // the gate's sweep looks after it
    channel
        .pipeline()
        .addLast(NAME, handler)
        .addLast("gate", new TlsGate(channel, loop, seconds, door));
  }

  /**
   * Reads the files again if they have changed, and rest since the last look. Connections that are
   * open keep what they have; a pair that is none leaves everything as it is.
   */
  public void reload() {
    List<Stamp> now = stamps();
    boolean rest = now.equals(seen);
    seen = now;
    if (!rest || now.equals(tried)) {
      return;
    }
    tried = now;
    try {
      context = load();
      LOG.log(System.Logger.Level.INFO, section + ": the certificate was read anew");
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
