package io.earshot.netty;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.LinkedHashMap;
import java.util.Map;

/** A request that is refused; what it is answered is a problem detail (RFC 9457). */
final class ProblemException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient HttpResponseStatus status;
  private final transient Map<String, String> headers;

  /**
   * A refusal.
   *
   * @param detail why, for whoever sent the request
   */
  ProblemException(HttpResponseStatus status, String detail) {
    this(status, detail, Map.of());
  }

  /** A refusal that says more in its headers. */
  ProblemException(HttpResponseStatus status, String detail, Map<String, String> headers) {
    super(detail, null, false, false);
    this.status = status;
    this.headers = Map.copyOf(headers);
  }

  static ProblemException badRequest(String detail) {
    return new ProblemException(HttpResponseStatus.BAD_REQUEST, detail);
  }

  HttpResponseStatus status() {
    return status;
  }

  /** The same as the last that a connection says, as it goes over the wire. */
  byte[] raw() {
    FullHttpResponse response = response();
    return ("HTTP/1.1 "
            + status
            + "\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n"
            + "retry-after: 1\r\nconnection: close\r\ncontent-length: "
            + response.content().readableBytes()
            + "\r\n\r\n"
            + response.content().toString(UTF_8))
        .getBytes(UTF_8);
  }

  FullHttpResponse response() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("type", Json.of("about:blank"));
    fields.put("title", Json.of(status.reasonPhrase()));
    fields.put("status", Json.of(status.code()));
    fields.put("detail", Json.of(String.valueOf(getMessage())));
    FullHttpResponse response =
        HttpDoor.response(status, "application/problem+json", new Json.Obj(fields).encode());
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    headers.forEach(response.headers()::set);
    return response;
  }
}
