package io.earshot.session;

import io.earshot.Transport;
import io.earshot.connection.LoopContext;
import io.earshot.events.EventKind;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.room.Lag;
import io.earshot.room.Member;
import io.earshot.spi.Ending;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.earshot.stats.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The outgoing half of a client's connection: writes to its socket, and decides what happens when
 * the client does not read.
 *
 * <p>Owned by the connection's event loop.
 */
abstract sealed class OutboundConnection extends MultiRoomConnection permits RequestOrder {
  private static final System.Logger LOG = System.getLogger(OutboundConnection.class.getName());

  /** A client with more pending bytes than this is not read, and rooms may leave messages out. */
  private static final int MAX_UNREAD = 64 * 1024;

  /** How many of the messages that a lag has kept are recorded. */
  private static final int MOST_RECORDED = 100;

  final Outbound outbound;

  Phase phase = Phase.OPENING;

  /** The opening or the request to resume that is under way and holds messages; null for none. */
  @Nullable HeldMessages holding;

  /** Messages were left out in some room, since the client did not keep up. */
  private boolean lags;

  private boolean isCountedClosed;

  OutboundConnection(
      LoopContext context, Outbound outbound, Wire wire, Transport transport, String room) {
    super(context, wire, transport, room);
    this.outbound = outbound;
  }

  /** Ends the connection because its client does not read. */
  abstract void cutOff();

  /** Closes the socket without sending anything. */
  abstract void closeNow();

  @Override
  public final SocketAddress remoteAddress() {
    return outbound.remoteAddress();
  }

  @Override
  public final int waitingBytes() {
    return outbound.pendingBytes();
  }

  // --- messages --------------------------------------------------------------------------------

  @Override
  public final void deliver(ByteBuf bytes, int offset, int length) {
    if (!phase.sendsMessages()) {
      return;
    }
    if (holding != null && holding.isHolding()) {
      if (holding.hold(bytes, offset, length) > engine().config().limits().outboundBytes()) {
        closeNow();
      }
      return;
    }
    try {
      outbound.write(bytes, offset, length);
      checkPending();
    } catch (RuntimeException | Error e) {
      sendingFailed(e);
    }
  }

  private void checkPending() {
    int pending = outbound.pendingBytes();
    if (pending > 0 && pending > engine().config().limits().outboundBytes()) {
      LOG.log(Level.DEBUG, () -> this + " is cut off: its client does not read");
      cutOff();
    }
  }

  private void sendingFailed(Throwable fault) {
    LOG.log(Level.ERROR, "sending to " + this + " failed", fault);
    closeNow();
  }

  /** Sends a document that may wait for messages of the same turn, to be sent together. */
  final void sendSoon(byte[] json) {
    if (holding != null || !phase.sendsMessages()) {
      send(json);
      return;
    }
    try {
      ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 16);
      wire().frame(json, null, buffer);
      outbound.writeSoon(buffer);
      checkPending();
    } catch (RuntimeException | Error e) {
      sendingFailed(e);
    }
  }

  /** Sends bytes that are framed already. */
  public final void write(ByteBuf framed) {
    deliver(framed, framed.readerIndex(), framed.readableBytes());
  }

  /** Sends when the client is to reconnect, if the wire has a form for that. */
  final void sendReconnectAfter(long millis) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(32);
    try {
      wire().reconnectAfter(millis, buffer);
      if (buffer.isReadable()) {
        write(buffer);
      }
    } finally {
      buffer.release();
    }
  }

  /** Counts why the socket is closed, the first time that it is known. */
  final void countClosed(CloseReason why) {
    if (!isCountedClosed) {
      isCountedClosed = true;
      engine().counts().closed(transport(), why);
    }
  }

  /** Sends the end of the connection, and closes the socket once that is sent. */
  final void finish(@Nullable Json lastMessage, Ending why) {
    countClosed(why.closeReason());
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      if (lastMessage != null) {
        wire().frame(lastMessage.encode(), null, buffer);
      }
      wire().end(why, buffer);
      if (buffer.isReadable()) {
        outbound.write(buffer, 0, buffer.readableBytes());
      }
    } finally {
      buffer.release();
    }
    outbound.finish();
  }

  // --- a client that does not keep up ----------------------------------------------------------

  @Override
  public final int pendingBytes() {
    return outbound.pendingBytes();
  }

  @Override
  public final boolean isBehind() {
    return outbound.pendingBytes() > MAX_UNREAD;
  }

  @Override
  public final boolean takesSignals() {
    return phase.sendsMessages() && holding == null && outbound.pendingBytes() == 0;
  }

  @Override
  public final Lag newLag(Member member) {
    lags = true;
    shard().recorder().add(EventKind.LAG_BEGAN, this, member.room, null);
    member.lag = new Lag(member.room, engine().config().limits().outboundBytes() / 2);
    return member.lag;
  }

  @Override
  public final void catchUp(Member member) {
    Lag lag = member.lag;
    if (lag == null) {
      return;
    }
    member.lag = null;
    recordEnd(member.room, lag);
    Json.Obj notice = lag.notice();
    if (notice != null) {
      send(notice.encode());
    }
    sendMissed(lag.kept());
  }

  private void recordEnd(String room, Lag lag) {
    Cursor first = lag.first();
    Cursor last = lag.last();
    if (first != null && last != null) {
      String kept =
          lag.kept().stream()
              .limit(MOST_RECORDED)
              .map(message -> String.valueOf(message.place().offset()))
              .collect(Collectors.joining(","));
      shard().recorder().add(EventKind.LAG_ENDED, this, room, first.offset(), last, kept);
    }
  }

  /** Sends the client, for each room, the notice of the messages that were left out. */
  final void catchUp() {
    if (lags) {
      lags = false;
      places().forEach(this::catchUp);
    }
  }
}
