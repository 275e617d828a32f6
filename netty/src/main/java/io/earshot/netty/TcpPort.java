package io.earshot.netty;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.socket.ConnectionFilter;
import io.earshot.netty.tls.Tls;
import io.earshot.protocol.Reply;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The TCP port, whose clients speak lines.
 *
 * <p>Immutable.
 *
 * @param areSocketsLean whether plain sockets need no channel
 * @param tls the encryption, or null
 */
record TcpPort(
    Transports transports, AddressLimits limits, boolean areSocketsLean, @Nullable Tls tls)
    implements Port {

  /** How long a TLS handshake may take, in seconds. */
  private static final int HANDSHAKE_SECONDS = 10;

  @Override
  public String name() {
    return "TCP";
  }

  @Override
  public ConnectionFilter filter() {
    byte[] json = new Reply.Refused("Error: " + ConnectionFilter.TOO_MANY).toJson(0, null).encode();
    return new ConnectionFilter(
        limits, tls != null ? new byte[0] : (new String(json, UTF_8) + "\r\n").getBytes(UTF_8));
  }

  @Override
  public boolean isLean() {
    return areSocketsLean && tls == null;
  }

  @Override
  public void open(Channel channel, NettyLoop loop) {
    if (tls == null) {
      transports.lines(channel, loop);
    } else {
      tls.open(channel, loop, HANDSHAKE_SECONDS, transports::lines);
    }
  }

  @Override
  public void open(NettyLoop loop, int descriptor, InetSocketAddress remote) {
    transports.lines(loop, descriptor, remote);
  }
}
