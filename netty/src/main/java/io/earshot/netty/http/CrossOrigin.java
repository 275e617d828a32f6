package io.earshot.netty.http;

import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.identity.OwnHosts;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The permissions of pages of other origins in HTTP requests (CORS).
 *
 * <p>Immutable.
 *
 * @param origins the origins besides the server's own that the setting {@code
 *     httpServer.corsOrigins} names
 * @param own the hosts of the server's own pages
 */
public record CrossOrigin(Origins origins, OwnHosts own) {

  /** The values of {@code Sec-Fetch-Site} that no page of another origin causes. */
  private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

  private static @Nullable String origin(HttpRequest request) {
    return request.headers().get(HttpHeaderNames.ORIGIN);
  }

  /** Whether a page of another origin sent the request, whatever the settings allow it. */
  boolean isFromAnotherOrigin(HttpRequest request, Addressed addressed) {
    HttpHeaders headers = request.headers();
    String origin = origin(request);
    return origin == null
        ? !OWN_SITE.contains(headers.get("sec-fetch-site", "none"))
        : !own.isOwn(origin, addressed, headers);
  }

  /**
   * Whether the cookies of the request count. They do not if a page of another origin sent it,
   * unless the setting lists that origin by name.
   */
  boolean trustsCookies(HttpRequest request, Addressed addressed) {
    String origin = origin(request);
    return !isFromAnotherOrigin(request, addressed) || (origin != null && origins.names(origin));
  }

  /** Whether a page of another origin sent the request that the setting does not allow. */
  boolean isForeign(HttpRequest request, Addressed addressed) {
    String origin = origin(request);
    return !trustsCookies(request, addressed) && (origin == null || !origins.allows(origin));
  }

  /** Lets the page that sent the request read the response, if the setting allows its origin. */
  void allow(HttpRequest request, HttpResponse response) {
    String origin = origin(request);
    if (origin == null || origins.isEmpty()) {
      return;
    }
    response.headers().add(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
    if (origins.names(origin)) {
      response
          .headers()
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin)
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    } else if (origins.isAny()) {
      response.headers().set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
  }

  /** The answer to {@code OPTIONS}, which is also the preflight of a page of another origin. */
  public Answer options(HttpRequest request, String methods) {
    FullHttpResponse response = Responses.of(HttpResponseStatus.OK, "text/plain", new byte[0]);
    response.headers().set(HttpHeaderNames.ALLOW, methods);
    String origin = origin(request);
    if (origin != null && origins.allows(origin)) {
      response
          .headers()
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_METHODS, methods)
          .set(
              HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS,
              "content-type, authorization, last-event-id, idempotency-key")
          .set(HttpHeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    }
    return Answer.now(response);
  }
}
