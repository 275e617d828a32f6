package io.earshot.netty.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Decodes what clients send: lines, frames, bodies, URLs and cookies. All are UTF-8, and nothing is
 * replaced. A byte order mark at the start, which some editors write, is skipped.
 */
public final class Utf8 {
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private Utf8() {}

  /** Decodes a part of a buffer; null if it is not UTF-8. */
  public static @Nullable String text(ByteBuf in, int offset, int length) {
    return ByteBufUtil.isText(in, offset, length, StandardCharsets.UTF_8)
        ? withoutMark(in.toString(offset, length, StandardCharsets.UTF_8))
        : null;
  }

  private static String withoutMark(String text) {
    return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
  }

  /**
   * Whether the bytes of a URL, a form or a cookie are UTF-8, when its percent signs are decoded.
   *
   * @param raw the text, one character for each byte; each percent sign is valid
   */
  public static boolean isText(String raw) {
    return percentDecoded(raw) != null;
  }

  /**
   * Decodes the percent signs of a cookie, or of a part of a URL.
   *
   * @param raw the text, one character for each byte
   * @return the text; null if a percent sign encodes nothing, or the bytes are not UTF-8
   */
  public static @Nullable String percentDecoded(String raw) {
    var bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        int high = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 1), 16) : -1;
        int low = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          return null;
        }
        bytes.write(high << 4 | low);
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
