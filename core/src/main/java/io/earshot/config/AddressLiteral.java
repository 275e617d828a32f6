package io.earshot.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** IP addresses as texts. Java has {@code InetAddress.ofLiteral} from version 22 on. */
public final class AddressLiteral {
  private static final String BYTE = "0{0,2}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";

  /**
   * What the JDK reads without a name service: four numbers of 15 characters at most, or
   * hexadecimal digits with a colon.
   */
  private static final Pattern LITERAL =
      Pattern.compile(
          ("(?=[^:]{7,15}$)(?:BYTE\\.){3}BYTE"
                  + "|\\[?(?:[0-9A-Fa-f][0-9A-Fa-f.]*)?:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?]?")
              .replace("BYTE", BYTE));

  private AddressLiteral() {}

  /**
   * Reads an address. Does not ask a name service.
   *
   * @param text such as {@code 192.0.2.1} or {@code 2001:db8::1}
   * @return the address
   * @throws IllegalArgumentException if the text is not an address
   */
  public static InetAddress parse(String text) {
    if (LITERAL.matcher(text).matches()) {
      try {
        return InetAddress.getByName(text);
      } catch (UnknownHostException e) {
        throw new IllegalArgumentException("'" + text + "' is not an address", e);
      }
    }
    throw new IllegalArgumentException("'" + text + "' is not an address");
  }
}
