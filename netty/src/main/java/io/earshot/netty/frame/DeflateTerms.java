package io.earshot.netty.frame;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

  /** The name of an extension or a parameter, its value, and what follows (RFC 6455, 9.1). */
  private static final Pattern PART =
      Pattern.compile(
          "[ \\t]*(TOKEN)[ \\t]*(?:=[ \\t]*(?:(TOKEN)|\"(TOKEN)\")[ \\t]*)?([;,]|$)"
              .replace("TOKEN", TOKEN));

  /** One offer of an extension; a parameter without a value has an empty one. */
  private record Offer(String name, Map<String, String> params, boolean hasRepeats) {}

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
      for (Offer offer : offers(field)) {
        accepted = accepted == null ? accept(offer, areAlone) : accepted;
      }
    }
    return accepted;
  }

  private static List<Offer> offers(String field) {
    var offers = new ArrayList<Offer>();
    Matcher part = PART.matcher(field);
    boolean isName = true;
    int at = 0;
    do {
      if (!part.find(at) || part.start() != at || (isName && hasValue(part))) {
        throw new IllegalArgumentException("Sec-WebSocket-Extensions is malformed");
      }
      if (isName) {
        offers.add(new Offer(part.group(1), new LinkedHashMap<>(), false));
      } else {
        String value = part.group(2) == null ? part.group(3) : part.group(2);
        Offer offer = offers.removeLast();
        boolean isRepeat =
            offer.params.put(part.group(1), hasValue(part) ? String.valueOf(value) : "") != null;
        offers.add(new Offer(offer.name, offer.params, offer.hasRepeats || isRepeat));
      }
      isName = ",".equals(part.group(4));
      at = part.end();
    } while (!part.group(4).isEmpty());
    return offers;
  }

  private static boolean hasValue(Matcher part) {
    return part.group(2) != null || part.group(3) != null;
  }

  /** Declines what RFC 7692, 7.1, says: unknown and repeated parameters, and invalid values. */
  private static @Nullable DeflateTerms accept(Offer offer, boolean areAlone) {
    if (!offer.name.equals(NAME) || offer.hasRepeats) {
      return null;
    }
    boolean alone = areAlone;
    int window = ANY_WINDOW;
    for (Map.Entry<String, String> param : offer.params.entrySet()) {
      String value = param.getValue();
      boolean isValid =
          switch (param.getKey()) {
            case SERVER_ALONE, CLIENT_ALONE -> value.isEmpty();
            case CLIENT_WINDOW -> value.isEmpty() || isWindow(value);
            case SERVER_WINDOW -> isWindow(value);
            default -> false;
          };
      if (!isValid) {
        return null;
      }
      alone |= param.getKey().equals(SERVER_ALONE);
      window = param.getKey().equals(SERVER_WINDOW) ? Integer.parseInt(value) : window;
    }
    return new DeflateTerms(alone || isSmall(window), window);
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
