package io.earshot.netty.frame;

import java.util.HashMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a handshake agrees on for permessage-deflate (RFC 7692). The client never refers to earlier
 * messages ({@code client_no_context_takeover}), so that one decompressor serves all clients of an
 * event loop.
 *
 * <p>Immutable.
 *
 * @param areAlone whether each message to the client can be decompressed without the earlier ones
 * @param windowBits the server's window, as a power of two in bytes; {@link #ANY_WINDOW} if the
 *     client names none
 */
public record DeflateTerms(boolean areAlone, int windowBits) {
  static final int ANY_WINDOW = 0;

  private static final String NAME = "permessage-deflate";
  private static final String SERVER_ALONE = "server_no_context_takeover";
  private static final String CLIENT_ALONE = "client_no_context_takeover";
  private static final String SERVER_WINDOW = "server_max_window_bits";
  private static final String CLIENT_WINDOW = "client_max_window_bits";
  private static final int LARGEST_WINDOW = 15;

  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /** A parameter, and its value if it has one (RFC 6455, 9.1). */
  private static final Pattern PARAM =
      Pattern.compile(
          "(TOKEN)(?:[ \\t]*=[ \\t]*(?:(TOKEN)|\"(TOKEN)\"))?".replace("TOKEN", TOKEN.pattern()));

  /**
   * Accepts the first acceptable offer of a client.
   *
   * @param fields the values of the header Sec-WebSocket-Extensions
   * @param areAlone whether messages are to be compressed alone even if the client does not ask
   * @return the terms; null if no offer is acceptable, which the client takes for a refusal
   * @throws IllegalArgumentException if the header is malformed
   */
  public static @Nullable DeflateTerms of(List<String> fields, boolean areAlone) {
    DeflateTerms accepted = null;
    for (String field : fields) {
      for (String offer : field.split(",", -1)) {
        DeflateTerms terms = offer.isBlank() ? null : accept(offer.split(";", -1), areAlone);
        accepted = accepted == null ? terms : accepted;
      }
    }
    return accepted;
  }

  /**
   * Reads an offer.
   *
   * @return null for what RFC 7692, 7.1, declines: another extension, unknown or repeated
   *     parameters, and invalid values
   */
  private static @Nullable DeflateTerms accept(String[] offer, boolean areAlone) {
    String name = offer[0].strip();
    boolean isValid = name.equals(NAME);
    if (!TOKEN.matcher(name).matches()) {
      throw malformed();
    }
    var params = new HashMap<String, String>();
    for (int i = 1; i < offer.length; i++) {
      Matcher param = PARAM.matcher(offer[i].strip());
      if (!param.matches()) {
        throw malformed();
      }
      String value = param.group(2) == null ? param.group(3) : param.group(2);
      isValid &= isValid(param.group(1), value);
      isValid &= params.put(param.group(1), value == null ? "" : value) == null;
    }
    if (!isValid) {
      return null;
    }
    int window = Integer.parseInt(params.getOrDefault(SERVER_WINDOW, "" + ANY_WINDOW));
    return new DeflateTerms(
        areAlone || params.containsKey(SERVER_ALONE) || isSmall(window), window);
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException("Sec-WebSocket-Extensions is malformed");
  }

  private static boolean isValid(String param, @Nullable String value) {
    return switch (param) {
      case SERVER_ALONE, CLIENT_ALONE -> value == null;
      case CLIENT_WINDOW -> value == null || isWindow(value);
      case SERVER_WINDOW -> value != null && isWindow(value);
      default -> false;
    };
  }

  private static boolean isWindow(String value) {
    return value.matches("[89]|1[0-5]");
  }

  private static boolean isSmall(int window) {
    return window != ANY_WINDOW && window < LARGEST_WINDOW;
  }

  /** Whether the client has a smaller window than the JDK's compressor. */
  boolean isSmall() {
    return isSmall(windowBits);
  }

  /** The value of the header Sec-WebSocket-Extensions in the response. */
  public String response() {
    return NAME
        + (areAlone ? "; " + SERVER_ALONE : "")
        + "; "
        + CLIENT_ALONE
        + (windowBits == ANY_WINDOW ? "" : "; " + SERVER_WINDOW + "=" + windowBits);
  }
}
