package io.earshot.netty;

import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
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
import org.jspecify.annotations.Nullable;

/**
 * A socket that is a Netty channel. Where the channel is epoll's and nothing encrypts it, bytes go
 * straight to its descriptor, past the channel's own machinery; what the kernel does not take at
 * once, and everything elsewhere, goes the stock way.
 *
 * <p>Owned by the channel's event loop.
 */
final class ChannelSocket extends ChannelInboundHandlerAdapter
    implements Outbound, NettyLoop.Swept {
  private static final System.Logger LOG = System.getLogger(ChannelSocket.class.getName());

  /** So long a client may take to read its goodbye and close its end, in seconds. */
  private static final int LINGER = 2;

  private final Channel channel;
  private final NettyLoop loop;
  private final KeepAlive keepAlive;

  /** The descriptor to write to, or null where there is none to be had. */
  private final @Nullable Socket direct;

  /** What encrypts; null if nothing does. */
  private final @Nullable SslHandler tls;

  private @Nullable Inbound inbound;
  private @Nullable Intake intake;

  /** What was read and not consumed; null when all was. */
  private @Nullable ByteBuf unread;

  private int pending;
  private int lastRead;
  private boolean inputShut;
  private boolean inputClosed;
  private boolean outputShut;
  private boolean finishing;
  private int finishBy;
  private boolean closed;

  ChannelSocket(Channel channel, NettyLoop loop, KeepAlive keepAlive) {
    this.channel = channel;
    this.loop = loop;
    this.keepAlive = keepAlive;
    this.tls = Tls.handler(channel);
    this.direct =
        tls == null
                && channel instanceof EpollSocketChannel epoll
                && epoll.fd() instanceof Socket socket
            ? socket
            : null;
    this.lastRead = loop.now();
    loop.opened(this);
  }

  /** Says whom to hand what comes in, and hands over what came before. */
  void attach(Intake intake, Inbound inbound) {
    this.intake = intake;
    this.inbound = inbound;
    consume();
  }

  // --- out -------------------------------------------------------------------------------------

  @Override
  public void write(ByteBuf batch, int offset, int length) {
    // Netty may have closed the channel by itself, and its descriptor may be another's by now.
    if (closed || !channel.isOpen()) {
      return;
    }
    int sent = pending == 0 && direct != null ? send(direct, batch, offset, length) : 0;
    if (sent < length && !closed) {
      keep(batch, offset + sent, length - sent);
    }
  }

  private int send(Socket socket, ByteBuf batch, int offset, int length) {
    try {
      return batch.hasMemoryAddress()
          ? socket.sendAddress(batch.memoryAddress(), offset, offset + length)
          : socket.send(batch.nioBuffer(offset, length), 0, length);
    } catch (IOException e) {
      close(); // the other side is gone
      return 0;
    }
  }

  private void keep(ByteBuf batch, int offset, int length) {
    pending += length;
    ByteBuf copy = channel.alloc().directBuffer(length).writeBytes(batch, offset, length);
    var _ =
        channel
            .writeAndFlush(copy)
            .addListener(
                future -> {
                  pending -= length;
                  if (!future.isSuccess()) {
                    close();
                  } else if (pending == 0) {
                    drained();
                  }
                });
  }

  private void drained() {
    if (finishing) {
      shutOutput();
    } else if (intake != null) {
      intake.drained();
    }
  }

  @Override
  public int pendingBytes() {
    return pending;
  }

  @Override
  public void resume() {
    loop.execute(
        () -> {
          if (!closed && !finishing) {
            channel.config().setAutoRead(true);
            consume();
          }
        });
  }

  @Override
  public void finish() {
    if (closed || finishing) {
      return;
    }
    finishing = true;
    finishBy = loop.now() + LINGER;
    dropUnread();
    if (pending == 0) {
      shutOutput();
    }
    // Input is read on and dropped until its end: closing with input unread would make the kernel
    // throw away what
    // the client has not read of our goodbye.
    channel.config().setAutoRead(true);
  }

  private void shutOutput() {
    if (tls == null) {
      shutSocket();
      return;
    }
    // First the end of what is encrypted, by which the client knows that nothing is missing.
    var _ = tls.closeOutbound().addListener(_ -> shutSocket());
  }

  private void shutSocket() {
    outputShut = true;
    if (inputShut) {
      close();
    } else if (channel instanceof DuplexChannel duplex) {
      var _ =
          duplex
              .shutdownOutput()
              .addListener(
                  future -> {
                    if (!future.isSuccess()) {
                      close();
                    }
                  });
    } else {
      close();
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      dropUnread();
      loop.closed();
      // Past TLS, which would first wait for room to say its own goodbye; finish() has let it.
      var _ = tls == null ? channel.close() : channel.pipeline().context(tls).close();
    }
  }

  @Override
  public void stop() {
    if (intake != null) {
      intake.dismiss(Ending.SHUTDOWN);
    }
  }

  private void dropUnread() {
    if (unread != null) {
      unread.release();
      unread = null;
    }
  }

  // --- in --------------------------------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    var bytes = (ByteBuf) message;
    if (closed || finishing) {
      bytes.release();
      return;
    }
    lastRead = loop.now();
    unread = unread == null ? bytes : joined(unread, bytes);
    consume();
  }

  /** What was kept, and what came. What is kept for long is no longer than it has to be. */
  private ByteBuf joined(ByteBuf kept, ByteBuf more) {
    if (kept.isWritable(more.readableBytes()) && kept.refCnt() == 1) {
      kept.writeBytes(more);
      more.release();
      return kept;
    }
    ByteBuf both =
        channel
            .alloc()
            .buffer(Math.max(256, (kept.readableBytes() + more.readableBytes()) * 3 / 2));
    both.writeBytes(kept).writeBytes(more);
    kept.release();
    more.release();
    return both;
  }

  /** Hands over what is unread, if it is wanted. */
  private void consume() {
    Intake to = intake;
    if (to == null || inbound == null) {
      return; // to be attached
    }
    ByteBuf in = unread;
    if (in != null && !to.isCongested()) {
      unread = null; // ours until the end of this turn, even if the socket closes meanwhile
      in.skipBytes(offer(in, inbound));
      if (closed || finishing || !in.isReadable()) {
        in.release();
      } else {
        unread = in;
      }
    }
    if (!closed && !finishing) {
      if (to.isCongested()) {
        channel.config().setAutoRead(false);
      } else if (inputShut) {
        inputIsShut(inbound);
      }
    }
  }

  private int offer(ByteBuf in, Inbound to) {
    try {
      return to.bytes(in, in.readerIndex(), in.readableBytes());
    } catch (RuntimeException | Error e) {
      // A fault of ours. It costs this connection, and nobody else.
      loop.report(LOG, "working the input of " + intake + " failed", e);
      if (intake != null) {
        intake.end(new Ending(1011, "internal error"));
      }
      return in.readableBytes();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputShut = true;
      if (!finishing) {
        consume();
      } else if (outputShut) {
        close();
      }
    }
  }

  private void inputIsShut(Inbound to) {
    if (!inputClosed) {
      inputClosed = true;
      int left = unread == null ? 0 : unread.readableBytes();
      dropUnread();
      to.closed(left);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
    if (intake != null) {
      intake.gone();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException || cause instanceof UncheckedIOException)) {
      loop.report(LOG, "the channel of " + intake + " failed", cause);
    }
    close();
  }

  @Override
  public boolean sweep(int now) {
    if (finishing && now >= finishBy) {
      close();
    }
    if (!closed && !finishing && intake != null) {
      keepAlive.check(now - lastRead, intake);
    }
    return !closed;
  }
}
