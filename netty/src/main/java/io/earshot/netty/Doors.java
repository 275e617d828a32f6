package io.earshot.netty;

import io.earshot.Config;
import io.earshot.Earshot;
import io.earshot.Transport;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.function.Function;

/**
 * How connections come in: what each transport puts between a socket and the rooms.
 *
 * <p>Immutable.
 */
final class Doors {
  private final Earshot earshot;
  private final Config config;
  private final Handshake handshake;
  private final KeepAlive lineKeepAlive;
  private final KeepAlive frameKeepAlive;
  private final int requestSeconds;

  Doors(Earshot earshot, Config config) {
    this.earshot = earshot;
    this.config = config;
    this.handshake = new Handshake(config.webSockets().allowedOrigins());
    this.lineKeepAlive = KeepAlive.of(Duration.ZERO, config.tcpServer().idleTimeout());
    this.frameKeepAlive =
        KeepAlive.of(config.webSockets().pingInterval(), config.webSockets().idleTimeout());
    this.requestSeconds =
        (int) Math.min(Integer.MAX_VALUE, config.httpServer().requestTimeout().toSeconds());
  }

  Handshake handshake() {
    return handshake;
  }

  int requestSeconds() {
    return requestSeconds;
  }

  void openLines(Channel channel, NettyLoop loop) {
    int maxLength = config.tcpServer().maxLineLength();
    open(
        channel,
        loop,
        Transport.TCP,
        Framing.LINES,
        lineKeepAlive,
        () -> {},
        intake -> new LineDecoder(intake, maxLength));
  }

  /**
   * Makes a WebSocket of a channel that spoke HTTP.
   *
   * @param leave takes out what spoke it
   */
  void openWebSocket(Channel channel, NettyLoop loop, Runnable leave) {
    int maxLength = config.webSockets().maxMessageLength();
    open(
        channel,
        loop,
        Transport.WEBSOCKET,
        Framing.FRAMES,
        frameKeepAlive,
        leave,
        intake -> new FrameDecoder(intake, maxLength));
  }

  void openHttp(Channel channel, NettyLoop loop) {
    HttpDoor.open(channel, loop, this);
  }

  private void open(
      Channel channel,
      NettyLoop loop,
      Transport transport,
      Framing framing,
      KeepAlive keepAlive,
      Runnable clear,
      Function<Intake, Inbound> decoder) {
    var socket = new ChannelSocket(channel, loop, keepAlive);
    channel.pipeline().addLast("socket", socket);
    clear.run();
    Intake intake = earshot.connect(loop, socket, framing, transport, channel.remoteAddress());
    socket.attach(intake, decoder.apply(intake));
  }
}
