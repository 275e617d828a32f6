package io.earshot.netty.page;

import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
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
 * Answers requests under {@code /public/}: with the files of a folder, and with the built-in files
 * for names that the folder does not have.
 *
 * <p>Thread-safe: its fields are final. Files are read on virtual threads; the methods of an
 * exchange are called on its event loop.
 */
public final class StaticFiles {
  private static final System.Logger LOG = System.getLogger(StaticFiles.class.getName());
  private static final String ROOT = Site.PUBLIC_PATH;
  private static final Duration FRESH = Duration.ofSeconds(60);
  private static final byte[] MISSING =
      "Sorry, that file is not found :(".getBytes(StandardCharsets.UTF_8);

  private final @Nullable PublicFolder folder;
  private final InstantSource clock;

  /** The exchange that an answer belongs to. Called on the channel's event loop. */
  public interface Exchange {

    /** The channel of the client. */
    Channel channel();

    /**
     * Adds the headers of all answers, such as whether the connection lives on. Called once, before
     * the head is written.
     */
    void addHeaders(HttpResponse head);

    /** The client has read a piece of the file. Called repeatedly during a long answer. */
    void progress();

    /**
     * The answer has ended. Called once.
     *
     * @param whole whether all of it was sent; if not, the connection has to be closed
     */
    void done(boolean whole);
  }

  /**
   * Checks that the folder exists.
   *
   * @param folder the setting {@code httpServer.publicFolder}
   * @param clock the clock of the headers {@code Date} and {@code Expires}
   * @throws IOException if the folder does not exist; the message names the setting
   */
  public StaticFiles(String folder, InstantSource clock) throws IOException {
    this.folder = folder.isEmpty() ? null : new PublicFolder(folder);
    this.clock = clock;
  }

  /** Whether a path belongs to static files, whether or not the file exists. */
  public static boolean serves(String path) {
    return path.startsWith(ROOT)
        && (path.length() == ROOT.length() || path.charAt(ROOT.length()) == '/');
  }

  /**
   * Answers a request. Returns at once; the exchange may be done before or after.
   *
   * @param request its method and headers count
   * @param path the path, not decoded; {@link #serves} is true of it
   */
  public void answer(HttpRequest request, String path, Exchange exchange) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      FullHttpResponse refusal =
          full(
              HttpResponseStatus.METHOD_NOT_ALLOWED,
              "text/plain; charset=utf-8",
              "only GET and HEAD work here\n".getBytes(StandardCharsets.UTF_8));
      refusal.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
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
      var unused = Thread.startVirtualThread(() -> answerFrom(in, request, names, exchange));
    }
  }

  private void answerFrom(
      PublicFolder in, HttpRequest request, List<String> names, Exchange exchange) {
    try {
      Representation representation = in.find(names, wantsGzip(request));
      if (representation == null) {
        answerBuiltIn(request, names, exchange);
      } else {
        answer(request, representation, false, exchange);
      }
    } catch (IOException e) {
      answerBuiltIn(request, names, exchange); // the file is missing or not readable
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "serving the file " + names + " failed", e);
      exchange.channel().eventLoop().execute(() -> exchange.done(false));
    }
  }

  /** A range is one of the file as it is, so that all clients get the same bytes. */
  private static boolean wantsGzip(HttpRequest request) {
    return Representation.acceptsGzip(request.headers())
        && !request.headers().contains(HttpHeaderNames.RANGE);
  }

  private void answerBuiltIn(HttpRequest request, List<String> names, Exchange exchange) {
    Representation representation = BuiltIn.find(String.join("/", names), wantsGzip(request));
    if (representation == null) {
      send(missing(request), exchange);
      return;
    }
    try {
      answer(request, representation, true, exchange);
    } catch (IOException e) {
      throw new IllegalStateException("built-in files are in memory", e);
    }
  }

  private void answer(
      HttpRequest request, Representation representation, boolean isBuiltIn, Exchange exchange)
      throws IOException {
    ByteRange range = ByteRange.of(request, representation);
    if (request.method().equals(HttpMethod.HEAD) || range.length() == 0) {
      send(
          withHeaders(
              full(range.status(), representation.type().name()), representation, range, isBuiltIn),
          exchange);
      return;
    }
    switch (representation.content()) {
      case Representation.Content.Bytes(byte[] bytes) -> {
        var body = Unpooled.wrappedBuffer(bytes, (int) range.start(), (int) range.length());
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, range.status(), body);
        send(withHeaders(response, representation, range, isBuiltIn), exchange);
      }
      case Representation.Content.InFile(Path path) -> {
        // Links are resolved; a file that became a link since then is refused.
        try (FileChannel file =
            FileChannel.open(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
          var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, range.status());
          var unused = withHeaders(head, representation, range, isBuiltIn);
          new FileStream(file, exchange).send(head, range.start(), range.length());
        }
      }
    }
  }

  /** Adds the headers of a representation. */
  private <R extends HttpResponse> R withHeaders(
      R response, Representation representation, ByteRange range, boolean isBuiltIn) {
    HttpHeaders headers = response.headers();
    headers
        .set(HttpHeaderNames.ETAG, representation.tag())
        .set(HttpHeaderNames.LAST_MODIFIED, date(representation.modified()))
        .set(HttpHeaderNames.ACCEPT_RANGES, "bytes");
    Instant now = clock.instant();
    headers
        .set(HttpHeaderNames.DATE, date(now))
        .set(HttpHeaderNames.EXPIRES, date(now.plus(FRESH)))
        .set(HttpHeaderNames.CACHE_CONTROL, "max-age=" + FRESH.toSeconds() + ", must-revalidate");
    if (representation.type().isText()) {
      headers.set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT_ENCODING);
    }
    if (isBuiltIn) {
      headers.set(HttpHeaderNames.CONTENT_SECURITY_POLICY, BuiltIn.POLICY);
    }
    String contentRange = range.contentRange(representation);
    if (contentRange != null) {
      headers.set(HttpHeaderNames.CONTENT_RANGE, contentRange);
    }
    if (response.status().equals(HttpResponseStatus.NOT_MODIFIED)) {
      // The client knows the file.
      headers.remove(HttpHeaderNames.CONTENT_LENGTH).remove(HttpHeaderNames.CONTENT_TYPE);
    } else {
      headers
          .set(HttpHeaderNames.CONTENT_TYPE, representation.type().name())
          .set(HttpHeaderNames.CONTENT_LENGTH, range.length())
          .set("x-content-type-options", "nosniff");
      if (representation.isGzip()) {
        headers.set(HttpHeaderNames.CONTENT_ENCODING, "gzip");
      }
    }
    return response;
  }

  private static String date(Instant instant) {
    return DateFormatter.format(Date.from(instant));
  }

  private static FullHttpResponse full(HttpResponseStatus status, String type, byte... body) {
    FullHttpResponse response = Responses.of(status, type, body);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set("x-content-type-options", "nosniff");
    return response;
  }

  private static FullHttpResponse missing(HttpRequest request) {
    FullHttpResponse response =
        full(HttpResponseStatus.NOT_FOUND, "text/html; charset=utf-8", MISSING);
    if (request.method().equals(HttpMethod.HEAD)) {
      response.content().clear();
    }
    return response;
  }

  private static void send(FullHttpResponse response, Exchange exchange) {
    Channel channel = exchange.channel();
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(() -> send(response, exchange));
      return;
    }
    exchange.addHeaders(response);
    var unused =
        channel.writeAndFlush(response).addListener(future -> exchange.done(future.isSuccess()));
  }
}
