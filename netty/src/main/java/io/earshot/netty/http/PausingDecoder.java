package io.earshot.netty.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes bytes to requests, one at a time: while the server works for a request, the bytes after
 * it are not decoded. Requests that two servers may read differently are refused, since a proxy may
 * stand in front of this server (request smuggling).
 *
 * <p>Owned by the channel's event loop.
 */
public final class PausingDecoder extends HttpRequestDecoder {
  private static final int MAX_LINE = 8 * 1024;

  /** How much is read ahead while the client is only read to see whether it leaves, in bytes. */
  private static final int MAX_AHEAD = 64 * 1024;

  private boolean paused;
  private @Nullable ChannelHandlerContext context;

  public PausingDecoder(int maxHeaderLength) {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(MAX_LINE)
            .setMaxHeaderSize(maxHeaderLength)
            .setAllowDuplicateContentLengths(false)
            .setUseRfc9112TransferEncoding(true)
            .setStrictLineParsing(true));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
  }

  /** Stops decoding until {@link #resume}. */
  public void pause() {
    paused = true;
  }

  /** Decodes the bytes that came meanwhile. */
  public void resume() {
    paused = false;
    if (context != null) {
      try {
        channelRead(context, Unpooled.EMPTY_BUFFER);
      } catch (Exception e) {
        context.fireExceptionCaught(e);
      }
    }
  }

  /**
   * Passes the end of the input on. The superclass would discard the bytes that are not decoded
   * yet.
   */
  @Override
  public void userEventTriggered(ChannelHandlerContext triggered, Object event) {
    triggered.fireUserEventTriggered(event);
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
      throws Exception {
    if (!paused) {
      super.decode(context, in, out);
    } else if (in.readableBytes() > MAX_AHEAD) {
      context.channel().config().setAutoRead(false);
    }
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both a length and chunks");
  }
}
