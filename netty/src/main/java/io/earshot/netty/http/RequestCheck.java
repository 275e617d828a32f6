package io.earshot.netty.http;

import io.earshot.spi.Refusal;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpContentException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;

/** The checks that a request has to pass before it is routed. */
public final class RequestCheck {
  private RequestCheck() {}

  /** The status for a request that the decoder refused. */
  public static HttpResponseStatus status(Throwable decoderFailure) {
    return switch (decoderFailure) {
      case TooLongHttpLineException ignored -> HttpResponseStatus.REQUEST_URI_TOO_LONG;
      case TooLongHttpHeaderException ignored -> HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
      case TooLongHttpContentException ignored -> HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE;
      default -> HttpResponseStatus.BAD_REQUEST;
    };
  }

  /** How a request that was answered with this status is counted. */
  public static Refusal refusal(HttpResponseStatus status) {
    return switch (status.code()) {
      case 413 -> Refusal.BODY;
      case 414, 431 -> Refusal.HEADER;
      default -> Refusal.MALFORMED;
    };
  }

  /**
   * Checks a request that the decoder understood.
   *
   * @throws MalformedRequestException if it does not name one host, or needs a part of HTTP that
   *     this server does not have
   */
  public static void check(FullHttpRequest request) throws MalformedRequestException {
    HttpMethod method = request.method();
    int hosts = request.headers().getAll(HttpHeaderNames.HOST).size();
    if (hosts > 1 || (hosts == 0 && request.protocolVersion().equals(HttpVersion.HTTP_1_1))) {
      throw new MalformedRequestException("there has to be one Host header");
    }
    if (method.equals(HttpMethod.CONNECT) || method.equals(HttpMethod.TRACE)) {
      throw notImplemented(method + " is not done here");
    }
    if (request.protocolVersion().majorVersion() != 1) {
      throw notImplemented("only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    List<String> codings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (!codings.isEmpty() && !codings.equals(List.of("chunked"))) {
      throw notImplemented("of transfer codings, chunked alone is understood here");
    }
  }

  private static MalformedRequestException notImplemented(String message) {
    return new MalformedRequestException(HttpResponseStatus.NOT_IMPLEMENTED, message);
  }
}
