package io.earshot.netty.http;

import io.earshot.RefusedException;
import io.earshot.spi.BrokerException;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A request is refused. {@link Responses#problem} makes the response (RFC 9457). */
public final class ProblemException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient HttpResponseStatus status;
  private final transient Map<String, String> headers;

  /**
   * A refusal.
   *
   * @param detail the reason, for the client
   */
  public ProblemException(HttpResponseStatus status, String detail) {
    this(status, detail, Map.of());
  }

  /** A refusal with headers of its own. */
  public ProblemException(HttpResponseStatus status, String detail, Map<String, String> headers) {
    super(detail, null, false, false);
    this.status = status;
    this.headers = Map.copyOf(headers);
  }

  public static ProblemException badRequest(String detail) {
    return new ProblemException(HttpResponseStatus.BAD_REQUEST, detail);
  }

  /**
   * The method does not work at this path.
   *
   * @param allowed the methods that do, as the header {@code Allow} lists them
   */
  public static ProblemException methodNotAllowed(HttpMethod method, String allowed) {
    return new ProblemException(
        HttpResponseStatus.METHOD_NOT_ALLOWED,
        method + " does not work here; " + allowed,
        Map.of("allow", allowed));
  }

  /**
   * A rate limit is exceeded.
   *
   * @param wait after how many milliseconds the client may try again
   */
  public static ProblemException tooManyRequests(String detail, long wait) {
    return new ProblemException(
        HttpResponseStatus.TOO_MANY_REQUESTS,
        detail + "; try again in " + wait + " ms",
        Map.of("retry-after", Long.toString((wait + 999) / 1000)));
  }

  public static ProblemException bodyTooLarge(int maxLength) {
    return new ProblemException(
        HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
        "a message has at most " + maxLength + " bytes");
  }

  public static ProblemException of(MalformedRequestException malformed) {
    return new ProblemException(malformed.status(), malformed.detail());
  }

  static ProblemException of(RefusedException refused) {
    return new ProblemException(HttpResponseStatus.FORBIDDEN, String.valueOf(refused.getMessage()));
  }

  /** The problem for a request whose work failed. */
  public static ProblemException of(@Nullable Throwable failure) {
    Throwable cause = cause(failure);
    return switch (cause) {
      case ProblemException problem -> problem;
      case RefusedException refused -> of(refused);
      case RejectedExecutionException full -> unavailable(full);
      case BrokerException away -> unavailable(away);
      case null, default ->
          new ProblemException(
              HttpResponseStatus.INTERNAL_SERVER_ERROR, BrokerException.INTERNAL_ERROR);
    };
  }

  private static ProblemException unavailable(Throwable cause) {
    return new ProblemException(
        HttpResponseStatus.SERVICE_UNAVAILABLE, String.valueOf(cause.getMessage()));
  }

  /** The failure itself, without the {@code CompletionException} of a future around it. */
  public static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure == null ? null : BrokerException.cause(failure);
  }

  public HttpResponseStatus status() {
    return status;
  }

  Map<String, String> headers() {
    return headers;
  }

  String detail() {
    return String.valueOf(getMessage());
  }
}
