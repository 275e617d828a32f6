package io.earshot.netty.action;

import io.earshot.netty.http.MalformedRequestException;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a form in parts (RFC 7578). Netty's decoder compares the whole boundary at each byte of a
 * body, which takes seconds for a body that is made for it, and it leaks pooled buffers of forms
 * that it refuses. This class looks for boundaries at the beginnings of lines only, so that it
 * reads each byte a few times, and it uses no pooled buffers.
 *
 * <p>Immutable; used for one form.
 *
 * @param body the form, one character per byte
 * @param fields gets the name and the text of each part that is no file
 */
record FormParts(String body, BiConsumer<String, String> fields) {
  private static final int MAX_FIELDS = 1024;

  /** The longest head of a part, in bytes. */
  private static final int MAX_HEAD = 16 * 1024;

  /** The longest boundary (RFC 2046, 5.1.1). */
  private static final int MAX_BOUNDARY = 70;

  /**
   * Reads a form.
   *
   * @param type its Content-Type
   * @throws MalformedRequestException if it is not a form
   */
  static void read(ByteBuf body, String type, BiConsumer<String, String> fields)
      throws MalformedRequestException {
    String boundary = parameter(type, "boundary");
    if (boundary == null || boundary.isEmpty() || boundary.length() > MAX_BOUNDARY) {
      throw new MalformedRequestException(
          "the Content-Type of a form names its boundary, of at most "
              + MAX_BOUNDARY
              + " characters");
    }
    new FormParts(body.toString(StandardCharsets.ISO_8859_1), fields).read("--" + boundary);
  }

  private void read(String delimiter) throws MalformedRequestException {
    int part = -1; // where the current part begins
    int count = 0;
    for (int line = 0; line < body.length(); line = lineAfter(line)) {
      if (!body.startsWith(delimiter, line)) {
        continue;
      }
      String rest = body.substring(line + delimiter.length(), lineAfter(line)).strip();
      boolean isLast = rest.equals("--");
      if (!isLast && !rest.isEmpty()) {
        continue; // a line of text that begins like a boundary
      }
      if (part >= 0) {
        if (++count > MAX_FIELDS) {
          throw new MalformedRequestException("a form has at most " + MAX_FIELDS + " fields");
        }
        part(part, line);
      }
      if (isLast) {
        return;
      }
      part = lineAfter(line);
    }
    throw new MalformedRequestException("the form ends before its last boundary");
  }

  private int lineAfter(int at) {
    int end = body.indexOf('\n', at);
    return end < 0 ? body.length() : end + 1;
  }

  private void part(int begin, int end) throws MalformedRequestException {
    String name = null;
    boolean isFile = false;
    Charset charset = StandardCharsets.UTF_8;
    int at = begin;
    while (true) {
      int next = lineAfter(at);
      if (next > end || next - begin > MAX_HEAD) {
        throw new MalformedRequestException("a part of the form has no head, or too long a one");
      }
      String header = decoded(at, next, StandardCharsets.UTF_8).strip();
      at = next;
      if (header.isEmpty()) {
        break;
      }
      switch (header.split(":", 2)[0].strip().toLowerCase(Locale.ROOT)) {
        case "content-disposition" -> {
          name = parameter(header, "name");
          isFile = parameter(header, "filename") != null || parameter(header, "filename*") != null;
        }
        case "content-type" -> charset = charset(header);
        default -> {}
      }
    }
    if (name != null && !isFile) {
      fields.accept(name, decoded(at, withoutLineEnd(at, end), charset));
    }
  }

  /** The end of a text without its last line end, which belongs to the boundary. */
  private int withoutLineEnd(int begin, int end) {
    int at = end;
    at = at > begin && body.charAt(at - 1) == '\n' ? at - 1 : at;
    return at > begin && at < end && body.charAt(at - 1) == '\r' ? at - 1 : at;
  }

  private String decoded(int from, int to, Charset charset) throws MalformedRequestException {
    byte[] bytes = body.substring(from, to).getBytes(StandardCharsets.ISO_8859_1);
    try {
      return charset.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedRequestException("a part of the form is not " + charset);
    }
  }

  private static Charset charset(String header) throws MalformedRequestException {
    if (header.toLowerCase(Locale.ROOT).contains("multipart/")) {
      throw new MalformedRequestException("a form has no other forms in it");
    }
    String name = parameter(header, "charset");
    try {
      return name == null ? StandardCharsets.UTF_8 : Charset.forName(name);
    } catch (IllegalArgumentException e) {
      throw new MalformedRequestException("a part of the form is in no charset that is known here");
    }
  }

  /** The value of a parameter of a header; null if there is none. */
  private static @Nullable String parameter(String header, String name) {
    for (int at = header.indexOf(';'); at >= 0; ) {
      int equals = header.indexOf('=', at);
      if (equals < 0) {
        return null;
      }
      String key = header.substring(at + 1, equals).strip();
      var value = new StringBuilder();
      at = value(header, equals + 1, value);
      if (key.equalsIgnoreCase(name)) {
        return value.toString().strip();
      }
    }
    return null;
  }

  /** Reads a value, quoted or not, and returns the index of the semicolon after it, or -1. */
  private static int value(String header, int from, StringBuilder value) {
    boolean quoted = false;
    for (int at = from; at < header.length(); at++) {
      char c = header.charAt(at);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '\\' && quoted && at + 1 < header.length()) {
        value.append(header.charAt(++at));
      } else if (c == ';' && !quoted) {
        return at;
      } else {
        value.append(c);
      }
    }
    return -1;
  }
}
