package io.earshot.netty.socket;

import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
import io.earshot.stats.Counter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A plain socket on Linux without a channel. It is registered with the event loop's epoll, reads
 * into the loop's shared buffer, and has a buffer of its own only while the kernel does not take
 * the bytes to send.
 *
 * <p>The interest in events is level-triggered: input while the socket is read, the end of the
 * input until it is seen, and output while bytes wait. Epoll always reports errors and hang-ups, so
 * that the server notices when a client leaves whose socket is not read.
 *
 * <p>Owned by the connection's event loop; {@link #remoteAddress} may be called on any thread.
 */
public final class LeanSocket extends ClientSocket implements EpollIoHandle {
  private static final int IN = EpollIoOps.EPOLLIN.value();
  private static final int OUT = EpollIoOps.EPOLLOUT.value();
  private static final int END = EpollIoOps.EPOLLRDHUP.value();

  /**
   * A longer batch is sent by a call of its own, which costs less than to copy it. No more bytes
   * than these wait for the end of a turn: a client that does not read is to be noticed at once.
   */
  private static final int MAX_JOINED = 8 * 1024;

  /** Always reported; part of each interest, since Netty submits no empty one. */
  private static final int ERROR = EpollIoOps.EPOLLERR.value();

  private final Socket socket;

  /** The address if it is IPv4, to save the five objects that the JDK makes of it. */
  private int ipv4;

  private char port;

  /** The address if it is not IPv4, or null. */
  private @Nullable InetSocketAddress other;

  private @Nullable IoRegistration registration;
  private short interest = (short) (ERROR | IN | END);
  private boolean ended;

  /**
   * Bytes that the kernel did not take, which are the pending bytes; if none are pending, bytes
   * that wait for the end of the turn; null for none.
   */
  private @Nullable ByteBuf backlog;

  /**
   * Takes over an open socket.
   *
   * @param descriptor its file descriptor, which this object owns from now on
   */
  public LeanSocket(NettyLoop loop, KeepAlive keepAlive, int descriptor, InetSocketAddress remote) {
    super(loop, keepAlive);
    this.socket = new Socket(descriptor);
    comesFrom(remote);
    loop.opened(this);
  }

  /**
   * Sets the client's address: that of the socket, or the one that a proxy forwards. Called before
   * other threads know of this object.
   */
  public void comesFrom(InetSocketAddress remote) {
    port = (char) remote.getPort();
    boolean isIpv4 = remote.getAddress() instanceof Inet4Address;
    ipv4 = isIpv4 ? ByteBuffer.wrap(remote.getAddress().getAddress()).getInt() : 0;
    other = isIpv4 ? null : remote;
  }

  /** Registers the socket with the event loop. */
  public void register() {
    if (isClosed()) {
      return; // the server is stopping
    }
    var registering = loop().register(this);
    if (registering.isSuccess()) {
      registration = registering.getNow();
      submit();
    } else {
      report("the registration", registering.cause());
      close();
    }
  }

  @Override
  public InetSocketAddress remoteAddress() {
    if (other != null) {
      return other;
    }
    try {
      byte[] address = ByteBuffer.allocate(Integer.BYTES).putInt(ipv4).array();
      return new InetSocketAddress(InetAddress.getByAddress(address), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  @Override
  public FileDescriptor fd() {
    return socket;
  }

  /** Changes the interest in events. */
  private void ask(int wanted) {
    if (wanted != interest) {
      interest = (short) wanted;
      submit();
    }
  }

  private void submit() {
    if (registration != null) {
      registration.submit(EpollIoOps.valueOf(interest));
    }
  }

  // An exception that left this method would stall the loop.
  @Override
  public void handle(IoRegistration registered, IoEvent event) {
    try {
      int ready = ((EpollIoEvent) event).ops().value();
      if ((ready & OUT) != 0) {
        output();
      }
      if ((ready & ~OUT) != 0 && !isClosed()) {
        input(ready);
      }
    } catch (IOException | NotYetConnectedException e) {
      close(); // the client has left
    } catch (RuntimeException | Error e) {
      report("the socket", e);
      close();
    }
  }

  // --- in --------------------------------------------------------------------------------------

  private void input(int ready) throws IOException {
    boolean broken = (ready & ~(IN | OUT | END)) != 0;
    if (ended && broken) {
      close();
      return;
    }
    if ((interest & IN) == 0 && !broken) {
      ask(interest & ~END); // the end is read after the input before it
      return;
    }
    ByteBuf buffer = loop().readBuffer();
    // The result of recv counts, whatever the event said.
    int read = Sockets.receive(socket, buffer);
    if (read > 0) {
      received(buffer);
    } else if (read < 0) {
      ended = true;
      ask(interest & ~(IN | END));
      inputIsShut();
    }
  }

  @Override
  void read(boolean wanted) {
    if (!ended) {
      ask(wanted ? interest | IN | END : interest & ~IN);
    }
  }

  // --- out -------------------------------------------------------------------------------------

  @Override
  boolean isOpen() {
    return true; // only this object closes the socket
  }

  @Override
  int send(ByteBuf batch, int offset, int length) {
    ByteBuf soon = backlog;
    if (soon == null) {
      return sendNow(batch, offset, length);
    }
    if (length > MAX_JOINED) {
      endTurn();
      return isClosed() || backlog != null ? 0 : sendNow(batch, offset, length);
    }
    int before = soon.readableBytes();
    soon.writeBytes(batch, offset, length);
    backlog = null;
    int sent = sendNow(soon, soon.readerIndex(), before + length);
    if (sent < before && !isClosed()) {
      backlog = soon.writerIndex(soon.writerIndex() - length);
      unsent(sent);
      return 0;
    }
    soon.release();
    return Math.max(0, sent - before);
  }

  private int sendNow(ByteBuf batch, int offset, int length) {
    try {
      return Sockets.send(socket, batch, offset, length);
    } catch (IOException | NotYetConnectedException e) {
      close(); // the client has left
      return 0;
    }
  }

  @Override
  public void writeSoon(ByteBuf framed) {
    ByteBuf soon = backlog;
    boolean isShort =
        framed.readableBytes() + (soon == null ? 0 : soon.readableBytes()) <= MAX_JOINED;
    if (isClosed() || pendingBytes() > 0 || !isShort) {
      super.writeSoon(framed);
      return;
    }
    loop().stats().add(Counter.SENT_BYTES, framed.readableBytes());
    if (soon == null) {
      backlog = framed;
      loop().endTurn(this);
    } else {
      soon.writeBytes(framed);
      framed.release();
    }
  }

  @Override
  public void endTurn() {
    ByteBuf soon = backlog;
    if (soon == null || pendingBytes() > 0) {
      return;
    }
    backlog = null;
    int sent = sendNow(soon, soon.readerIndex(), soon.readableBytes());
    if (sent < soon.readableBytes() && !isClosed()) {
      backlog = soon;
      unsent(sent);
    } else {
      soon.release();
    }
  }

  /** The kernel has taken only so many bytes of what waited for the end of the turn. */
  private void unsent(int sent) {
    ByteBuf soon = Objects.requireNonNull(backlog).skipBytes(sent);
    waits(soon.readableBytes());
    ask(interest | OUT);
  }

  @Override
  void sendLater(ByteBuf batch, int offset, int length) {
    if (backlog == null) {
      backlog = ByteBufAllocator.DEFAULT.directBuffer(length);
    }
    backlog.discardSomeReadBytes().writeBytes(batch, offset, length);
    ask(interest | OUT);
  }

  private void output() throws IOException {
    ByteBuf waiting = backlog;
    if (waiting == null) {
      return;
    }
    int sent = Sockets.send(socket, waiting, waiting.readerIndex(), waiting.readableBytes());
    waiting.skipBytes(sent);
    if (!waiting.isReadable()) {
      waiting.release();
      backlog = null;
      ask(interest & ~OUT);
    }
    sent(sent);
  }

  @Override
  void shutOutput() {
    try {
      socket.shutdown(false, true);
      outputIsShut();
    } catch (IOException | NotYetConnectedException e) {
      close(); // the client has left
    }
  }

  // --- the end ---------------------------------------------------------------------------------

  /** Ends this object, and returns its descriptor, which the caller owns from now on. */
  public int release() {
    if (registration != null) {
      registration.cancel();
    }
    abandon();
    return socket.intValue();
  }

  @Override
  void disconnect() {
    if (backlog != null) {
      backlog.release();
      backlog = null;
    }
    // In this order: once the socket is closed, another one may get the same descriptor.
    if (registration != null) {
      registration.cancel();
    }
    try {
      socket.close();
    } catch (IOException e) {
      report("closing", e);
    }
    loop().limits().leave(remoteAddress().getAddress());
    loop().execute(this::gone); // in a task of its own: the caller may be in the middle of a write
  }
}
