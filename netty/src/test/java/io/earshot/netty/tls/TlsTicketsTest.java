package io.earshot.netty.tls;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.testing.Pair;
import io.earshot.spi.Refusals;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Session tickets: which ones resume a session, and that all others lead to a full handshake. */
final class TlsTicketsTest {
  private static final String BEGIN = "-----BEGIN SSL SESSION PARAMETERS-----";
  private static final String END = "-----END SSL SESSION PARAMETERS-----";
  private static final String LINE = "line of the client\n";
  private static final String SECRET = "a secret of more than thirty-two characters";

  @TempDir Path folder;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Tls> all = new ArrayList<>();
  private final StringBuffer heard = new StringBuffer();
  private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    all.forEach(Tls::close);
  }

  private Tls tls(boolean isNative, String secret, Pair pair) throws IOException {
    var kind = new TlsKind(isNative, secret, () -> now);
    Tls tls = Tls.of(kind, "tcpServer", pair.cert().toString(), pair.key().toString());
    all.add(tls);
    return tls;
  }

  /** Listens at a port, and answers each client's line with a word and the end of the stream. */
  private int serve(Tls tls) {
    var limits = new AddressLimits(Config.defaults(), () -> 0, new Refusals());
    var loop = new NettyLoop(group.next(), limits);
    Channel listener =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    tls.open(
                        channel, loop, 20, (opened, _) -> opened.pipeline().addLast(new Greeter()));
                  }
                })
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  private final class Greeter extends SimpleChannelInboundHandler<ByteBuf> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
      String text = bytes.toString(UTF_8);
      heard.append(text);
      if (text.endsWith(LINE)) {
        var _ =
            context
                .writeAndFlush(Unpooled.copiedBuffer("hello\n", UTF_8))
                .addListener(ChannelFutureListener.CLOSE);
      }
    }
  }

  /** Connects until the server closes, and returns whether that resumed a session. */
  private boolean resumes(int port, String version, Path offered) throws IOException {
    return connect(port, version, "-sess_in", offered.toString());
  }

  private Path ticket(int port, String version) throws IOException {
    Path file = folder.resolve("ticket");
    assertThat(connect(port, version, "-sess_out", file.toString())).isFalse();
    return file;
  }

  private boolean connect(int port, String version, String... options) throws IOException {
    String text = run(port, version, options);
    assertThat(text).contains("hello").containsPattern("(?m)^(New|Reused), TLSv1");
    assertThat(heard).hasToString(LINE);
    return text.contains("\nReused, TLSv1");
  }

  /** Runs openssl until the server closes, and returns what it prints. */
  private String run(int port, String version, String... options) throws IOException {
    heard.setLength(0);
    Path log = folder.resolve("log");
    var command = new ArrayList<>(List.of("openssl", "s_client", "-ign_eof", version));
    command.addAll(List.of("-connect", "127.0.0.1:" + port));
    command.addAll(List.of(options));
    Process client =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .redirectInput(Files.writeString(folder.resolve("in"), LINE).toFile())
            .start();
    try {
      assertThat(client.waitFor(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IOException(e);
    } finally {
      client.destroyForcibly();
    }
    return Files.readString(log, ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({"true, -tls1_3", "true, -tls1_2", "false, -tls1_3", "false, -tls1_2"})
  void a_client_that_returns_resumes_its_session_with_boringssl_also_after_a_new_certificate(
      boolean isNative, String version) throws IOException {
    Pair pair = Pair.make(folder);
    Tls tls = tls(isNative, "", pair);
    int port = serve(tls);
    Path ticket = ticket(port, version);
    assertThat(resumes(port, version, ticket)).isTrue();
    Object before = tls.certificate();
    Pair.SHARED.replace(pair);
    tls.reload();
    tls.reload();
    assertThat(tls.certificate()).isNotEqualTo(before);
    // The JDK resumes no session that began with another certificate.
    assertThat(resumes(port, version, ticket)).isEqualTo(isNative);
  }

  @ParameterizedTest
  @CsvSource({"true, -tls1_3", "true, -tls1_2", "false, -tls1_3", "false, -tls1_2"})
  void a_ticket_with_one_changed_bit_leads_to_a_full_handshake(boolean isNative, String version)
      throws IOException {
    int port = serve(tls(isNative, SECRET, Pair.SHARED));
    Path ticket = ticket(port, version);
    byte[] session = session(ticket);
    // The ticket is the field 10, an OCTET STRING of more than 127 bytes.
    var field =
        Pattern.compile("\\xAA(?:\\x81.|\\x82..)\\x04(?:\\x81(.)|\\x82(..))", Pattern.DOTALL)
            .matcher(new String(session, ISO_8859_1));
    assertThat(field.find()).isTrue();
    String length = field.group(1) == null ? field.group(2) : field.group(1);
    int last = new BigInteger(1, length.getBytes(ISO_8859_1)).intValue() - 1;
    // The name of the key, its initialization vector, the session, and the code that protects it.
    for (int at : new int[] {0, 20, 60, last}) {
      byte[] forged = session.clone();
      forged[field.end() + at] ^= 1;
      assertThat(resumes(port, version, write(ticket, forged))).as("byte %d", at).isFalse();
    }
    assertThat(resumes(port, version, write(ticket, session))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"true, -tls1_3", "true, -tls1_2", "false, -tls1_3", "false, -tls1_2"})
  void a_ticket_that_is_used_twice_resumes_its_session_twice(boolean isNative, String version)
      throws IOException {
    int port = serve(tls(isNative, SECRET, Pair.SHARED));
    Path ticket = ticket(port, version);
    assertThat(resumes(port, version, ticket)).isTrue();
    assertThat(resumes(port, version, ticket)).isTrue();
  }

  /** BoringSSL gives no ids to such sessions. */
  @Test
  void the_jdk_does_not_keep_the_sessions_of_clients_without_tickets() throws IOException {
    int port = serve(tls(false, SECRET, Pair.SHARED));
    String session = folder.resolve("session").toString();
    assertThat(connect(port, "-tls1_2", "-no_ticket", "-sess_out", session)).isFalse();
    assertThat(connect(port, "-tls1_2", "-no_ticket")).isFalse();
    assertThat(connect(port, "-tls1_2", "-no_ticket", "-sess_in", session)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void no_early_data_is_accepted(boolean isNative) throws IOException {
    int port = serve(tls(isNative, SECRET, Pair.SHARED));
    Path ticket = ticket(port, "-tls1_3");
    String early = Files.writeString(folder.resolve("early"), "early data\n").toString();
    String[] options = {"-sess_in", ticket.toString(), "-early_data", early};
    assertThat(run(port, "-tls1_3", options)).contains("Reused", "Early data was not sent");
    assertThat(heard).hasToString(LINE);
    var _ = write(ticket, withEarlyData(session(ticket)));
    assertThat(run(port, "-tls1_3", options)).contains("Early data was rejected");
    // The JDK cannot skip early data, so it sends an alert.
    assertThat(heard).hasToString(isNative ? LINE : "");
    assertThat(resumes(port, "-tls1_3", ticket)).isTrue();
  }

  /** A session of openssl's that permits 16 KiB of early data, which no server's ticket did. */
  private static byte[] withEarlyData(byte... session) {
    byte[] field = {(byte) 0xAF, 4, 2, 2, 0x40, 0}; // [15] INTEGER
    ByteBuffer in = ByteBuffer.wrap(session);
    header(in);
    int body = in.position();
    while (in.hasRemaining() && (in.get(in.position()) & 0xFF) < 0xAF) {
      int length = header(in);
      in.position(in.position() + length);
    }
    int before = in.position() - body;
    int all = session.length - body + field.length;
    return ByteBuffer.allocate(4 + all)
        .put(new byte[] {0x30, (byte) 0x82})
        .putShort((short) all)
        .put(session, body, before)
        .put(field)
        .put(session, body + before, session.length - body - before)
        .array();
  }

  /** Reads the tag of a DER value and returns the length of its content. */
  private static int header(ByteBuffer in) {
    in.get();
    int length = in.get() & 0xFF;
    return switch (length) {
      case 0x81 -> in.get() & 0xFF;
      case 0x82 -> in.getShort() & 0xFFFF;
      default -> length;
    };
  }

  /** The session in a file of openssl's. */
  private static byte[] session(Path file) throws IOException {
    String text = Files.readString(file);
    String body = text.substring(text.indexOf(BEGIN) + BEGIN.length(), text.indexOf(END));
    return Base64.getMimeDecoder().decode(body);
  }

  private static Path write(Path file, byte... session) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(session);
    return Files.writeString(file, BEGIN + "\n" + text + "\n" + END + "\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-tls1_3", "-tls1_2"})
  void a_ticket_outlives_one_change_of_the_keys_and_not_two(String version) throws IOException {
    for (String secret : new String[] {"", SECRET}) {
      Tls tls = tls(true, secret, Pair.SHARED);
      int port = serve(tls);
      Path ticket = ticket(port, version);
      now = now.plus(TicketKeys.PERIOD);
      tls.reload();
      assertThat(resumes(port, version, ticket)).isTrue();
      now = now.plus(TicketKeys.PERIOD);
      tls.reload();
      assertThat(resumes(port, version, ticket)).isFalse();
    }
  }

  @Test
  void servers_with_the_same_secret_accept_each_others_tickets_though_their_clocks_differ()
      throws IOException {
    Path ticket = ticket(serve(tls(true, SECRET, Pair.SHARED)), "-tls1_3");
    now = now.minus(TicketKeys.PERIOD);
    assertThat(resumes(serve(tls(true, SECRET, Pair.SHARED)), "-tls1_3", ticket)).isTrue();
    assertThat(resumes(serve(tls(true, SECRET + "2", Pair.SHARED)), "-tls1_3", ticket)).isFalse();
    assertThat(resumes(serve(tls(true, "", Pair.SHARED)), "-tls1_3", ticket)).isFalse();
  }
}
