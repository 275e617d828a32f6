package io.earshot.netty.socket;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.frame.KeepAlive;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
import io.earshot.spi.Refusals;
import io.earshot.testing.Await;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a lean socket sends in one turn of its loop: on the loopback, bytes arrive at once. */
final class TurnTest {
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final EventLoopGroup group;
  private final NettyLoop loop;
  private final LeanSocket socket;
  private final Socket client;
  private final ByteBuf read = Unpooled.directBuffer(64 * 1024);

  TurnTest() throws IOException {
    Sockets sockets = Sockets.choose(Config.SocketKind.LEAN); // which loads Netty's library
    client = Socket.newSocketStream();
    group = sockets.newGroup(1);
    var limits = new AddressLimits(Config.defaults(), () -> 0, new Refusals());
    loop = new NettyLoop(sockets.loops(group).getFirst(), limits);
    Socket listener = Socket.newSocketStream();
    listener.bind(ANY);
    listener.listen(1);
    boolean isDone = client.connect(listener.localAddress());
    Await.until("connected", () -> isDone || unchecked(client::finishConnect));
    var accepted = new AtomicInteger(-1);
    Await.until("accepted", () -> unchecked(() -> accept(listener, accepted)));
    listener.close();
    var forEver = KeepAlive.of(Framing.LINES, Duration.ZERO, Duration.ZERO);
    socket = new LeanSocket(loop, forEver, accepted.get(), ANY);
    inTurn(socket::register);
  }

  @AfterEach
  void close() throws IOException {
    inTurn(socket::close);
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    client.close();
    read.release();
  }

  private static boolean accept(Socket listener, AtomicInteger accepted) throws IOException {
    accepted.set(listener.accept(new byte[26]));
    return accepted.get() >= 0;
  }

  private interface Io<T> {
    T run() throws IOException;
  }

  private static <T> T unchecked(Io<T> io) {
    try {
      return io.run();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Runs a task in a turn of its own, and waits for the end of the turn. */
  private void inTurn(Runnable task) {
    var done = new CompletableFuture<Void>();
    loop.execute(
        () -> {
          try {
            task.run();
            // After what the task has left for the end of the turn.
            loop.execute(() -> done.complete(null));
          } catch (Throwable e) {
            done.completeExceptionally(e);
          }
        });
    done.orTimeout(20, TimeUnit.SECONDS).join();
  }

  private static ByteBuf bytes(String text) {
    return ByteBufAllocator.DEFAULT.directBuffer(text.length()).writeBytes(text.getBytes(US_ASCII));
  }

  private void write(String text) {
    ByteBuf bytes = bytes(text);
    socket.write(bytes, 0, text.length());
    bytes.release();
  }

  /** What the client has received and not read. */
  private String received() {
    var _ = unchecked(() -> Sockets.receive(client, read.clear()));
    return read.toString(US_ASCII);
  }

  @Test
  void an_answer_waits_for_the_end_of_the_turn() {
    inTurn(
        () -> {
          socket.writeSoon(bytes("one "));
          socket.writeSoon(bytes("two"));
          assertThat(received()).isEmpty();
          assertThat(socket.pendingBytes()).isZero();
        });
    assertThat(received()).isEqualTo("one two");
  }

  @Test
  void an_answer_is_sent_with_the_message_that_follows_it_in_the_turn() {
    inTurn(
        () -> {
          socket.writeSoon(bytes("answer "));
          write("message ");
          assertThat(received()).isEqualTo("answer message ");
          socket.writeSoon(bytes("again "));
          write("x".repeat(9_000));
          assertThat(received()).isEqualTo("again " + "x".repeat(9_000));
        });
    assertThat(received()).isEmpty();
  }

  @Test
  void many_or_long_answers_do_not_wait_for_the_end_of_the_turn() {
    String answer = "a".repeat(1_000);
    inTurn(
        () -> {
          for (int i = 0; i < 9; i++) {
            socket.writeSoon(bytes(answer));
          }
          assertThat(received()).hasSize(9_000);
          socket.writeSoon(bytes("one "));
          socket.writeSoon(bytes("x".repeat(9_000)));
          assertThat(received()).isEqualTo("one " + "x".repeat(9_000));
          fill();
          for (int i = 0; i < 100; i++) {
            socket.writeSoon(bytes(answer));
          }
          assertThat(socket.pendingBytes()).isEqualTo(100_000); // so that the client is not read
        });
  }

  @Test
  void an_answer_is_sent_before_the_socket_is_closed() {
    inTurn(
        () -> {
          socket.writeSoon(bytes("bye"));
          socket.close();
        });
    assertThat(received()).isEqualTo("bye");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void what_the_kernel_does_not_take_follows_in_the_same_order(boolean isFollowed) {
    var filled = new AtomicInteger();
    inTurn(
        () -> {
          filled.set(fill());
          socket.writeSoon(bytes("1"));
          if (isFollowed) {
            write("2");
            assertThat(socket.pendingBytes()).isEqualTo(2);
          }
        });
    inTurn(() -> socket.writeSoon(bytes("3")));
    int expected = isFollowed ? 3 : 2;
    assertThat(socket.pendingBytes()).isEqualTo(expected);
    var rest = new StringBuilder();
    Await.until("all has come", () -> rest.append(received()).length() == filled.get() + expected);
    assertThat(rest.substring(filled.get())).isEqualTo(isFollowed ? "123" : "13");
    inTurn(() -> assertThat(socket.pendingBytes()).isZero());
  }

  /** Sends past the socket's back until the kernel takes no more. Returns how many bytes. */
  private int fill() {
    ByteBuf bytes = bytes(".".repeat(8_000));
    var own = (Socket) socket.fd();
    int filled = 0;
    for (int sent = 1; sent > 0; filled += sent) {
      sent = unchecked(() -> Sockets.send(own, bytes, 0, 8_000));
    }
    bytes.release();
    return filled;
  }
}
