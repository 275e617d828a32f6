package io.earshot.netty;

import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.socket.ConnectionFilter;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;

/** A port that clients connect to: refuses clients, and makes connections for the others. */
sealed interface Port permits TcpPort, HttpPort {

  /** The name of its protocol, for error texts. */
  String name();

  /** The limits that its connections count against. */
  AddressLimits limits();

  ConnectionFilter filter();

  /** Whether clients are taken in without a channel. */
  boolean isLean();

  /** Accepts a client as a channel. Called on the channel's event loop. */
  void open(Channel channel, NettyLoop loop);

  /**
   * Accepts a client without a channel. Called on the event loop.
   *
   * @param descriptor the file descriptor of its socket
   */
  void open(NettyLoop loop, int descriptor, InetSocketAddress remote);
}
