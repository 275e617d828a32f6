package io.earshot.netty.socket;

import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
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
import org.jspecify.annotations.Nullable;

/**
 * A plain socket on Linux without a channel: it is registered with the event loop's epoll itself,
 * reads into the loop's one buffer, and has a buffer of its own only while the kernel does not take
 * what it has to send.
 *
 * <p>What is asked of epoll is level-triggered: input while it is wanted, the end of input until it
 * is seen, and room for output while something waits. Errors and hang-ups are told unasked, so that
 * a client that is not read is still seen to go.
 *
 * <p>Owned by the connection's event loop; where the other side is may be asked from anywhere.
 */
public final class LeanSocket extends ClientSocket implements EpollIoHandle {
  private static final int IN = EpollIoOps.EPOLLIN.value();
  private static final int OUT = EpollIoOps.EPOLLOUT.value();
  private static final int END = EpollIoOps.EPOLLRDHUP.value();

  /** Told unasked; asked for all the same, since asking for nothing means nothing to epoll. */
  private static final int ERROR = EpollIoOps.EPOLLERR.value();

  private final Socket socket;

  /** An IPv4 address, which most are, without the five objects that the JDK makes of it. */
  private int ipv4;

  private char port;

  /** An address of another family; null for IPv4. */
  private @Nullable InetSocketAddress other;

  private @Nullable IoRegistration registration;
  private short interest = (short) (ERROR | IN | END);
  private boolean ended;
  private @Nullable ByteBuf backlog;

  /**
   * A socket that is open, and not looked after by anybody else (any more).
   *
   * @param descriptor its file descriptor, which belongs to this object from now on
   */
  public LeanSocket(NettyLoop loop, KeepAlive keepAlive, int descriptor, InetSocketAddress remote) {
    super(loop, keepAlive);
    this.socket = new Socket(descriptor);
    comesFrom(remote);
    loop.opened(this);
  }

  /**
   * Says where the other side is, which whoever makes this object knows, or a proxy tells. Before
   * anybody else knows of this object.
   */
  public void comesFrom(InetSocketAddress remote) {
    port = (char) remote.getPort();
    boolean isIpv4 = remote.getAddress() instanceof Inet4Address;
    ipv4 = isIpv4 ? ByteBuffer.wrap(remote.getAddress().getAddress()).getInt() : 0;
    other = isIpv4 ? null : remote;
  }

  /** Begins to be looked after by the event loop. */
  public void register() {
    if (isClosed()) {
      return; // the server stops
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

  /** Asks epoll for these instead, if that is not what it was asked for. */
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

  // Whatever goes wrong ends here: an exception that left this method would stall the loop.
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
      close(); // the other side is gone
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
      ask(interest & ~END); // it will be read when there is room for what came before it
      return;
    }
    ByteBuf buffer = loop().readBuffer();
    // What recv returns is the truth, whatever the event said.
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
    return true; // nobody but this object closes it
  }

  @Override
  int send(ByteBuf batch, int offset, int length) {
    try {
      return Sockets.send(socket, batch, offset, length);
    } catch (IOException | NotYetConnectedException e) {
      close(); // the other side is gone
      return 0;
    }
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
      close(); // gone before that could be said
    }
  }

  // --- the end ---------------------------------------------------------------------------------

  /** Gives up its descriptor to whoever calls, and is over without closing it. */
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
    // In this order: once it is closed its number may be another's, whose registration this is not.
    if (registration != null) {
      registration.cancel();
    }
    try {
      socket.close();
    } catch (IOException e) {
      report("the closing", e);
    }
    loop().limits().leave(remoteAddress().getAddress());
    loop().execute(this::gone); // whoever closes it may be in the middle of telling it something
  }
}
