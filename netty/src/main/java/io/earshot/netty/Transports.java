package io.earshot.netty;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.engine.Engine;
import io.earshot.netty.frame.FrameDecoder;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.frame.LineDecoder;
import io.earshot.netty.frame.StreamInput;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.socket.ChannelSocket;
import io.earshot.netty.socket.ClientSocket;
import io.earshot.netty.socket.LeanSocket;
import io.earshot.spi.Intake;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Connects sockets to the engine: for each transport, the decoder that reads the socket, the
 * framing that is written to it, and its time limits.
 *
 * <p>Immutable. Each method is called on the event loop of the socket.
 */
final class Transports {
  private final Engine engine;
  private final Config config;
  private final KeepAlive lineKeepAlive;
  private final KeepAlive frameKeepAlive;

  Transports(Engine engine, Config config) {
    this.engine = engine;
    this.config = config;
    this.lineKeepAlive =
        KeepAlive.of(Framing.LINES, Duration.ZERO, config.tcpServer().idleTimeout());
    this.frameKeepAlive =
        KeepAlive.of(
            Framing.FRAMES, config.webSockets().pingInterval(), config.webSockets().idleTimeout());
  }

  // --- lines -----------------------------------------------------------------------------------

  void lines(Channel channel, NettyLoop loop) {
    var socket = new ChannelSocket(channel, loop, lineKeepAlive, channel.remoteAddress());
    channel.pipeline().addLast("socket", socket.new Handler());
    lines(socket, loop);
  }

  void lines(NettyLoop loop, int descriptor, InetSocketAddress remote) {
    var socket = new LeanSocket(loop, lineKeepAlive, descriptor, remote);
    socket.register();
    lines(socket, loop);
  }

  private void lines(ClientSocket socket, NettyLoop loop) {
    Intake intake = engine.connect(loop, socket, Framing.LINES, Transport.TCP);
    socket.attach(intake, new LineDecoder(intake, config.tcpServer().maxLineLength()));
  }

  // --- WebSockets and streams ------------------------------------------------------------------

  /** A socket without a channel, whose client may ask for a WebSocket. */
  LeanSocket lean(NettyLoop loop, int descriptor, InetSocketAddress remote) {
    return new LeanSocket(loop, frameKeepAlive, descriptor, remote);
  }

  void webSocket(ClientSocket socket, NettyLoop loop, JoinRequest join) {
    Intake intake = connect(loop, socket, Framing.FRAMES, Transport.WEBSOCKET, join);
    socket.attach(intake, new FrameDecoder(intake, config.webSockets().maxMessageLength()));
  }

  /**
   * Makes a WebSocket of a channel that spoke HTTP. Reading is paused.
   *
   * @param from where the client is
   * @param leaveHttp removes HTTP from the channel
   */
  void webSocket(
      Channel channel,
      NettyLoop loop,
      InetSocketAddress from,
      JoinRequest join,
      Runnable leaveHttp) {
    webSocket(switched(channel, loop, frameKeepAlive, from, leaveHttp), loop, join);
    channel.config().setAutoRead(true);
  }

  /** Makes a stream of a channel that spoke HTTP, as {@link #webSocket} does. */
  void stream(
      Channel channel,
      NettyLoop loop,
      InetSocketAddress from,
      Framing framing,
      JoinRequest join,
      Runnable leaveHttp) {
    // The client of a stream sends nothing, so it cannot be idle for too long.
    var keepAlive = KeepAlive.of(framing, config.webSockets().pingInterval(), Duration.ZERO);
    ClientSocket socket = switched(channel, loop, keepAlive, from, leaveHttp);
    Intake intake = connect(loop, socket, framing, Transport.STREAM, join);
    socket.attach(intake, new StreamInput(intake));
    channel.config().setAutoRead(true);
  }

  private static ClientSocket switched(
      Channel channel,
      NettyLoop loop,
      KeepAlive keepAlive,
      InetSocketAddress from,
      Runnable leaveHttp) {
    var socket = new ChannelSocket(channel, loop, keepAlive, from);
    channel.pipeline().addLast("socket", socket.new Handler());
    leaveHttp.run();
    return socket;
  }

  private Intake connect(
      NettyLoop loop, ClientSocket socket, Framing framing, Transport transport, JoinRequest join) {
    return engine.connect(
        loop, socket, framing, transport, join.room(), join.after(), join.token());
  }
}
