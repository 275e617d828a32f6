package io.earshot.netty.page;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * Sends a file piece by piece, as fast as the client reads, so that at most two pieces are in
 * memory. It does not use {@code sendfile}, which would make the event loop wait for the disk.
 *
 * <p>Owned by the virtual thread that sends.
 */
final class FileStream {
  private static final int PIECE = 64 << 10;

  private final FileChannel file;
  private final StaticFiles.Exchange exchange;
  private final Channel channel;

  FileStream(FileChannel file, StaticFiles.Exchange exchange) {
    this.file = file;
    this.exchange = exchange;
    this.channel = exchange.channel();
  }

  /** Sends a head and a part of the file; returns when it is sent or has failed. */
  void send(HttpResponse head, long start, long length) {
    channel
        .eventLoop()
        .execute(
            () -> {
              exchange.addHeaders(head);
              var unused = channel.write(head);
            });
    boolean whole = false;
    try {
      whole = pieces(start, start + length);
    } catch (IOException e) {
      // The head has been sent, so the client learns of the error by a body that is too short.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean complete = whole;
    channel.eventLoop().execute(() -> end(complete));
  }

  private boolean pieces(long start, long end) throws IOException, InterruptedException {
    ChannelFuture before = channel.newSucceededFuture();
    for (long at = start; at < end; ) {
      ByteBuf piece = read(at, (int) Math.min(PIECE, end - at));
      if (!piece.isReadable()) {
        piece.release();
        return false; // the file has become shorter meanwhile
      }
      at += piece.readableBytes();
      ChannelFuture written = channel.writeAndFlush(new DefaultHttpContent(piece));
      var unused = written.addListener(ignored -> exchange.progress());
      if (!before.await().isSuccess()) {
        return false;
      }
      before = written;
    }
    return before.await().isSuccess();
  }

  private ByteBuf read(long at, int length) throws IOException {
    ByteBuf piece = channel.alloc().directBuffer(length);
    try {
      var unused = piece.writeBytes(file, at, length);
      return piece;
    } catch (IOException e) {
      piece.release();
      throw e;
    }
  }

  private void end(boolean whole) {
    if (!whole) {
      exchange.done(false);
      return;
    }
    var unused =
        channel
            .writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
            .addListener(future -> exchange.done(future.isSuccess()));
  }
}
