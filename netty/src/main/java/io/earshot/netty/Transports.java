package io.earshot.netty;

import static java.util.function.Function.identity;
import static java.util.stream.Collectors.toUnmodifiableMap;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.engine.Engine;
import io.earshot.netty.frame.DeflateTerms;
import io.earshot.netty.frame.EventIds;
import io.earshot.netty.frame.FrameDecoder;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.frame.LineDecoder;
import io.earshot.netty.frame.LoopDeflate;
import io.earshot.netty.frame.StreamInput;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.OpenStreams;
import io.earshot.netty.http.Site;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.socket.ChannelSocket;
import io.earshot.netty.socket.ClientSocket;
import io.earshot.netty.socket.LeanSocket;
import io.earshot.protocol.Start;
import io.earshot.spi.ConnectRequest;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

  /** The compression of each event loop. */
  private final Map<NettyLoop, LoopDeflate> deflates;

  Transports(Engine engine, Config config, Collection<NettyLoop> loops) {
    this.engine = engine;
    this.config = config;
    this.lineKeepAlive =
        KeepAlive.of(Framing.LINES, Duration.ZERO, config.tcpServer().idleTimeout());
    this.frameKeepAlive =
        KeepAlive.of(
            Framing.FRAMES, config.webSockets().pingInterval(), config.webSockets().idleTimeout());
    int minLength = config.webSockets().minCompressedLength();
    this.deflates =
        loops.stream()
            .collect(toUnmodifiableMap(identity(), loop -> new LoopDeflate(minLength, loop::now)));
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

  /**
   * Makes a WebSocket of a socket.
   *
   * @param deflate the compression that the handshake agreed on, or null
   */
  void webSocket(
      ClientSocket socket,
      NettyLoop loop,
      @Nullable DeflateTerms deflate,
      JoinRequest join,
      ConnectRequest request) {
    int maxLength = config.webSockets().maxMessageLength();
    LoopDeflate codec = deflates.get(loop);
    if (deflate == null || codec == null) {
      Intake intake = connect(loop, socket, Framing.FRAMES, Transport.WEBSOCKET, join, request);
      socket.attach(intake, new FrameDecoder(intake, maxLength));
    } else {
      Wire wire = codec.wire(deflate);
      Intake intake = connect(loop, socket, wire, Transport.WEBSOCKET, join, request);
      socket.attach(intake, codec.decoder(intake, maxLength));
    }
  }

  /**
   * Makes a WebSocket of a channel that spoke HTTP. Reading is paused.
   *
   * @param from where the client is
   * @param deflate the compression that the handshake agreed on, or null
   * @param request what the client has sent
   * @param leaveHttp removes HTTP from the channel
   */
  void webSocket(
      Channel channel,
      NettyLoop loop,
      InetSocketAddress from,
      @Nullable DeflateTerms deflate,
      JoinRequest join,
      ConnectRequest request,
      Runnable leaveHttp) {
    ClientSocket socket = switched(channel, loop, frameKeepAlive, from, leaveHttp);
    webSocket(socket, loop, deflate, join, request);
    channel.config().setAutoRead(true);
  }

  /** Makes a stream of a channel that spoke HTTP, as {@link #webSocket} does. */
  void stream(
      Channel channel,
      NettyLoop loop,
      InetSocketAddress from,
      Framing framing,
      JoinRequest join,
      ConnectRequest request,
      Runnable leaveHttp) {
    ClientSocket socket =
        streaming(channel, loop, framing, config.webSockets().pingInterval(), from, leaveHttp);
    attach(channel, socket, connect(loop, socket, framing, Transport.STREAM, join, request));
  }

  /** The same for a stream of several rooms, whose client may send requests. */
  void stream(
      Channel channel,
      NettyLoop loop,
      InetSocketAddress from,
      Answer.SharedStream stream,
      ConnectRequest request,
      Site site,
      Runnable leaveHttp) {
    ClientSocket socket =
        streaming(channel, loop, stream.framing(), stream.pingInterval(), from, leaveHttp);
    String key = stream.key();
    OpenStreams.Stream open = key == null ? null : site.streams().open(key, loop, channel);
    boolean isBrowsers = stream.byUrl() && stream.framing() == Framing.EVENTS;
    Outbound out = isBrowsers ? EventIds.of(socket, stream.requests()) : socket;
    Intake intake =
        engine.connect(
            loop, out, stream.framing(), Transport.STREAM, null, Start.LIVE, null, request);
    if (open != null) {
      open.attach(intake);
    }
    attach(channel, socket, intake);
    stream.requests().forEach(intake::handle);
  }

  private static ClientSocket streaming(
      Channel channel,
      NettyLoop loop,
      Framing framing,
      Duration pingInterval,
      InetSocketAddress from,
      Runnable leaveHttp) {
    // The client sends nothing over the connection, so it cannot be idle for too long.
    var keepAlive = KeepAlive.of(framing, pingInterval, Duration.ZERO);
    return switched(channel, loop, keepAlive, from, leaveHttp);
  }

  private static void attach(Channel channel, ClientSocket socket, Intake intake) {
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
      NettyLoop loop,
      ClientSocket socket,
      Wire wire,
      Transport transport,
      JoinRequest join,
      ConnectRequest request) {
    return engine.connect(
        loop, socket, wire, transport, join.room(), join.start(), join.token(), request);
  }
}
