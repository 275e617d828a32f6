package io.earshot.netty;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.config.HostPattern;
import io.earshot.config.ServerSecret;
import io.earshot.netty.action.WebRequest;
import io.earshot.netty.frame.FrameDecoder;
import io.earshot.netty.frame.LineDecoder;
import io.earshot.netty.frame.LoopDeflate;
import io.earshot.netty.http.BodyGatherer;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.PausingDecoder;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.Forwarded;
import io.earshot.netty.identity.Identity;
import io.earshot.netty.identity.Identity.Known;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.identity.OwnHosts;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.room.Handshake;
import io.earshot.netty.room.HandshakePeek;
import io.earshot.netty.room.RoomUrl;
import io.earshot.netty.testing.RecordingIntake;
import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.protocol.Request;
import io.earshot.protocol.RequestDecoder;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Refusals;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.CodecException;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The parsers that clients can send bytes to, and what each has to keep for any input: it ends,
 * throws only what it declares, and gives the same result wherever the bytes are cut.
 */
enum Parser {
  /** Lines of TCP. */
  LINES {
    @Override
    void take(byte[] bytes) {
      Function<RecordingIntake, Inbound> decoder = taker -> new LineDecoder(taker, LIMIT);
      Outcome whole = fed(decoder, bytes, Math.max(1, bytes.length), LIMIT);
      Outcome cut = fed(decoder, bytes, packet(bytes), LIMIT);
      boolean hasKeys = new String(bytes, ISO_8859_1).matches("(?s).*[\u0004\u00FF].*");
      if (!hasKeys) { // ctrl-C and ctrl-D are recognized by where packets end
        assertThat(cut).isEqualTo(whole);
      }
    }
  },

  /** Frames of WebSocket. */
  FRAMES {
    @Override
    void take(byte[] bytes) {
      take(taker -> new FrameDecoder(taker, LIMIT), bytes, LIMIT + 14); // with its header
      take(taker -> DEFLATE.decoder(taker, LIMIT), bytes, LIMIT * 9 / 8 + 64 + 14);
    }

    private static void take(Function<RecordingIntake, Inbound> decoder, byte[] bytes, int most) {
      Outcome whole = fed(decoder, bytes, Math.max(1, bytes.length), most);
      assertThat(fed(decoder, bytes, packet(bytes), most)).isEqualTo(whole);
    }
  },

  /** The text of a line or a frame. */
  REQUESTS {
    @Override
    void take(byte[] bytes) throws MalformedJsonException {
      String text = new String(bytes, UTF_8);
      if (!text.isEmpty()) {
        say(RequestDecoder.line(text));
      }
      Request request = RequestDecoder.frame(text);
      say(request);
      Request other = RequestDecoder.frame(text + " "); // which the fast path does not accept
      if (request.command() instanceof Command.Malformed) {
        assertThat(other.command()).isInstanceOf(Command.Malformed.class);
      } else {
        assertThat(other).isEqualTo(request);
      }
    }

    // An encoded message has one line, and is the same when it is parsed again.
    private static void say(Request request) throws MalformedJsonException {
      if (request.command() instanceof Command.Say say) {
        byte[] json = say.message().encode();
        for (byte b : json) {
          assertThat(b < 0 || b >= 0x20).isTrue();
        }
        assertThat(Json.parse(new String(json, UTF_8)).encode()).isEqualTo(json);
      }
    }
  },

  /** Cookies, and the client that they identify. */
  COOKIES {
    @Override
    void take(byte[] bytes) {
      String text = new String(bytes, ISO_8859_1).replaceAll("[\r\n\0]", " ");
      Known known = IDENTITY.of(asking(text), "192.0.2.1", true, true);
      assertThat(known.id()).matches("[0-9a-f]{40}");
      assertThat(RoomName.isValid(known.room())).isTrue();
      // No cookie has been given out, so none is valid.
      assertThat(known.newCookie()).matches("sessionID=[0-9a-f]{80}; [!-~ ]*");
      assertThat(Identity.roomCookie(known.room(), false)).matches("__room=[^;,\\s]*; [!-~ ]*");
      String cookie = String.valueOf(known.newCookie()).split(";", 2)[0];
      assertThat(IDENTITY.of(asking(cookie), "192.0.2.1", true, true).id()).isEqualTo(known.id());
    }
  },

  /**
   * HTTP requests, from bytes to actions, and handshakes that open a WebSocket without a channel.
   */
  HTTP {
    @Override
    void take(byte[] bytes) {
      String granted = granted(bytes);
      var channel =
          new EmbeddedChannel(
              new PausingDecoder(1024), new BodyGatherer(1024, LIMITS), new Forgiving());
      int count = 0;
      try {
        channel.writeInbound(Unpooled.copiedBuffer(bytes));
        for (Object read = channel.readInbound(); read != null; read = channel.readInbound()) {
          if (read instanceof FullHttpRequest request) {
            if (count++ == 0 && granted != null) {
              assertThat(wanted(request))
                  .as("the handshake as both readers see it")
                  .isEqualTo(granted);
            }
            if (request.decoderResult().isSuccess()) {
              ask(request);
            }
          }
          ReferenceCountUtil.release(read);
        }
      } finally {
        channel.finishAndReleaseAll();
      }
      assertThat(granted == null || count > 0).isTrue();
    }

    // The handshake that is accepted without an HTTP channel; null if there is none.
    private static @Nullable String granted(byte[] bytes) {
      var granted = new AtomicReference<@Nullable String>();
      ByteBuf in = Unpooled.copiedBuffer(bytes);
      var peek =
          new HandshakePeek(
              HANDSHAKE,
              new HandshakePeek.Client() {
                @Override
                public Addressed addressed(HttpRequest handshake) {
                  return Parser.addressed(handshake);
                }

                @Override
                public boolean admits(HttpRequest handshake) {
                  return true;
                }

                @Override
                public void open(HttpRequest handshake, @Nullable JoinRequest join) {
                  granted.set(handshake.uri() + " " + Handshake.accept(handshake));
                }

                @Override
                public void pass(ByteBuf passed) {}

                @Override
                public void leave() {}
              });
      assertThat(peek.bytes(in, 0, in.readableBytes())).isBetween(0, bytes.length);
      in.release();
      return granted.get();
    }

    private static String wanted(FullHttpRequest request) {
      return request.decoderResult().isSuccess()
              && HANDSHAKE.check(request, addressed(request)) == null
          ? request.uri() + " " + Handshake.accept(request)
          : "nothing";
    }

    private static void ask(FullHttpRequest request) {
      Known known = IDENTITY.of(request, "192.0.2.1", true, false);
      assertThat(RoomName.isValid(known.room())).isTrue();
      assertThat(FORWARDED.origin(ADDRESS, request.headers()).address().isUnresolved()).isFalse();
      var _ = HANDSHAKE.check(request, addressed(request));
      try {
        if (RoomUrl.matches(request.uri())) {
          var _ = RoomUrl.of(request.uri()).join(request.headers());
        }
        WebRequest asked = WebRequest.of(request, Query.of(request.uri()), _ -> true);
        assertThat(asked.params()).hasSizeLessThanOrEqualTo(2048);
      } catch (ProblemException | MalformedRequestException e) {
        assertThat(String.valueOf(e.getMessage())).doesNotContain("\n");
      }
    }
  },

  /** Messages of other servers of a cluster, or of any other publisher at the broker. */
  POSTS {
    @Override
    void take(byte[] bytes) {
      try {
        // The first encoding replaces half a surrogate pair; later encodings change nothing.
        Post post = Post.parse(Post.parse(bytes).encode());
        assertThat(Post.parse(post.encode())).isEqualTo(post);
      } catch (MalformedJsonException | IllegalArgumentException e) {
        assertThat(String.valueOf(e.getMessage())).doesNotContain("\n");
      }
    }
  };

  private static final int LIMIT = 300;
  private static final LoopDeflate DEFLATE = new LoopDeflate(LIMIT, () -> 0);
  private static final AddressLimits LIMITS =
      new AddressLimits(Config.defaults(), () -> 0, new Refusals());
  private static final Identity IDENTITY = new Identity(Config.defaults(), new ServerSecret(""));
  private static final Handshake HANDSHAKE =
      new Handshake(
          Origins.of(List.of()),
          new OwnHosts(List.of(), List.of(), true),
          Config.Compression.BATCHES);
  private static final Forwarded FORWARDED = Forwarded.of(List.of("127.0.0.0/8"));
  private static final InetSocketAddress ADDRESS =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

  private static Addressed addressed(HttpRequest request) {
    String host = FORWARDED.origin(ADDRESS, request.headers()).host();
    return new Addressed(null, host == null ? null : HostPattern.ofHeader(host), false, true);
  }

  /** Gives bytes to the parser; fails if it breaks a promise. */
  abstract void take(byte[] bytes) throws Exception;

  /** The stored inputs: seeds of the fuzzer, and inputs that found a fault. */
  List<Path> seeds() throws IOException {
    var folder = Parser.class.getResource("FuzzTestInputs/" + name().toLowerCase(Locale.ROOT));
    try (Stream<Path> files = Files.list(Path.of(Objects.requireNonNull(folder).toURI()))) {
      return files.sorted().toList();
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  /** Ignores the exceptions that {@link HttpHandler} does not log. */
  private static final class Forgiving extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (!(cause instanceof CodecException)) {
        context.fireExceptionCaught(cause);
      }
    }
  }

  private record Outcome(List<Request> requests, List<String> written, @Nullable Ending ending) {}

  /** Feeds the bytes in packets of one length, and checks how many bytes the decoder leaves. */
  private static Outcome fed(
      Function<RecordingIntake, Inbound> decoder, byte[] bytes, int packet, int mostKept) {
    var taker = new RecordingIntake();
    Inbound inbound = decoder.apply(taker);
    for (int at = 0; at < bytes.length; at += packet) {
      taker.feed(inbound, Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + packet)));
      assertThat(taker.kept()).isLessThanOrEqualTo(mostKept);
    }
    return new Outcome(
        taker.requests,
        taker.written.stream().map(pong -> new String(pong, ISO_8859_1)).toList(),
        taker.ending);
  }

  /** The length of packets, which the bytes themselves determine. */
  private static int packet(byte[] bytes) {
    return 1 + (bytes.length > 0 ? bytes[bytes.length - 1] & 7 : 0);
  }

  private static HttpRequest asking(String cookie) {
    var unchecked = DefaultHttpHeadersFactory.headersFactory().withValidation(false);
    var request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/", unchecked);
    request.headers().set("cookie", cookie);
    return request;
  }
}
