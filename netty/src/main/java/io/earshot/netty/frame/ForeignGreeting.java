package io.earshot.netty.frame;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The first bytes of protocols that are not Earshot's lines. A client of another protocol sends
 * lines that are no requests, and text that somebody else chose: a page of any site makes the
 * browser send {@code POST / HTTP/1.1}, headers, and a body with lines. So the first line decides,
 * and a connection that begins like another protocol is closed.
 *
 * <p>Immutable.
 */
enum ForeignGreeting {
  HTTP(
      // A method, a target as RFC 9112 defines it, and a version; RTSP and SIP have the same form.
      // "say" is left out: its text may be anything.
      // A server that is lenient takes blanks before it, or in the target, and lower case, too.
      "(?!say )[\\w!#$%&'*+.^`|~-]+ (?:\\S*[/:]\\S*|\\*) [A-Z]{3,9}/\\d\\.\\d\\s*|HTTP/\\d.*"
          + "|(?i:\\s*(?:GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH|TRACE|CONNECT) .* HTTP/\\d\\.\\d\\s*)",
      "(?!say )[\\w!#$%&'*+.^`|~-]+ (?:/|\\*|[A-Za-z][A-Za-z0-9+.-]*://).*",
      "an HTTP request (HTTP has a port of its own)"),
  PROXY(
      "PROXY (?:TCP4|TCP6|UNKNOWN)\\b.*",
      null,
      "a header of the PROXY protocol (this port takes none)"),
  SSH("SSH-\\d.*", null, "a greeting of SSH"),
  SMTP("(?i:EHLO|HELO|LHLO) .*", null, "a greeting of SMTP"),
  RESP("\\*\\d+", null, "a command of Redis (RESP)"),
  XML("<(?:\\?xml|!DOCTYPE|stream:).*", null, "XML"),
  OTHER(
      "(?:CAP (?:LS|REQ|END)|CLIENT libcurl|AMQP\\x00|RFB \\d{3}\\.|@RSYNCD:|CONNECT \\{|[0-9a-f]{4}git-).*"
          + "|CONNECT|STOMP",
      null, "a greeting of another protocol"),
  TLS("\\x16\\x03.*", null, "a TLS handshake (this port is not encrypted)"),
  BINARY(
      // A control character that no key of a terminal sends at the start of a line, and more.
      "[\\x00-\\x02\\x05\\x06\\x0E-\\x1A\\x1C-\\x1F].+|\\x03\\x00.*|\\x80.\\x01.*",
      null,
      "binary data");

  /** The bytes of the mark at the start of a text, which a request may have. */
  private static final String BYTE_ORDER_MARK = "\u00EF\u00BB\u00BF";

  /** How much of a line that is too long is looked at, in bytes. */
  private static final int LOOK = 512;

  private final Pattern line;
  private final @Nullable Pattern start;
  private final String what;

  /**
   * A protocol.
   *
   * @param line matches the first line
   * @param start matches the start of a first line that is too long, if there is such a line
   */
  ForeignGreeting(String line, @Nullable String start, String what) {
    this.line = Pattern.compile(line, Pattern.DOTALL);
    this.start = start == null ? null : Pattern.compile(start, Pattern.DOTALL);
    this.what = what;
  }

  /** The protocol whose greeting a whole line is; null if it may be a request. */
  static @Nullable ForeignGreeting ofLine(ByteBuf in, int at, int length) {
    // One character for each byte: the line need not be UTF-8.
    String text = in.toString(at, length, StandardCharsets.ISO_8859_1);
    if (text.startsWith(BYTE_ORDER_MARK)) {
      text = text.substring(BYTE_ORDER_MARK.length());
    }
    for (ForeignGreeting greeting : values()) {
      if (greeting.line.matcher(text).matches()) {
        return greeting;
      }
    }
    return null;
  }

  /** The protocol to which the start of a line that is too long belongs; null if it is unknown. */
  static @Nullable ForeignGreeting ofLongLine(ByteBuf in, int at, int length) {
    String text = in.toString(at, Math.min(length, LOOK), StandardCharsets.ISO_8859_1);
    for (ForeignGreeting greeting : values()) {
      Pattern pattern = greeting.start == null ? greeting.line : greeting.start;
      if (pattern.matcher(text).matches()) {
        return greeting;
      }
    }
    return null;
  }

  /** The binary protocol that bytes without a line end begin; null if a line may follow. */
  static @Nullable ForeignGreeting ofBytes(ByteBuf in, int at, int length) {
    String text = in.toString(at, Math.min(length, LOOK), StandardCharsets.ISO_8859_1);
    return TLS.line.matcher(text).matches()
        ? TLS
        : BINARY.line.matcher(text).matches() ? BINARY : null;
  }

  /** Why the connection is closed. */
  String error() {
    return "Error: this port takes lines of Earshot's protocol, and the first line was "
        + what
        + "; the connection is closed";
  }
}
