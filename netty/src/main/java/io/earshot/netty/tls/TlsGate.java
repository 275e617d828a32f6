package io.earshot.netty.tls;

import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Swept;
import io.earshot.spi.Refusal;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLException;

/**
 * Holds a channel back until its TLS handshake is done. From then on it translates the events of
 * TLS to those of plain sockets, for the handlers behind it.
 *
 * <p>Owned by the channel's event loop.
 */
final class TlsGate extends ChannelInboundHandlerAdapter implements Swept {
  private final Channel channel;
  private final NettyLoop loop;
  private final BiConsumer<Channel, NettyLoop> opener;
  private final int deadline;
  private boolean shaking = true;
  private boolean passed;

  TlsGate(Channel channel, NettyLoop loop, int seconds, BiConsumer<Channel, NettyLoop> opener) {
    this.channel = channel;
    this.loop = loop;
    this.opener = opener;
    this.deadline = loop.now() + seconds;
    loop.opened(this);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    switch (event) {
      case SslHandshakeCompletionEvent handshake when handshake.isSuccess() -> passed();
      case SslHandshakeCompletionEvent ignored -> closeWithAlert();
      case SslCloseCompletionEvent end when end.isSuccess() ->
          context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      case ChannelInputShutdownEvent ignored when shaking -> close();
      default -> context.fireUserEventTriggered(event);
    }
  }

  private void passed() {
    if (shaking) {
      shaking = false;
      passed = true;
      loop.closed();
      if (channel.pipeline().get(HandshakePace.NAME) != null) {
        channel.pipeline().remove(HandshakePace.NAME);
      }
      opener.accept(channel, loop);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
    context.fireChannelInactive();
  }

  /** An error of TLS is a fault of the client, as an I/O error is, so it is not logged. */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    boolean ssl = cause instanceof DecoderException && cause.getCause() instanceof SSLException;
    if (!passed) {
      closeWithAlert();
    } else {
      context.fireExceptionCaught(ssl ? cause.getCause() : cause);
    }
  }

  @Override
  public boolean sweep(int now) {
    if (shaking && now > deadline) {
      loop.limits().count(Refusal.DEADLINE);
      close();
    }
    return shaking;
  }

  @Override
  public void stop() {
    close();
  }

  /** Closes the channel after the TLS handler has sent the reason. */
  private void closeWithAlert() {
    if (shaking) {
      shaking = false;
      loop.closed();
      var unused = channel.close();
    }
  }

  @Override
  public void close() {
    if (shaking) {
      shaking = false;
      loop.closed();
      // Past the TLS handler, which would wait for a client that reads nothing, and log that.
      ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
      var unused = tls == null ? channel.close() : tls.close();
    }
  }
}
