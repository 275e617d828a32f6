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
 * Bytes to requests, one at a time: while one is worked, the bytes of the next ones stay bytes.
 * What two servers may read differently is read by none, since one of them may be in front of the
 * other.
 *
 * <p>Owned by the channel's event loop.
 */
public final class PausingDecoder extends HttpRequestDecoder {
  private static final int MAX_LINE = 8 * 1024;

  /** So much is read ahead of a client that is only read to see it go, in bytes. */
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

  /** Decodes nothing until it is resumed. */
  public void pause() {
    paused = true;
  }

  /** Goes on with the bytes that it has. */
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
   * What came before the end of the input is still to be decoded, so it is not thrown away here.
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
