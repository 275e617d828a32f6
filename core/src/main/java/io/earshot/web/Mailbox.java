package io.earshot.web;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.room.Shard;
import io.earshot.spi.Ending;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The message queue of an HTTP client. It hands out each message at most once, the oldest first. A
 * message is dropped after its time to live, and the oldest ones when the queue exceeds its bounds.
 *
 * <p>Owned by the client's event loop.
 */
final class Mailbox {

  /** The framing of the messages that rooms deliver: one line each. */
  static final Wire WIRE =
      new Wire() {
        @Override
        public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
          out.writeBytes(json).writeByte('\n');
        }

        @Override
        public void end(Ending ending, ByteBuf out) {}
      };

  private final Shard shard;
  private final long ttl; // milliseconds
  private final Config.Limits limits;
  private final Deque<Entry> entries = new ArrayDeque<>(0);
  private final Deque<CompletableFuture<byte @Nullable []>> takers = new ArrayDeque<>(0);
  private int bytes;
  private boolean closed;

  /** A message, and the time of its end by {@link Shard#elapsed}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Entry(byte[] json, long until) {}

  Mailbox(Shard shard, long ttl, Config.Limits limits) {
    this.shard = shard;
    this.ttl = ttl;
    this.limits = limits;
  }

  /** How many bytes wait for the client. */
  int bytes() {
    return bytes;
  }

  /** Adds messages of a room, one line each. */
  void write(ByteBuf batch, int offset, int length) {
    int end = offset + length;
    for (int at = offset; at < end; ) {
      int lineEnd = batch.indexOf(at, end, (byte) '\n');
      byte[] json = new byte[lineEnd - at];
      batch.getBytes(at, json);
      deliver(json);
      at = lineEnd + 1;
    }
  }

  private void deliver(byte[] json) {
    for (var taker = takers.poll(); taker != null; taker = takers.poll()) {
      if (taker.complete(json)) {
        return;
      }
    }
    entries.add(new Entry(json, shard.elapsed() + ttl));
    bytes += json.length;
    while (entries.size() > limits.queuedMessages()
        || (bytes > limits.queuedBytes() && entries.size() > 1)) {
      drop();
    }
  }

  private byte[] drop() {
    byte[] json = entries.remove().json;
    bytes -= json.length;
    return json;
  }

  /**
   * Hands out the oldest message, or null if none comes in time. A new request ends older ones that
   * wait, with null; a cancelled taker takes no message.
   *
   * @param wait how long to wait for a message, in milliseconds
   * @param taker the receiver of the message
   */
  void take(long wait, CompletableFuture<byte @Nullable []> taker) {
    takers.forEach(older -> older.complete(null));
    takers.clear();
    while (!entries.isEmpty() && entries.element().until <= shard.elapsed()) {
      drop();
    }
    if (taker.isDone()) {
      return;
    }
    if (!entries.isEmpty()) {
      taker.complete(drop());
    } else if (wait <= 0 || closed) {
      taker.complete(null);
    } else {
      takers.add(taker);
      shard.schedule(
          () -> {
            takers.removeIf(other -> other == taker);
            taker.complete(null);
          },
          wait);
    }
  }

  /** Drops all messages, and ends requests that wait. */
  void close() {
    closed = true;
    entries.clear();
    takers.forEach(taker -> taker.complete(null));
    takers.clear();
  }
}
