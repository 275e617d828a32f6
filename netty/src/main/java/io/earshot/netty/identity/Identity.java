package io.earshot.netty.identity;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import io.earshot.Config;
import io.earshot.config.ServerSecret;
import io.earshot.netty.frame.Utf8;
import io.earshot.protocol.RoomName;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.CookieHeaderNames.SameSite;
import io.netty.handler.codec.http.cookie.DefaultCookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import io.netty.handler.codec.http.cookie.ServerCookieEncoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Identifies the client of an HTTP request by its cookie. The cookie is a secret: 160 random bits,
 * signed, so that a cookie that this server did not make is never accepted. The client's public id
 * is derived from the secret, and does not reveal it.
 *
 * <p>Thread-safe: its fields are final, and the source of randomness is thread-safe.
 */
public final class Identity {
  private static final String ROOM = "__room";
  private static final int SECRET_BYTES = 20;
  private static final int HEX_LENGTH = 2 * SECRET_BYTES;

  private final Config.FingerprintOptions options;
  private final String defaultRoom;
  private final ServerSecret secret;
  private final SecureRandom random = new SecureRandom();

  /**
   * Identifies clients.
   *
   * @param secret what cookies are signed with
   */
  public Identity(Config config, ServerSecret secret) {
    this.secret = secret;
    options = config.commonWeb().fingerprintOptions();
    defaultRoom = config.general().defaultChatRoom();
  }

  /**
   * A client.
   *
   * @param id its public id
   * @param isKnown whether it was known before this request: by its cookie, or by its headers
   * @param room the room that its cookie names, or the default room
   * @param newCookie the cookie to set, or null if the client has one or is not to get one
   */
  public record Known(String id, boolean isKnown, String room, @Nullable String newCookie) {}

  /**
   * Identifies the client of a request.
   *
   * @param trustCookies whether its cookies count; without cookies it is a new client
   * @param secure whether new cookies are for TLS only
   */
  public Known of(HttpRequest request, String remoteAddress, boolean trustCookies, boolean secure) {
    Map<String, List<String>> cookies = trustCookies ? cookies(request.headers()) : Map.of();
    String room = room(cookies.getOrDefault(ROOM, List.of()).stream().findFirst().orElse(null));
    List<String> keys = secret.all();
    String key = keys.getFirst();
    if (options.onlyStaticElements()) {
      return new Known(
          derived(key, "static", staticElements(request, remoteAddress)), true, room, null);
    }
    // Another site of the same domain may have set a cookie of the same name.
    for (String cookie : cookies.getOrDefault(options.cookieKey(), List.of())) {
      for (String each : keys) {
        if (isOurs(each, cookie)) {
          return new Known(derived(each, "id", cookie.substring(0, HEX_LENGTH)), true, room, null);
        }
      }
    }
    String name = HexFormat.of().formatHex(random(SECRET_BYTES));
    String fresh =
        options.toSetCookie() && trustCookies
            ? cookie(options.cookieKey(), name + derived(key, "cookie", name), secure)
            : null;
    return new Known(derived(key, "id", name), false, room, fresh);
  }

  private static boolean isOurs(String key, String cookie) {
    return cookie.length() == 2 * HEX_LENGTH
        && MessageDigest.isEqual(
            derived(key, "cookie", cookie.substring(0, HEX_LENGTH))
                .getBytes(StandardCharsets.US_ASCII),
            cookie.substring(HEX_LENGTH).getBytes(StandardCharsets.UTF_8));
  }

  /** The cookie that holds a room. */
  public static String roomCookie(String room, boolean secure) {
    // Form encoding, except for blanks, gives only characters that a cookie can hold.
    return cookie(
        ROOM, URLEncoder.encode(room, StandardCharsets.UTF_8).replace("+", "%20"), secure);
  }

  private String room(@Nullable String cookie) {
    if (cookie == null) {
      return defaultRoom;
    }
    String room = Utf8.percentDecoded(cookie);
    return room != null && RoomName.isValid(room) ? room : defaultRoom;
  }

  private static String cookie(String name, String value, boolean secure) {
    var cookie = new DefaultCookie(name, value);
    cookie.setPath("/");
    cookie.setHttpOnly(true);
    cookie.setSameSite(SameSite.Lax);
    cookie.setSecure(secure);
    return ServerCookieEncoder.STRICT.encode(cookie);
  }

  /** The values of each cookie. */
  static Map<String, List<String>> cookies(HttpHeaders headers) {
    // A client may send several headers, and a proxy may split one (RFC 9113, 8.2.3).
    return headers.getAll(HttpHeaderNames.COOKIE).stream()
        .flatMap(header -> ServerCookieDecoder.STRICT.decodeAll(header).stream())
        .collect(groupingBy(Cookie::name, mapping(Cookie::value, toList())));
  }

  private static String staticElements(HttpRequest request, String remoteAddress) {
    var elements = new TreeMap<String, String>();
    request
        .headers()
        .forEach(
            header -> elements.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue()));
    elements.remove("cookie");
    elements.remove("referer");
    return request.protocolVersion() + "\n" + remoteAddress + "\n" + elements;
  }

  /** An HMAC of a text as 40 hexadecimal digits. */
  private static String derived(String key, String use, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      byte[] all = mac.doFinal((use + ":" + text).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(Arrays.copyOf(all, SECRET_BYTES));
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has HMAC", e);
    }
  }

  private byte[] random(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
