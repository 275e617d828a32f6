package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a unit of {@code Type=notify} waits for, received as systemd does. */
@EnabledOnOs(OS.LINUX)
class ServiceManagerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void a_server_says_when_its_ports_are_open_and_when_it_stops(@TempDir Path folder)
      throws Exception {
    String socket = folder.resolve("notify").toString();
    var command = new ArrayList<>(Program.server());
    command.addAll(List.of("--tcp", "0", "--http", "0", "--bind", "127.0.0.1"));
    try (var systemd = new Systemd(socket);
        var server = new Program(folder, Map.of("NOTIFY_SOCKET", socket), command)) {
      assertThat(systemd.next()).isEqualTo("READY=1\n");
      server.terminate();
      assertThat(systemd.next()).isEqualTo("STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000\n");
      assertThat(server.status(PATIENCE)).isZero();
      assertThat(server.err()).isEmpty();
    }
  }

  @Test
  void the_name_of_the_socket_may_be_abstract() throws Exception {
    String name = "earshot-test-" + ProcessHandle.current().pid();
    try (var systemd = new Systemd("\0" + name)) {
      new ServiceManager("@" + name).ready();
      assertThat(systemd.next()).isEqualTo("READY=1\n");
    }
  }

  @Test
  void a_socket_that_is_missing_or_has_an_impossible_name_harms_nothing(@TempDir Path folder) {
    new ServiceManager(folder.resolve("none").toString()).ready();
    new ServiceManager("x".repeat(200)).ready();
    ServiceManager.of(Map.of()).ready();
  }

  /** Receives datagrams on a Unix socket. */
  private static final class Systemd implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

    Systemd(String socket) throws InterruptedException {
      assertThat(Epoll.isAvailable()).isTrue();
      Channel channel =
          new Bootstrap()
              .group(loop)
              .channel(EpollDomainDatagramChannel.class)
              .handler(
                  new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                    @Override
                    protected void channelRead0(
                        ChannelHandlerContext context, DomainDatagramPacket packet) {
                      messages.add(packet.content().toString(UTF_8));
                    }
                  })
              .bind(new DomainSocketAddress(socket))
              .sync()
              .channel();
      assertThat(channel.isActive()).isTrue();
    }

    @Nullable String next() throws InterruptedException {
      return messages.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }
}
