package io.earshot.netty.http;

import io.earshot.netty.loop.AddressLimits;
import io.earshot.spi.Refusal;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * Collects the body of each request. After a body that is too long, the connection is closed.
 *
 * <p>Owned by the channel's event loop.
 */
public final class BodyGatherer extends HttpObjectAggregator {
  private final AddressLimits limits;

  public BodyGatherer(int maxLength, AddressLimits limits) {
    super(maxLength, true);
    this.limits = limits;
  }

  @Override
  protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
    limits.count(Refusal.BODY);
    FullHttpResponse response =
        Responses.last(
            Responses.error(
                HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                "bodies have at most " + maxContentLength() + " bytes"));
    var unused = context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }
}
