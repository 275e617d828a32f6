package io.earshot.netty.socket;

import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Swept;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Refusal;
import io.earshot.stats.Counter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The socket of one client. Bytes that are read go to the decoder unless the connection is
 * congested; bytes that are written go to the operating system, or wait until it takes them. The
 * subclasses move the bytes.
 *
 * <p>Owned by the connection's event loop.
 */
public abstract sealed class ClientSocket implements Outbound, Swept
    permits ChannelSocket, LeanSocket {
  private static final System.Logger LOG = System.getLogger(ClientSocket.class.getName());

  /**
   * How long a client may take to read the last bytes and close its end, in seconds. See {@link
   * #finish}.
   */
  private static final int LINGER = 2;

  private final NettyLoop loop;
  private final KeepAlive keepAlive;

  private @Nullable Inbound inbound;
  private @Nullable Intake intake;

  /** Bytes that were read and not consumed; null if there are none. */
  private @Nullable ByteBuf unread;

  private int pending;
  private int lastRead;

  /** When the socket is closed in any case, in seconds of the loop; 0 for never. */
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

  // --- the subclasses --------------------------------------------------------------------------

  /** Whether the socket is still open, as far as is known. */
  abstract boolean isOpen();

  /** Sends as much as the operating system takes at once, and returns how many bytes that was. */
  abstract int send(ByteBuf batch, int offset, int length);

  /** Sends a copy of the bytes after all that wait already, and then calls {@link #sent}. */
  abstract void sendLater(ByteBuf batch, int offset, int length);

  /** Starts or stops reading. */
  abstract void read(boolean wanted);

  /** Shuts the output down, and then calls {@link #outputIsShut}. */
  abstract void shutOutput();

  /** Closes the descriptor, and then calls {@link #gone}. */
  abstract void disconnect();

  /** Whether too much waits to be sent that was not given to {@link #write}. */
  boolean isFlooded() {
    return false;
  }

  // --- the start -------------------------------------------------------------------------------

  /**
   * Sets the decoder of the first bytes, before {@link #attach}.
   *
   * @param until when the socket is closed unless it is attached, in seconds of the loop
   */
  public final void await(int until, Inbound first) {
    deadline = until;
    inbound = first;
  }

  /**
   * Connects the socket to its connection, and hands over the bytes that it has received already.
   *
   * @param through decodes the bytes
   */
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

  /** Logs a fault of the server or of Netty. */
  final void report(String what, Throwable fault) {
    loop.report(LOG, what + " of " + intake + " failed", fault);
  }

  // --- out -------------------------------------------------------------------------------------

  @Override
  public final void write(ByteBuf batch, int offset, int length) {
    // Netty may have closed the channel, and the descriptor may belong to another socket by now.
    if (closed || !isOpen()) {
      return;
    }
    loop.stats().add(Counter.SENT_BYTES, length);
    int sent = pending == 0 ? send(batch, offset, length) : 0;
    if (sent < length && !closed) {
      pending += length - sent;
      sendLater(batch, offset + sent, length - sent);
    }
  }

  /** The operating system has taken bytes that were to be sent later. */
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

  /** Notes that the operating system does not take these bytes yet, which {@link #sent} follows. */
  final void waits(int bytes) {
    pending += bytes;
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
    endTurn();
    if (closed || finishing) {
      return;
    }
    finishing = true;
    deadline = loop.now() + LINGER;
    dropUnread();
    if (pending == 0) {
      shutOutput();
    }
    // Input is read and dropped until its end: if the socket were closed with unread input, the
    // kernel would discard the last bytes that the client has not read yet.
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
    endTurn();
    if (!closed) {
      closed = true;
      dropUnread();
      loop.closed();
      disconnect();
    }
  }

  /** Ends this object without closing the descriptor, which has another owner now. */
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

  /**
   * Handles bytes that were read. The buffer is borrowed: bytes that are not consumed are copied.
   */
  final void received(ByteBuf bytes) {
    if (closed || finishing) {
      return;
    }
    lastRead = loop.now();
    loop.stats().add(Counter.RECEIVED_BYTES, bytes.readableBytes());
    boolean congested = intake != null && intake.received(bytes.readableBytes());
    Inbound to = inbound;
    if (unread != null || to == null || congested) {
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
      consume(); // the socket was attached meanwhile; the rest is for the new decoder
    }
  }

  /** Adds to the unread bytes. The first buffer has no spare room, since most never grow. */
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

  /** Hands over the unread bytes, unless the connection is congested. */
  private void consume() {
    Inbound through = inbound;
    if (through == null) {
      return; // not attached yet
    }
    ByteBuf in = unread;
    if (in != null && !isCongested()) {
      unread = null; // so that closing the socket meanwhile does not release the buffer
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
      // A fault of the server ends this connection only.
      report("decoding the input", e);
      if (intake == null) {
        close();
      } else {
        intake.end(Ending.INTERNAL_ERROR);
      }
      return in.readableBytes();
    }
  }

  /** The client has shut its output down. */
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
    loop.countBacklog(pending, intake);
    if (deadline != 0 && now >= deadline) {
      if (intake == null && !closed) {
        loop.limits().count(Refusal.DEADLINE);
      }
      close();
    }
    if (!closed && isFlooded()) {
      close();
    }
    if (!closed && !finishing && intake != null) {
      keepAlive.check(now - lastRead, intake);
    }
    return !closed;
  }
}
