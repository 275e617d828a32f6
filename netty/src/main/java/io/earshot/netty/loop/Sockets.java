package io.earshot.netty.loop;

import io.earshot.Config;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The kind of sockets that a server uses.
 *
 * <p>Immutable.
 *
 * @param handlers makes the I/O handler of an event loop
 * @param listeners makes listening channels
 * @param areLean whether plain clients need no channel
 */
public record Sockets(
    IoHandlerFactory handlers, ChannelFactory<ServerChannel> listeners, boolean areLean) {
  /**
   * The kind that a setting asks for; for {@code AUTO}, the fastest that this system offers.
   *
   * @throws IOException if this system does not offer the kind
   */
  public static Sockets choose(Config.SocketKind kind) throws IOException {
    return switch (kind) {
      case AUTO -> {
        if (!Epoll.isAvailable()) {
          tellOfNio();
        }
        yield Epoll.isAvailable() ? epoll(true) : nio();
      }
      case LEAN, EPOLL -> {
        if (!Epoll.isAvailable()) {
          throw missing(kind, Epoll.unavailabilityCause());
        }
        yield epoll(kind == Config.SocketKind.LEAN);
      }
      case IO_URING -> {
        if (!IoUring.isAvailable()) {
          throw missing(kind, IoUring.unavailabilityCause());
        }
        yield new Sockets(IoUringIoHandler.newFactory(), IoUringServerSocketChannel::new, false);
      }
      case NIO -> nio();
    };
  }

  private static Sockets epoll(boolean lean) {
    return new Sockets(EpollIoHandler.newFactory(), EpollServerSocketChannel::new, lean);
  }

  private static Sockets nio() {
    return new Sockets(NioIoHandler.newFactory(), NioServerSocketChannel::new, false);
  }

  /** On Linux epoll works, unless its library cannot be loaded; elsewhere there is none. */
  private static void tellOfNio() {
    if (System.getProperty("os.name").equals("Linux")) {
      Throwable cause = Epoll.unavailabilityCause();
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      System.getLogger(Sockets.class.getName())
          .log(
              Level.WARNING,
              "sockets are those of the JDK, which cost more memory and time, since the library for epoll cannot be"
                  + " loaded: {0}. Libraries are unpacked to {1}; if it is mounted noexec, set"
                  + " -Dio.netty.native.workdir=FOLDER.",
              String.valueOf(cause.getMessage()).lines().findFirst().orElse(cause.toString()),
              System.getProperty("io.netty.native.workdir", System.getProperty("java.io.tmpdir")));
    }
  }

  private static IOException missing(Config.SocketKind kind, Throwable cause) {
    return new IOException(
        kind.name().toLowerCase(Locale.ROOT)
            + " sockets are not available on this system; set general.sockets to auto",
        cause);
  }

  /** Sends as much as the kernel takes at once, and returns how many bytes that was. */
  public static int send(Socket socket, ByteBuf from, int offset, int length) throws IOException {
    if (from.hasMemoryAddress()) {
      return socket.sendAddress(from.memoryAddress(), offset, offset + length);
    }
    if (from.isDirect()) {
      return socket.send(from.nioBuffer(offset, length), 0, length);
    }
    // The kernel cannot read the heap, where messages wait for the answer that precedes them.
    ByteBuf copy = ByteBufAllocator.DEFAULT.directBuffer(length);
    try {
      return send(socket, copy.writeBytes(from, offset, length), 0, length);
    } finally {
      copy.release();
    }
  }

  /**
   * Reads into an empty buffer.
   *
   * @return how many bytes; 0 if there are none now, -1 at the end of the stream
   */
  public static int receive(Socket socket, ByteBuf into) throws IOException {
    int read =
        into.hasMemoryAddress()
            ? socket.recvAddress(into.memoryAddress(), 0, into.capacity())
            : socket.recv(into.internalNioBuffer(0, into.capacity()), 0, into.capacity());
    into.writerIndex(Math.max(0, read));
    return read;
  }

  public EventLoopGroup newGroup(int loops) {
    int count = loops > 0 ? loops : Runtime.getRuntime().availableProcessors();
    return new MultiThreadIoEventLoopGroup(
        count, new DefaultThreadFactory("earshot-loop"), handlers);
  }

  /** The event loops of a group. */
  public List<IoEventLoop> loops(EventLoopGroup group) {
    var loops = new ArrayList<IoEventLoop>();
    group.forEach(loop -> loops.add((IoEventLoop) loop));
    return loops;
  }
}
