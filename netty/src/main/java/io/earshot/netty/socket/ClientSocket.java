package io.earshot.netty.socket;

import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Swept;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * One client's socket: what is read goes to its decoder as far as it is wanted, and what is written
 * goes out or waits. How bytes are moved is the business of the two kinds there are.
 *
 * <p>Owned by the connection's event loop.
 */
public abstract sealed class ClientSocket implements Outbound, Swept
    permits ChannelSocket, LeanSocket {
  private static final System.Logger LOG = System.getLogger(ClientSocket.class.getName());

  /** So long a client may take to read its goodbye and close its end, in seconds. */
  private static final int LINGER = 2;

  private final NettyLoop loop;
  private final KeepAlive keepAlive;

  private @Nullable Inbound inbound;
  private @Nullable Intake intake;

  /** What was read and not consumed; null when all was. */
  private @Nullable ByteBuf unread;

  private int pending;
  private int lastRead;

  /** When it is closed whatever happens, in seconds of the loop; 0 for never. */
  private int deadline;

  private boolean inputShut;
  private boolean inputClosed;
  private boolean outputShut;
  private boolean finishing;
  private boolean closed;

  ClientSocket(NettyLoop loop, KeepAlive keepAlive) {
    this.loop = loop;
    this.keepAlive = keepAlive;
    this.lastRead = loop.now();
  }

  // --- what the two kinds do -------------------------------------------------------------------

  /** Whether the socket is still open, as far as the operating system has told. */
  abstract boolean isOpen();

  /** Sends what the operating system takes at once, and returns how much that was. */
  abstract int send(ByteBuf batch, int offset, int length);

  /** Sends a copy of this after all that waits already, and then calls {@link #sent}. */
  abstract void sendLater(ByteBuf batch, int offset, int length);

  /** Goes on reading, or stops. */
  abstract void read(boolean wanted);

  /** Tells the other side that nothing more comes, and then calls {@link #outputIsShut}. */
  abstract void shutOutput();

  /** Gives the descriptor back, and says {@link Intake#gone} once that is done. */
  abstract void disconnect();

  // --- the start -------------------------------------------------------------------------------

  /** Says who reads what comes in until it is known whose it is, and until when that may take. */
  public final void await(int until, Inbound first) {
    deadline = until;
    inbound = first;
  }

  /** Says whom to hand what comes in, and hands over what came before. */
  public final void attach(Intake to, Inbound through) {
    deadline = 0;
    intake = to;
    inbound = through;
    consume();
  }

  final NettyLoop loop() {
    return loop;
  }

  final boolean isClosed() {
    return closed;
  }

  final void gone() {
    if (intake != null) {
      intake.gone();
    }
  }

  /** Reports a fault of ours, or of Netty's. */
  final void report(String what, Throwable fault) {
    loop.report(LOG, what + " of " + intake + " failed", fault);
  }

  // --- out -------------------------------------------------------------------------------------

  @Override
  public final void write(ByteBuf batch, int offset, int length) {
    // The socket may have been closed without our doing, and its descriptor may be another's by
    // now.
    if (closed || !isOpen()) {
      return;
    }
    int sent = pending == 0 ? send(batch, offset, length) : 0;
    if (sent < length && !closed) {
      pending += length - sent;
      sendLater(batch, offset + sent, length - sent);
    }
  }

  /** So many bytes of what was to be sent later are with the operating system now. */
  final void sent(int bytes) {
    pending -= bytes;
    if (pending > 0 || closed) {
      return;
    }
    if (finishing) {
      shutOutput();
    } else if (intake != null) {
      intake.drained();
    }
  }

  @Override
  public final int pendingBytes() {
    return pending;
  }

  @Override
  public final void resume() {
    loop.execute(
        () -> {
          if (!closed && !finishing) {
            read(true);
            consume();
          }
        });
  }

  @Override
  public final void finish() {
    if (closed || finishing) {
      return;
    }
    finishing = true;
    deadline = loop.now() + LINGER;
    dropUnread();
    if (pending == 0) {
      shutOutput();
    }
    // Input is read on and dropped until its end: closing with input unread would make the kernel
    // throw away what the client has not read of our goodbye.
    if (!closed) {
      read(true);
    }
  }

  final void outputIsShut() {
    outputShut = true;
    if (inputShut) {
      close();
    }
  }

  @Override
  public final void close() {
    if (!closed) {
      closed = true;
      dropUnread();
      loop.closed();
      disconnect();
    }
  }

  /** It is over, and its descriptor is somebody else's. */
  final void abandon() {
    closed = true;
    dropUnread();
    loop.closed();
  }

  @Override
  public final void stop() {
    if (intake == null) {
      close();
    } else {
      intake.dismiss(Ending.SHUTDOWN);
    }
  }

  private void dropUnread() {
    if (unread != null) {
      unread.release();
      unread = null;
    }
  }

  // --- in --------------------------------------------------------------------------------------

  /** Takes in what was read. The buffer is borrowed: what is not consumed is copied. */
  final void received(ByteBuf bytes) {
    if (closed || finishing) {
      return;
    }
    lastRead = loop.now();
    if (intake != null) {
      intake.received(bytes.readableBytes());
    }
    Inbound to = inbound;
    if (unread != null || to == null || isCongested()) {
      keep(bytes);
      consume();
      return;
    }
    bytes.skipBytes(offer(bytes, to));
    if (bytes.isReadable() && !closed && !finishing) {
      keep(bytes);
    }
    if (inbound == to) {
      afterOffer(to);
    } else {
      consume(); // the rest is for somebody else
    }
  }

  /** Adds to what is unread. What is kept for long is no longer than it has to be. */
  private void keep(ByteBuf more) {
    ByteBuf kept = unread;
    if (kept != null && kept.isWritable(more.readableBytes())) {
      kept.writeBytes(more);
      return;
    }
    int length = more.readableBytes() + (kept == null ? 0 : kept.readableBytes());
    ByteBuf both =
        ByteBufAllocator.DEFAULT.buffer(kept == null ? length : Math.max(256, length * 3 / 2));
    if (kept != null) {
      both.writeBytes(kept);
      kept.release();
    }
    unread = both.writeBytes(more);
  }

  /** Hands over what is unread, if it is wanted. */
  private void consume() {
    Inbound through = inbound;
    if (through == null) {
      return; // to be attached
    }
    ByteBuf in = unread;
    if (in != null && !isCongested()) {
      unread = null; // ours until the end of this turn, even if the socket closes meanwhile
      in.skipBytes(offer(in, through));
      if (closed || finishing || !in.isReadable()) {
        in.release();
      } else {
        unread = in;
      }
    }
    afterOffer(through);
  }

  private boolean isCongested() {
    return intake != null && intake.isCongested();
  }

  private void afterOffer(Inbound through) {
    if (!closed && !finishing) {
      if (isCongested()) {
        read(false);
      } else if (inputShut && !inputClosed) {
        inputClosed = true;
        int left = unread == null ? 0 : unread.readableBytes();
        dropUnread();
        through.closed(left);
      }
    }
  }

  private int offer(ByteBuf in, Inbound to) {
    try {
      return to.bytes(in, in.readerIndex(), in.readableBytes());
    } catch (RuntimeException | Error e) {
      // A fault of ours. It costs this connection, and nobody else.
      report("working the input", e);
      if (intake == null) {
        close();
      } else {
        intake.end(new Ending(1011, "internal error"));
      }
      return in.readableBytes();
    }
  }

  /** The other side sends no more. */
  final void inputIsShut() {
    inputShut = true;
    if (!finishing) {
      consume();
    } else if (outputShut) {
      close();
    }
  }

  @Override
  public final boolean sweep(int now) {
    if (deadline != 0 && now >= deadline) {
      if (intake == null && !closed) {
        loop.limits().count(Refusal.DEADLINE);
      }
      close();
    }
    if (!closed && !finishing && intake != null) {
      keepAlive.check(now - lastRead, intake);
    }
    return !closed;
  }
}
