package io.earshot.redis.connection;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Values of Redis as bytes in UTF-8. */
public final class Utf8 {
  private Utf8() {}

  /** The bytes of a text. */
  public static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /** The bytes of a number in decimal. */
  public static byte[] bytes(long number) {
    return bytes(Long.toString(number));
  }

  /** The text of an element of an answer, which is a byte array or a {@code Long}. */
  public static String text(Object value) {
    return value instanceof byte[] raw ? new String(raw, UTF_8) : String.valueOf(value);
  }
}
