package io.earshot.netty;

import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
import io.earshot.netty.socket.ConnectionFilter;
import io.earshot.netty.socket.LeanListener;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Listens at the ports of a server, and hands over each client that its port does not refuse.
 *
 * <p>Owned by the thread that starts and stops the server; clients are accepted on event loops.
 */
final class Listeners {
  private static final int BACKLOG = 4096;

  /** How many refused channels may wait at once until their clients have read the reason. */
  private static final int MAX_LINGERING = 256;

  private final Sockets sockets;
  private final EventLoopGroup group;
  private final Map<EventLoop, NettyLoop> loops;
  private final List<Runnable> closers = new ArrayList<>();
  private final AtomicInteger lingering = new AtomicInteger();

  Listeners(Sockets sockets, EventLoopGroup group, Map<EventLoop, NettyLoop> loops) {
    this.sockets = sockets;
    this.group = group;
    this.loops = loops;
  }

  /**
   * Listens at a port.
   *
   * @param ip the local address; {@code *} for all
   * @param number the port number; 0 for any that is free
   * @return the port number
   * @throws BindException if that cannot be; the message names the port and its address
   */
  int listen(Port port, String ip, int number) throws BindException {
    InetSocketAddress address = address(port, ip, number);
    return port.isLean()
        ? listenWithoutChannels(port, ip, address)
        : listenWithChannels(port, ip, address);
  }

  private int listenWithoutChannels(Port port, String ip, InetSocketAddress address)
      throws BindException {
    try {
      var listener =
          LeanListener.listen(List.copyOf(loops.values()), address, port.filter(), port::open);
      closers.add(listener::close);
      return listener.port();
    } catch (IOException e) {
      throw cannotListen(port, ip, address.getPort(), e);
    }
  }

  private int listenWithChannels(Port port, String ip, InetSocketAddress address)
      throws BindException {
    ConnectionFilter filter = port.filter();
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channelFactory(sockets.listeners())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel, port, filter);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw cannotListen(port, ip, address.getPort(), bound.cause());
    }
    closers.add(() -> bound.channel().close().awaitUninterruptibly());
    return ((InetSocketAddress) bound.channel().localAddress()).getPort();
  }

  private void accept(Channel channel, Port port, ConnectionFilter filter) {
    if (!(channel.remoteAddress() instanceof InetSocketAddress remote)) {
      var unused = channel.close(); // the client has left already
    } else if (filter.admits(remote)) {
      var unused =
          channel.closeFuture().addListener(ignored -> port.limits().leave(remote.getAddress()));
      port.open(channel, loop(channel));
    } else {
      channel.eventLoop().execute(() -> refuse(channel, filter.response()));
    }
  }

  /**
   * Sends a client the reason of its refusal, and closes the channel: after a second, in which the
   * client can read it, unless many channels wait already.
   */
  private void refuse(Channel channel, byte[] response) {
    Runnable close =
        () -> {
          var unused = channel.close();
        };
    if (response.length == 0) {
      close.run();
      return;
    }
    boolean isPatient = lingering.incrementAndGet() <= MAX_LINGERING;
    var unused = channel.closeFuture().addListener(ignored -> lingering.decrementAndGet());
    var unusedWrite =
        channel
            .writeAndFlush(Unpooled.wrappedBuffer(response))
            .addListener(
                ignored -> {
                  if (isPatient && channel instanceof DuplexChannel duplex) {
                    var unusedEnd = duplex.shutdownOutput();
                    var unusedTimer = channel.eventLoop().schedule(close, 1, TimeUnit.SECONDS);
                  } else {
                    close.run();
                  }
                });
  }

  private NettyLoop loop(Channel channel) {
    NettyLoop loop = loops.get(channel.eventLoop());
    if (loop == null) {
      throw new IllegalStateException("a channel on a loop of another group");
    }
    return loop;
  }

  private static InetSocketAddress address(Port port, String ip, int number) throws BindException {
    var address =
        ip.equals("*") ? new InetSocketAddress(number) : new InetSocketAddress(ip, number);
    if (ip.isBlank() || address.isUnresolved()) {
      var unknown =
          new BindException(
              "'"
                  + ip
                  + "' is no address of this machine that "
                  + port.name()
                  + " could listen on");
      unknown.initCause(new UnknownHostException(ip));
      throw unknown;
    }
    return address;
  }

  private static BindException cannotListen(Port port, String ip, int number, Throwable cause) {
    String at = port.name() + " port " + number + (ip.equals("*") ? "" : " of " + ip);
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    var failure =
        new BindException(
            reason.contains("in use")
                ? at + " is in use by another program"
                : at + " cannot be listened on: " + reason);
    failure.initCause(cause);
    return failure;
  }

  /** Accepts no more clients. */
  void close() {
    closers.forEach(Runnable::run);
  }
}
