package io.earshot.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON as UTF-8 into an array that grows. Its output is the same as that of Jackson's
 * generator, byte for byte. A text without characters to escape, which is the usual case, is
 * copied.
 *
 * <p>Owned by the thread that encodes; used once.
 */
// String.getBytes(int, int, byte[], int) is the only copy that allocates nothing.
@SuppressWarnings("deprecation")
final class JsonWriter {
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(ISO_8859_1);

  private byte[] bytes;
  private int size;

  JsonWriter(int capacity) {
    bytes = new byte[capacity];
  }

  byte[] written() {
    return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
  }

  /** How long a value is as JSON if it is a text without characters to escape; else a guess. */
  static int expectedLength(Json value) {
    return value instanceof Json.Text text ? text.value().length() + 2 : 200;
  }

  /** The number of decimal digits of a number of at least 0. */
  static int digits(long number) {
    int digits = 1;
    for (long rest = number / 10; rest > 0; rest /= 10) {
      digits++;
    }
    return digits;
  }

  /** Writes ASCII characters that need no escape. */
  JsonWriter raw(String ascii) {
    int length = ascii.length();
    reserve(length);
    ascii.getBytes(0, length, bytes, size);
    size += length;
    return this;
  }

  JsonWriter raw(char ascii) {
    reserve(1);
    bytes[size++] = (byte) ascii;
    return this;
  }

  JsonWriter raw(long number) {
    if (number < 0) {
      return raw(Long.toString(number));
    }
    int digits = digits(number);
    reserve(digits);
    size += digits;
    long rest = number;
    for (int at = size - 1; digits > 0; digits--) {
      bytes[at--] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    return this;
  }

  /** Writes the fields of a cursor after other fields. */
  JsonWriter cursor(Cursor cursor) {
    return raw(",\"epoch\":\"").raw(cursor.epoch()).raw("\",\"offset\":").raw(cursor.offset());
  }

  /**
   * Writes after other fields where in a room's order a client is, and what it has recovered;
   * nothing for what is null.
   */
  JsonWriter received(
      @Nullable Cursor cursor, @Nullable Boolean recovered, @Nullable Integer history) {
    if (cursor != null) {
      cursor(cursor);
    }
    if (recovered != null) {
      raw(",\"recovered\":").raw(recovered.toString());
    }
    if (history != null) {
      raw(",\"history\":").raw(history.longValue());
    }
    return this;
  }

  /**
   * Writes a value.
   *
   * @param depth the deepest nesting that is allowed
   * @throws IllegalArgumentException if the value is nested deeper
   */
  JsonWriter value(Json value, int depth) {
    if (value instanceof Json.Text text) {
      return text(text.value());
    }
    if (value instanceof Json.Num number) {
      return raw(number.literal());
    }
    if (value instanceof Json.Bool bool) {
      return raw(bool.value() ? "true" : "false");
    }
    if (value instanceof Json.Null) {
      return raw("null");
    }
    check(depth);
    return value instanceof Json.Array array
        ? items(array.items(), depth - 1)
        : fields(((Json.Obj) value).fields(), depth - 1);
  }

  private JsonWriter items(List<Json> items, int depth) {
    raw('[');
    for (int i = 0; i < items.size(); i++) {
      if (i > 0) {
        raw(',');
      }
      value(items.get(i), depth);
    }
    return raw(']');
  }

  private JsonWriter fields(Map<String, Json> fields, int depth) {
    char before = '{';
    for (Map.Entry<String, Json> field : fields.entrySet()) {
      raw(before).text(field.getKey()).raw(':').value(field.getValue(), depth);
      before = ',';
    }
    if (before == '{') {
      raw('{');
    }
    return raw('}');
  }

  private static void check(int depth) {
    if (depth == 0) {
      throw new IllegalArgumentException("the JSON is nested too deeply");
    }
  }

  /** Writes a text in quotes. */
  JsonWriter text(String text) {
    int length = text.length();
    reserve(length + 2);
    bytes[size++] = '"';
    int plain = 0;
    while (plain < length && isPlain(text.charAt(plain))) {
      plain++;
    }
    text.getBytes(0, plain, bytes, size);
    size += plain;
    if (plain < length) {
      textWithEscapes(text, plain);
    }
    return raw('"');
  }

  private static boolean isPlain(char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
  }

  private void textWithEscapes(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      reserve(6);
      if (isPlain(c)) {
        bytes[size++] = (byte) c;
      } else if (c < 0x80) {
        escape(c);
      } else if (c < 0x800) {
        bytes[size++] = (byte) (0xC0 | (c >> 6));
        bytes[size++] = (byte) (0x80 | (c & 0x3F));
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        bytes[size++] = (byte) (0xF0 | (point >> 18));
        bytes[size++] = (byte) (0x80 | ((point >> 12) & 0x3F));
        bytes[size++] = (byte) (0x80 | ((point >> 6) & 0x3F));
        bytes[size++] = (byte) (0x80 | (point & 0x3F));
      } else {
        // JSON can escape half of a surrogate pair, but UTF-8 cannot encode it.
        char replaced = Character.isSurrogate(c) ? '\uFFFD' : c;
        bytes[size++] = (byte) (0xE0 | (replaced >> 12));
        bytes[size++] = (byte) (0x80 | ((replaced >> 6) & 0x3F));
        bytes[size++] = (byte) (0x80 | (replaced & 0x3F));
      }
    }
  }

  private void escape(char c) {
    bytes[size++] = '\\';
    switch (c) {
      case '"', '\\' -> bytes[size++] = (byte) c;
      case '\b' -> bytes[size++] = 'b';
      case '\t' -> bytes[size++] = 't';
      case '\n' -> bytes[size++] = 'n';
      case '\f' -> bytes[size++] = 'f';
      case '\r' -> bytes[size++] = 'r';
      default -> {
        bytes[size++] = 'u';
        bytes[size++] = '0';
        bytes[size++] = '0';
        bytes[size++] = HEX[c >> 4];
        bytes[size++] = HEX[c & 0xF];
      }
    }
  }

  private void reserve(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }
}
