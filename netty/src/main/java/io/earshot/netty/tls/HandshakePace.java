package io.earshot.netty.tls;

import io.earshot.netty.loop.NettyLoop;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * Delays the bytes of a handshake until its event loop has time for them, since BoringSSL computes
 * on that loop: a few handshakes in each turn, so that many at once do not delay the rooms. Nothing
 * more is read from a client whose bytes wait. Removed when the handshake is done.
 *
 * <p>Owned by the channel's event loop.
 */
final class HandshakePace extends ChannelInboundHandlerAdapter {
  static final String NAME = "pace";

  private final NettyLoop loop;

  /** Bytes whose turn has not come; null if there are none. */
  private @Nullable ByteBuf waiting;

  private boolean inputShut;

  HandshakePace(NettyLoop loop) {
    this.loop = loop;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    var bytes = (ByteBuf) message;
    ByteBuf before = waiting;
    if (before == null) {
      waiting = bytes;
      context.channel().config().setAutoRead(false);
      loop.executeInTurns(() -> pass(context));
    } else {
      waiting = context.alloc().buffer(before.readableBytes() + bytes.readableBytes());
      waiting.writeBytes(before).writeBytes(bytes);
      before.release();
      bytes.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (waiting == null) {
      context.fireChannelReadComplete();
    }
  }

  private void pass(ChannelHandlerContext context) {
    ByteBuf bytes = waiting;
    if (bytes != null) {
      waiting = null;
      context.channel().config().setAutoRead(true);
      context.fireChannelRead(bytes).fireChannelReadComplete();
      if (inputShut) {
        context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      }
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (waiting != null && event instanceof ChannelInputShutdownEvent) {
      inputShut = true; // after the bytes that came before it
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  /** Called when the handshake is done, and when the client is gone. */
  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (waiting != null) {
      waiting.release();
      waiting = null;
    }
  }
}
