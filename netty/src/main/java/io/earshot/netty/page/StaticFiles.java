package io.earshot.netty.page;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is under {@code /public/}: files of a folder, and behind them those that are built in.
 *
 * <p>Thread-safe: what it holds is final. Files are read on virtual threads; an exchange is told on
 * its own event loop.
 */
public final class StaticFiles {
  private static final System.Logger LOG = System.getLogger(StaticFiles.class.getName());
  private static final String ROOT = "/public";
  private static final Duration FRESH = Duration.ofSeconds(60);
  private static final byte[] MISSING =
      "Sorry, that file is not found :(".getBytes(StandardCharsets.UTF_8);

  private final @Nullable PublicFolder folder;
  private final InstantSource clock;

  /** What an answer belongs to. Called on the channel's event loop. */
  public interface Exchange {

    /** Where the answer goes. */
    Channel channel();

    /**
     * Adds what every answer has, such as whether the connection lives on. Called once, before the
     * head is written.
     */
    void addHeaders(HttpResponse head);

    /** The client takes what it is sent. Called now and then during a long answer. */
    void progress();

    /**
     * The answer is over. Called once.
     *
     * @param whole whether all of it was sent; if not, the connection is of no use any more
     */
    void done(boolean whole);
  }

  /**
   * Looks for the folder.
   *
   * @param folder the setting {@code httpServer.publicFolder}
   * @param clock tells until when an answer is fresh
   * @throws IOException if there is no such folder; the message names the setting
   */
  public StaticFiles(String folder, InstantSource clock) throws IOException {
    this.folder = folder.isEmpty() ? null : new PublicFolder(folder);
    this.clock = clock;
  }

  /** Whether a path is one of these; what is not there is answered too. */
  public static boolean serves(String path) {
    return path.startsWith(ROOT) && (path.length() == ROOT.length() || path.charAt(7) == '/');
  }

  /**
   * Answers a request. Returns at once; the exchange may be done before or after.
   *
   * @param request its method and headers count
   * @param path its path as it came, which {@link #serves} is true of
   */
  public void answer(HttpRequest request, String path, Exchange exchange) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      FullHttpResponse refusal =
          full(
              HttpResponseStatus.METHOD_NOT_ALLOWED,
              "only GET and HEAD work here\n".getBytes(StandardCharsets.UTF_8));
      refusal
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
          .set(HttpHeaderNames.ALLOW, "GET, HEAD");
      send(refusal, exchange);
      return;
    }
    List<String> names =
        PublicFolder.names(path.length() == ROOT.length() ? "" : path.substring(ROOT.length() + 1));
    if (names == null) {
      send(missing(request), exchange);
    } else if (folder == null) {
      answerBuiltIn(request, names, exchange);
    } else {
      PublicFolder in = folder;
      var _ = Thread.startVirtualThread(() -> answerFrom(in, request, names, exchange));
    }
  }

  private void answerFrom(
      PublicFolder in, HttpRequest request, List<String> names, Exchange exchange) {
    try {
      Representation form = in.find(names, gzipIsWanted(request));
      if (form == null) {
        answerBuiltIn(request, names, exchange);
      } else {
        answer(request, form, false, exchange);
      }
    } catch (IOException e) {
      answerBuiltIn(request, names, exchange); // it is not there, or not for us
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "serving the file " + names + " failed", e);
      exchange.channel().eventLoop().execute(() -> exchange.done(false));
    }
  }

  /** A part is one of the plain form, which is the same for everybody. */
  private static boolean gzipIsWanted(HttpRequest request) {
    return Representation.gzipIsAccepted(request.headers())
        && !request.headers().contains(HttpHeaderNames.RANGE);
  }

  private void answerBuiltIn(HttpRequest request, List<String> names, Exchange exchange) {
    Representation form = BuiltIn.find(String.join("/", names), gzipIsWanted(request));
    if (form == null) {
      send(missing(request), exchange);
      return;
    }
    try {
      answer(request, form, true, exchange);
    } catch (IOException e) {
      throw new IllegalStateException("what is built in is in memory", e);
    }
  }

  private void answer(HttpRequest request, Representation form, boolean builtIn, Exchange exchange)
      throws IOException {
    ByteRange selection = ByteRange.of(request, form);
    if (request.method().equals(HttpMethod.HEAD) || selection.length() == 0) {
      send(dressed(full(selection.status()), form, selection, builtIn), exchange);
      return;
    }
    switch (form.content()) {
      case Representation.Content.Bytes(byte[] bytes) -> {
        var body = Unpooled.wrappedBuffer(bytes, (int) selection.start(), (int) selection.length());
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, selection.status(), body);
        send(dressed(response, form, selection, builtIn), exchange);
      }
      case Representation.Content.InFile(Path path) -> {
        // It is no link any more, and does not become one behind our back.
        try (FileChannel file =
            FileChannel.open(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
          var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, selection.status());
          var _ = dressed(head, form, selection, builtIn);
          new FileStream(file, exchange).send(head, selection.start(), selection.length());
        }
      }
    }
  }

  /** Adds what is to be known about a form to a response about it. */
  private <R extends HttpResponse> R dressed(
      R response, Representation form, ByteRange selection, boolean builtIn) {
    HttpHeaders headers = response.headers();
    headers
        .set(HttpHeaderNames.ETAG, form.tag())
        .set(HttpHeaderNames.LAST_MODIFIED, date(form.modified()))
        .set(HttpHeaderNames.ACCEPT_RANGES, "bytes");
    Instant now = clock.instant();
    headers
        .set(HttpHeaderNames.DATE, date(now))
        .set(HttpHeaderNames.EXPIRES, date(now.plus(FRESH)))
        .set(HttpHeaderNames.CACHE_CONTROL, "max-age=" + FRESH.toSeconds() + ", must-revalidate");
    if (form.type().isText()) {
      headers.set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT_ENCODING);
    }
    if (builtIn) {
      headers.set(HttpHeaderNames.CONTENT_SECURITY_POLICY, BuiltIn.POLICY);
    }
    String range = selection.contentRange(form);
    if (range != null) {
      headers.set(HttpHeaderNames.CONTENT_RANGE, range);
    }
    if (response.status().equals(HttpResponseStatus.NOT_MODIFIED)) {
      headers.remove(HttpHeaderNames.CONTENT_LENGTH); // nothing is said of the file that is known
    } else {
      headers
          .set(HttpHeaderNames.CONTENT_TYPE, form.type().name())
          .set(HttpHeaderNames.CONTENT_LENGTH, selection.length())
          .set("x-content-type-options", "nosniff");
      if (form.isGzip()) {
        headers.set(HttpHeaderNames.CONTENT_ENCODING, "gzip");
      }
    }
    return response;
  }

  private static String date(Instant instant) {
    return DateFormatter.format(Date.from(instant));
  }

  private static FullHttpResponse full(HttpResponseStatus status, byte... body) {
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set("x-content-type-options", "nosniff");
    return response;
  }

  private static FullHttpResponse missing(HttpRequest request) {
    boolean head = request.method().equals(HttpMethod.HEAD);
    FullHttpResponse response = full(HttpResponseStatus.NOT_FOUND, head ? new byte[0] : MISSING);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/html; charset=utf-8")
        .set(HttpHeaderNames.CONTENT_LENGTH, MISSING.length);
    return response;
  }

  private static void send(FullHttpResponse response, Exchange exchange) {
    Channel channel = exchange.channel();
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(() -> send(response, exchange));
      return;
    }
    exchange.addHeaders(response);
    var _ =
        channel.writeAndFlush(response).addListener(future -> exchange.done(future.isSuccess()));
  }
}
