package io.earshot.netty.socket;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.spi.Refusals;
import io.netty.buffer.Unpooled;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bound on what waits beside the data of a client, such as answers to its KeyUpdates. */
final class ChannelSocketTest {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @ParameterizedTest
  @CsvSource({"tls, 1100000, false", "tls, 900000, true", "plain, 1100000, true"})
  void a_client_that_never_reads_what_tls_sends_is_disconnected(
      String name, int bytes, boolean isOpen) throws NoSuchAlgorithmException {
    var channel = new EmbeddedChannel();
    if (name.equals("tls")) {
      SSLEngine engine = SSLContext.getDefault().createSSLEngine();
      engine.setUseClientMode(false);
      channel.pipeline().addLast(name, new SslHandler(engine));
    }
    var limits = new AddressLimits(Config.defaults(), () -> 0, new Refusals());
    var socket =
        new ChannelSocket(
            channel,
            new NettyLoop(group.next(), limits),
            KeepAlive.of(Framing.LINES, Duration.ZERO, Duration.ZERO),
            new InetSocketAddress(0));
    channel.unsafe().write(Unpooled.buffer().writeZero(bytes), channel.newPromise());
    assertThat(socket.sweep(1)).isEqualTo(isOpen);
    assertThat(channel.isOpen()).isEqualTo(isOpen);
    socket.close();
  }
}
