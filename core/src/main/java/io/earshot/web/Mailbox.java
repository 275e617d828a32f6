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
 * Where an HTTP client's messages wait to be fetched. Each is handed out at most once, the oldest
 * first, and is forgotten a while after it was told. Beyond its bounds the oldest go.
 *
 * <p>Owned by the client's event loop.
 */
final class Mailbox {

  /** How messages come in: a line each. */
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
  private final long ttl;
  private final Config.Limits limits;
  private final Deque<Letter> letters = new ArrayDeque<>(0);
  private final Deque<CompletableFuture<byte @Nullable []>> takers = new ArrayDeque<>(0);
  private int bytes;
  private boolean closed;

  /** A message, and until when it is kept. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Letter(byte[] json, long until) {}

  Mailbox(Shard shard, long ttl, Config.Limits limits) {
    this.shard = shard;
    this.ttl = ttl;
    this.limits = limits;
  }

  /** Takes in what a room told, a line for each message. */
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
    letters.add(new Letter(json, shard.now() + ttl));
    bytes += json.length;
    while (letters.size() > limits.queuedMessages()
        || (bytes > limits.queuedBytes() && letters.size() > 1)) {
      drop();
    }
  }

  private byte[] drop() {
    byte[] json = letters.remove().json;
    bytes -= json.length;
    return json;
  }

  /**
   * Hands out the oldest message, or null if there is none in time. Who asks anew waits no longer
   * for what they asked before, and a taker that was cancelled takes nothing.
   *
   * @param wait how long to wait for one, in milliseconds
   * @param taker who is handed it
   */
  void take(long wait, CompletableFuture<byte @Nullable []> taker) {
    takers.forEach(older -> older.complete(null));
    takers.clear();
    while (!letters.isEmpty() && letters.element().until <= shard.now()) {
      drop();
    }
    if (taker.isDone()) {
      return;
    }
    if (!letters.isEmpty()) {
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

  /** Drops what is waiting, and lets nobody wait for more. */
  void close() {
    closed = true;
    letters.clear();
    takers.forEach(taker -> taker.complete(null));
    takers.clear();
  }
}
