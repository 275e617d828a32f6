package io.earshot.netty;

import io.earshot.spi.Refusal;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * Gathers a request's body. After one that is too long nothing more is read.
 *
 * <p>Owned by the channel's event loop.
 */
final class BodyGatherer extends HttpObjectAggregator {
  private final Guard guard;

  BodyGatherer(int maxLength, Guard guard) {
    super(maxLength, true);
    this.guard = guard;
  }

  @Override
  protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
    guard.count(Refusal.BODY);
    FullHttpResponse response =
        HttpDoor.error(
            HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
            "bodies have at most " + maxContentLength() + " bytes");
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    var _ = context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }
}
