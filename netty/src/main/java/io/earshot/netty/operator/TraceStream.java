package io.earshot.netty.operator;

import io.earshot.events.Trace;
import io.earshot.protocol.Json;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;

/**
 * The connection of the client that reads a trace. While the client does not read, events wait in
 * the trace, which drops those beyond its bound.
 *
 * <p>Owned by the channel's event loop.
 */
public final class TraceStream extends ChannelInboundHandlerAdapter {
  private final Channel channel;
  private final Trace trace;
  private final boolean isEvents;
  private final Runnable reader = this::readLater;
  private boolean hasEnded;

  private TraceStream(Channel channel, Trace trace, boolean isEvents) {
    this.channel = channel;
    this.trace = trace;
    this.isEvents = isEvents;
  }

  /** The response before the stream. */
  public static HttpResponse head(boolean isEvents) {
    var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers()
        .set(
            HttpHeaderNames.CONTENT_TYPE,
            isEvents ? "text/event-stream; charset=utf-8" : "application/x-ndjson; charset=utf-8")
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("x-accel-buffering", "no")
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return head;
  }

  /** Streams a trace to a channel. Called on its event loop. */
  public static void begin(Channel channel, Trace trace, boolean isEvents) {
    var stream = new TraceStream(channel, trace, isEvents);
    channel.pipeline().addLast("trace", stream);
    channel.config().setAutoRead(true);
    if (!trace.read(stream.reader)) {
      stream.write("{\"event\":\"refused\",\"detail\":\"another client reads this trace\"}");
      stream.end();
    }
  }

  private void readLater() {
    try {
      channel.eventLoop().execute(this::pump);
    } catch (RejectedExecutionException e) {
      // The server has stopped.
    }
  }

  /** Writes what the trace has, while the client takes it. */
  private void pump() {
    if (!hasEnded && channel.isActive() && channel.isWritable()) {
      boolean isOver = trace.take(event -> write(text(event)));
      if (isOver) {
        write("{\"event\":\"ended\"}");
        end();
      } else {
        channel.flush();
      }
    }
  }

  private static String text(Json.Obj event) {
    return new String(event.encode(), StandardCharsets.UTF_8);
  }

  private void write(String json) {
    ByteBuf line =
        Unpooled.copiedBuffer(
            isEvents ? "data: " + json + "\n\n" : json + "\n", StandardCharsets.UTF_8);
    var unused = channel.write(line);
  }

  private void end() {
    hasEnded = true;
    trace.release(reader);
    var unused =
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ReferenceCountUtil.release(message); // nothing follows the request
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    pump();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    hasEnded = true;
    trace.release(reader);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    var unused = channel.close();
  }
}
