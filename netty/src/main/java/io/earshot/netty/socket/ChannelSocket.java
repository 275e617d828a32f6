package io.earshot.netty.socket;

import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
import io.earshot.netty.tls.Tls;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Socket;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.nio.channels.NotYetConnectedException;
import org.jspecify.annotations.Nullable;

/**
 * A socket that is a Netty channel. If the channel uses epoll and is not encrypted, bytes go
 * straight to its descriptor, past the pipeline. Bytes that the kernel does not take at once, and
 * all bytes of other channels, go through the pipeline.
 *
 * <p>Owned by the channel's event loop.
 */
public final class ChannelSocket extends ClientSocket {
  /** What TLS may have to send beside the data, in bytes. */
  private static final long TLS_LIMIT = 1 << 20;

  /** A small write counts several times, for its record of TLS and its place in Netty's queue. */
  private static final long OVERHEAD = 8;

  private final Channel channel;
  private final SocketAddress remote;

  /** The socket to write to directly, or null. */
  private final @Nullable Socket direct;

  /** The handler that encrypts the channel, or null. */
  private final @Nullable SslHandler tls;

  /**
   * The socket of a channel.
   *
   * @param remote the client's address
   */
  public ChannelSocket(Channel channel, NettyLoop loop, KeepAlive keepAlive, SocketAddress remote) {
    super(loop, keepAlive);
    this.remote = remote;
    this.channel = channel;
    this.tls = Tls.handler(channel);
    this.direct =
        tls == null
                && channel instanceof EpollSocketChannel epoll
                && epoll.fd() instanceof Socket socket
            ? socket
            : null;
    loop.opened(this);
  }

  /** The handler in the channel's pipeline that reads for this socket. */
  public final class Handler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      var bytes = (ByteBuf) message;
      try {
        received(bytes);
      } finally {
        bytes.release();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        inputIsShut();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      close();
      gone();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (!(cause instanceof IOException || cause instanceof UncheckedIOException)) {
        report("the channel", cause);
      }
      close();
    }
  }

  @Override
  public SocketAddress remoteAddress() {
    return remote;
  }

  @Override
  boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  int send(ByteBuf batch, int offset, int length) {
    if (direct == null) {
      return 0;
    }
    try {
      return Sockets.send(direct, batch, offset, length);
    } catch (IOException | NotYetConnectedException e) {
      close(); // the client has left
      return 0;
    }
  }

  @Override
  void sendLater(ByteBuf batch, int offset, int length) {
    ByteBuf copy = channel.alloc().directBuffer(length).writeBytes(batch, offset, length);
    var unused =
        channel
            .writeAndFlush(copy)
            .addListener(
                future -> {
                  if (!future.isSuccess()) {
                    close();
                  }
                  sent(length);
                });
  }

  /** The JDK answers each KeyUpdate of TLS 1.3, also to a client that never reads. */
  @Override
  boolean isFlooded() {
    return tls != null && channel.bytesBeforeWritable() > TLS_LIMIT + OVERHEAD * pendingBytes();
  }

  @Override
  void read(boolean wanted) {
    channel.config().setAutoRead(wanted);
  }

  @Override
  void shutOutput() {
    if (tls == null) {
      shutSocket();
      return;
    }
    // TLS first sends its own end of data, by which the client knows that nothing is missing.
    var unused = tls.closeOutbound().addListener(ignored -> shutSocket());
  }

  private void shutSocket() {
    outputIsShut();
    if (isClosed()) {
      return;
    }
    if (!(channel instanceof DuplexChannel duplex)) {
      close();
      return;
    }
    var unused =
        duplex
            .shutdownOutput()
            .addListener(
                future -> {
                  if (!future.isSuccess()) {
                    close();
                  }
                });
  }

  @Override
  void disconnect() {
    // Past the TLS handler, which would first wait until it can send its own end of data;
    // shutOutput() has sent it if there was time.
    var unused = tls == null ? channel.close() : channel.pipeline().context(tls).close();
  }
}
