package io.earshot.netty.console;

import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The page of the console: three files in the jar, which hold no secret. Whoever opens the page has
 * to show a key before it shows anything.
 *
 * <p>Immutable.
 */
public final class ConsoleFiles {
  private static final String PATH = "/console";

  /** Scripts and styles of this server only, and no request to any other. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final byte[] OFF =
      """
      The console is off. To turn it on, add a key to the setting admin.keys, such as
        earshot --set 'admin.keys=me SECRET'
      with a secret of at least 32 characters, such as `openssl rand -hex 20` makes one.
      """
          .getBytes(StandardCharsets.UTF_8);

  private static final Map<String, File> FILES =
      Map.of(
          PATH,
          load("console.html", "text/html; charset=utf-8"),
          PATH + "/console.js",
          load("console.js", "text/javascript; charset=utf-8"),
          PATH + "/charts.js",
          load("charts.js", "text/javascript; charset=utf-8"),
          PATH + "/icon.svg",
          load("/io/earshot/netty/page/icon.svg", "image/svg+xml"),
          PATH + "/console.css",
          load("console.css", "text/css; charset=utf-8"));

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record File(String type, byte[] content) {}

  private final Site site;

  public ConsoleFiles(Site site) {
    this.site = site;
  }

  private static File load(String name, String type) {
    try (var in = ConsoleFiles.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new LinkageError(name + " is missing from the jar");
      }
      return new File(type, in.readAllBytes());
    } catch (IOException e) {
      throw new LinkageError(name + " cannot be read", e);
    }
  }

  /**
   * Whether a path belongs to the console. While the console is off, that is so only where nothing
   * else could be: neither a file of the site's own nor an action of this name.
   */
  public boolean matches(String path) {
    return site.hasAdmin()
        ? path.equals(PATH) || path.startsWith(PATH + "/")
        : path.equals(PATH)
            && !site.hasFilesAtRoot()
            && site.engine().api().actions().find("console").isEmpty();
  }

  /** Answers a request whose path {@link #matches}. */
  public Answer answer(WebExchange exchange) throws ProblemException {
    if (!exchange.isRead()) {
      throw ProblemException.methodNotAllowed(exchange.method(), "GET, HEAD");
    }
    String path = exchange.rawPath();
    File file = FILES.get(path);
    if (!site.hasAdmin()) {
      return Answer.now(
          Responses.of(HttpResponseStatus.NOT_FOUND, "text/plain; charset=utf-8", OFF));
    }
    if (path.equals(PATH + "/")) {
      return Answer.now(moved());
    }
    if (file == null) {
      throw new ProblemException(HttpResponseStatus.NOT_FOUND, "there is no such file here");
    }
    return Answer.now(response(file));
  }

  /** The page names its files relative to its path, so that it works behind a proxy, too. */
  private static FullHttpResponse moved() {
    FullHttpResponse response =
        Responses.of(HttpResponseStatus.PERMANENT_REDIRECT, "text/plain", new byte[0]);
    response.headers().set(HttpHeaderNames.LOCATION, "../console");
    return response;
  }

  private static FullHttpResponse response(File file) {
    FullHttpResponse response = Responses.of(HttpResponseStatus.OK, file.type, file.content);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_SECURITY_POLICY, POLICY)
        .set(HttpHeaderNames.CACHE_CONTROL, "no-cache")
        .set("referrer-policy", "no-referrer");
    return response;
  }
}
