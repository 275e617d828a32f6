package io.earshot.netty.room;

import io.earshot.Config;
import io.earshot.netty.frame.DeflateTerms;
import io.earshot.netty.http.Answer;
import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.identity.OwnHosts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The opening handshake of a WebSocket (RFC 6455, 4.2).
 *
 * <p>Immutable.
 *
 * @param origins the origins whose pages may connect, besides the server's own
 * @param own the hosts of the server's own pages
 * @param compression what is compressed for clients that ask for it
 */
public record Handshake(Origins origins, OwnHosts own, Config.Compression compression) {
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  /** One for each event loop: to make one costs more than the digest. */
  private static final ThreadLocal<MessageDigest> SHA1 = ThreadLocal.withInitial(Handshake::sha1);

  /** A handshake with a body, which {@link #check} does not look at. */
  public static final Refusal HAS_BODY = bad("a handshake has no body");

  /** Why a handshake is refused. */
  public record Refusal(HttpResponseStatus status, String error) {}

  /** Whether a request asks for a WebSocket. */
  public static boolean isRequested(HttpRequest request) {
    return request
        .headers()
        .containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true);
  }

  /** Checks a request; null if the handshake is accepted. */
  public @Nullable Refusal check(HttpRequest request, Addressed addressed) {
    HttpHeaders headers = request.headers();
    if (!request.method().equals(HttpMethod.GET)
        || !request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
      return bad("a WebSocket opens with GET and HTTP/1.1");
    }
    if (!headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)) {
      return bad("the Connection header has to say Upgrade");
    }
    if (!"13".equals(headers.get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
      return new Refusal(
          HttpResponseStatus.UPGRADE_REQUIRED, "only version 13 of WebSocket is spoken here");
    }
    List<String> keys = headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_KEY);
    if (keys.size() != 1 || !isKey(keys.getFirst())) {
      return bad("Sec-WebSocket-Key has to be 16 bytes in base64");
    }
    try {
      var unused = deflate(request);
    } catch (IllegalArgumentException e) {
      return bad(String.valueOf(e.getMessage()));
    }
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    if (origin != null && !origins.allows(origin) && !own.isOwn(origin, addressed, headers)) {
      return new Refusal(
          HttpResponseStatus.FORBIDDEN,
          "pages of this origin may not connect; the setting webSockets.allowedOrigins says which may");
    }
    return null;
  }

  /**
   * Whether the cookies of an accepted handshake count: a setting that allows pages of any origin
   * does not let them act for users of this server.
   */
  public boolean trustsCookies(HttpRequest request, Addressed addressed) {
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    return origin == null
        || origins.names(origin)
        || own.isOwn(origin, addressed, request.headers());
  }

  /**
   * The compression that an accepted handshake agrees on; null for none.
   *
   * @throws IllegalArgumentException if the header is malformed, which {@link #check} refuses
   */
  public @Nullable DeflateTerms deflate(HttpRequest request) {
    return compression == Config.Compression.NONE
        ? null
        : DeflateTerms.of(
            request.headers().getAll(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS),
            compression == Config.Compression.MESSAGES);
  }

  private static Refusal bad(String error) {
    return new Refusal(HttpResponseStatus.BAD_REQUEST, error);
  }

  private static boolean isKey(String key) {
    try {
      return key.length() == 24 && Base64.getDecoder().decode(key).length == 16;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Sends a refusal, with the version that this server speaks, and closes the connection. */
  public static Answer refused(FullHttpResponse refusal) {
    refusal.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
    return Answer.last(refusal);
  }

  /**
   * The response that accepts a handshake.
   *
   * @param deflate the compression that it agrees on, or null
   */
  public static HttpResponse response(HttpRequest request, @Nullable DeflateTerms deflate) {
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
    response
        .headers()
        .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
        .set(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT, accept(request));
    if (deflate != null) {
      response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS, deflate.response());
    }
    return response;
  }

  /** The bytes of that response, for a socket that has no HTTP codec, and room for a welcome. */
  public static ByteBuf rawResponse(HttpRequest request, @Nullable DeflateTerms deflate) {
    return ByteBufAllocator.DEFAULT
        .directBuffer(1024)
        .writeBytes(
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                    + "sec-websocket-accept: "
                    + accept(request)
                    + (deflate == null ? "" : "\r\nsec-websocket-extensions: " + deflate.response())
                    + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
  }

  /** The value that proves to the client that the server read its handshake. */
  public static String accept(HttpRequest request) {
    String proof = request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_KEY) + GUID;
    byte[] digest = SHA1.get().digest(proof.getBytes(StandardCharsets.US_ASCII));
    return Base64.getEncoder().encodeToString(digest);
  }

  private static MessageDigest sha1() {
    try {
      return MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JDK has SHA-1", e);
    }
  }
}
