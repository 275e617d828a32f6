package io.earshot.netty;

import io.earshot.Config;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What kind of sockets the operating system offers.
 *
 * <p>Immutable.
 *
 * @param handlers what drives an event loop
 * @param listeners what makes the sockets that listen
 */
record Sockets(IoHandlerFactory handlers, ChannelFactory<ServerChannel> listeners) {

  /** Linux's own where they can be reached natively, else the JDK's, which every system has. */
  static Sockets choose(Config.SocketKind kind) throws IOException {
    if (kind == Config.SocketKind.EPOLL && !Epoll.isAvailable()) {
      throw new IOException(
          "epoll sockets are not to be had here; set general.sockets to auto",
          Epoll.unavailabilityCause());
    }
    return kind != Config.SocketKind.NIO && Epoll.isAvailable()
        ? new Sockets(EpollIoHandler.newFactory(), EpollServerSocketChannel::new)
        : new Sockets(NioIoHandler.newFactory(), NioServerSocketChannel::new);
  }

  EventLoopGroup newGroup(int loops) {
    int count = loops > 0 ? loops : Runtime.getRuntime().availableProcessors();
    return new MultiThreadIoEventLoopGroup(
        count, new DefaultThreadFactory("earshot-loop"), handlers);
  }

  /** The loops of a group. */
  List<EventLoop> loops(EventLoopGroup group) {
    var loops = new ArrayList<EventLoop>();
    group.forEach(loop -> loops.add((EventLoop) loop));
    return loops;
  }
}
