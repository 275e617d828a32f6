package io.earshot.netty.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the HTTP responses of this server. There are two formats of errors: actions answer {@code
 * {"error":"Error: TEXT"}}, and the URLs of rooms and of the admin API answer problem details (RFC
 * 9457).
 */
public final class Responses {
  private Responses() {}

  public static FullHttpResponse of(HttpResponseStatus status, String type, byte[] body) {
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    return response;
  }

  /** JSON that no cache may keep. */
  public static FullHttpResponse json(HttpResponseStatus status, byte[] body) {
    FullHttpResponse response = of(status, "application/json", body);
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    return response;
  }

  /** An error in the format of actions. */
  public static FullHttpResponse error(HttpResponseStatus status, String error) {
    var body = new Json.Obj(Map.of("error", Json.of("Error: " + error)));
    return of(status, "application/json", body.encode());
  }

  /** An error as a problem detail (RFC 9457). */
  public static FullHttpResponse problem(ProblemException problem) {
    HttpResponseStatus status = problem.status();
    var fields = new LinkedHashMap<String, Json>();
    fields.put("type", Json.of("about:blank"));
    fields.put("title", Json.of(status.reasonPhrase()));
    fields.put("status", Json.of(status.code()));
    fields.put("detail", Json.of(problem.detail()));
    FullHttpResponse response =
        of(status, "application/problem+json", new Json.Obj(fields).encode());
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    problem.headers().forEach(response.headers()::set);
    return response;
  }

  /** The problem detail for work that failed. */
  public static FullHttpResponse failed(@Nullable Throwable failure) {
    return problem(ProblemException.of(failure));
  }

  /** The bytes of a problem detail, for a socket that has no HTTP codec. */
  public static byte[] rawProblem(ProblemException problem) {
    FullHttpResponse response = problem(problem);
    return ("HTTP/1.1 "
            + problem.status()
            + "\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n"
            + "retry-after: 1\r\nconnection: close\r\ncontent-length: "
            + response.content().readableBytes()
            + "\r\n\r\n"
            + response.content().toString(UTF_8))
        .getBytes(UTF_8);
  }

  /** Marks a complete response as the last one of its connection. */
  static FullHttpResponse last(FullHttpResponse response) {
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return response;
  }
}
