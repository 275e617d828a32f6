package io.earshot.netty.page;

import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of a representation that a request gets: all, a range, or nothing if the client has it
 * (RFC 9110, 13 and 14).
 *
 * <p>Immutable.
 *
 * @param status the status of the response
 * @param start the first byte
 * @param length how many bytes
 */
record ByteRange(HttpResponseStatus status, long start, long length) {
  private static final Pattern RANGE = Pattern.compile("(?i)bytes\\s*=\\s*(\\d*)-(\\d*)");

  /** A number with more digits than this is larger than any file. */
  private static final int DIGITS = 18;

  static ByteRange of(HttpRequest request, Representation representation) {
    HttpHeaders headers = request.headers();
    if (!isAsRequired(headers, representation)) {
      return none(HttpResponseStatus.PRECONDITION_FAILED);
    }
    if (isKnown(headers, representation)) {
      return none(HttpResponseStatus.NOT_MODIFIED);
    }
    List<String> ranges = headers.getAll(HttpHeaderNames.RANGE);
    boolean whole =
        ranges.size() != 1
            || !request.method().equals(HttpMethod.GET)
            || !partsFit(headers.get(HttpHeaderNames.IF_RANGE), representation);
    return whole ? all(representation) : part(ranges.getFirst(), representation);
  }

  private static ByteRange none(HttpResponseStatus status) {
    return new ByteRange(status, 0, 0);
  }

  private static ByteRange all(Representation representation) {
    return new ByteRange(HttpResponseStatus.OK, 0, representation.length());
  }

  private static boolean isAsRequired(HttpHeaders headers, Representation representation) {
    List<String> tags = headers.getAll(HttpHeaderNames.IF_MATCH);
    if (!tags.isEmpty()) {
      return names(tags, representation.tag(), false);
    }
    Instant since = date(headers.get(HttpHeaderNames.IF_UNMODIFIED_SINCE));
    return since == null || !modified(representation).isAfter(since);
  }

  private static boolean isKnown(HttpHeaders headers, Representation representation) {
    List<String> tags = headers.getAll(HttpHeaderNames.IF_NONE_MATCH);
    if (!tags.isEmpty()) {
      return names(tags, representation.tag(), true);
    }
    Instant since = date(headers.get(HttpHeaderNames.IF_MODIFIED_SINCE));
    return since != null && !modified(representation).isAfter(since);
  }

  /** Whether the header {@code If-Range} allows a range. */
  private static boolean partsFit(@Nullable String ifRange, Representation representation) {
    return ifRange == null
        || ifRange.equals(representation.tag())
        || modified(representation).equals(date(ifRange));
  }

  private static boolean names(List<String> lines, String tag, boolean weakly) {
    for (String line : lines) {
      for (String item : line.split(",", -1)) {
        String named = item.strip();
        if (weakly && named.startsWith("W/")) {
          named = named.substring(2);
        }
        if (named.equals(tag) || named.equals("*")) {
          return true;
        }
      }
    }
    return false;
  }

  private static Instant modified(Representation representation) {
    return representation.modified().truncatedTo(ChronoUnit.SECONDS); // as the header has it
  }

  private static @Nullable Instant date(@Nullable String text) {
    Date date = text == null ? null : DateFormatter.parseHttpDate(text);
    return date == null ? null : date.toInstant();
  }

  /** A single range. For several ranges, or an invalid one, everything is sent. */
  private static ByteRange part(String text, Representation representation) {
    Matcher range = RANGE.matcher(text.strip());
    if (!range.matches() || (range.group(1).isEmpty() && range.group(2).isEmpty())) {
      return all(representation);
    }
    long size = representation.length();
    long first = number(range.group(1), -1);
    long last = number(range.group(2), Long.MAX_VALUE);
    if (first < 0) {
      first = Math.max(0, size - last); // a suffix: the last bytes
      last = last == 0 ? -1 : size - 1;
    } else if (last < first) {
      return all(representation);
    }
    if (first >= size || last < 0) {
      return none(HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE);
    }
    return new ByteRange(
        HttpResponseStatus.PARTIAL_CONTENT, first, Math.min(last, size - 1) - first + 1);
  }

  private static long number(String digits, long otherwise) {
    if (digits.isEmpty()) {
      return otherwise;
    }
    return digits.length() > DIGITS ? Long.MAX_VALUE - 1 : Long.parseLong(digits);
  }

  /** The value of {@code Content-Range}; null if the response has no such header. */
  @Nullable String contentRange(Representation representation) {
    if (status.equals(HttpResponseStatus.PARTIAL_CONTENT)) {
      return "bytes " + start + "-" + (start + length - 1) + "/" + representation.length();
    }
    return status.equals(HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        ? "bytes */" + representation.length()
        : null;
  }
}
