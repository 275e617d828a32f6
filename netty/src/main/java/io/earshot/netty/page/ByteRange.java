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
 * What of a form a request gets: all, a part, or nothing since it has it (RFC 9110, 13 and 14).
 *
 * <p>Immutable.
 *
 * @param status how that is said
 * @param start where in the form it begins
 * @param length how long it is
 */
record ByteRange(HttpResponseStatus status, long start, long length) {
  private static final Pattern RANGE = Pattern.compile("(?i)bytes\\s*=\\s*(\\d*)-(\\d*)");

  /** More digits than these are more bytes than any file has. */
  private static final int DIGITS = 18;

  static ByteRange of(HttpRequest request, Representation form) {
    HttpHeaders headers = request.headers();
    if (!isAsRequired(headers, form)) {
      return none(HttpResponseStatus.PRECONDITION_FAILED);
    }
    if (isKnown(headers, form)) {
      return none(HttpResponseStatus.NOT_MODIFIED);
    }
    List<String> ranges = headers.getAll(HttpHeaderNames.RANGE);
    boolean whole =
        ranges.size() != 1
            || !request.method().equals(HttpMethod.GET)
            || !partsFit(headers.get(HttpHeaderNames.IF_RANGE), form);
    return whole ? all(form) : part(ranges.getFirst(), form);
  }

  private static ByteRange none(HttpResponseStatus status) {
    return new ByteRange(status, 0, 0);
  }

  private static ByteRange all(Representation form) {
    return new ByteRange(HttpResponseStatus.OK, 0, form.length());
  }

  private static boolean isAsRequired(HttpHeaders headers, Representation form) {
    List<String> tags = headers.getAll(HttpHeaderNames.IF_MATCH);
    if (!tags.isEmpty()) {
      return names(tags, form.tag(), false);
    }
    Instant since = date(headers.get(HttpHeaderNames.IF_UNMODIFIED_SINCE));
    return since == null || !modified(form).isAfter(since);
  }

  private static boolean isKnown(HttpHeaders headers, Representation form) {
    List<String> tags = headers.getAll(HttpHeaderNames.IF_NONE_MATCH);
    if (!tags.isEmpty()) {
      return names(tags, form.tag(), true);
    }
    Instant since = date(headers.get(HttpHeaderNames.IF_MODIFIED_SINCE));
    return since != null && !modified(form).isAfter(since);
  }

  /** Whether a client that has a part may get another to go with it. */
  private static boolean partsFit(@Nullable String ifRange, Representation form) {
    return ifRange == null || ifRange.equals(form.tag()) || modified(form).equals(date(ifRange));
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

  private static Instant modified(Representation form) {
    return form.modified().truncatedTo(ChronoUnit.SECONDS); // as it was told
  }

  private static @Nullable Instant date(@Nullable String text) {
    Date date = text == null ? null : DateFormatter.parseHttpDate(text);
    return date == null ? null : date.toInstant();
  }

  /** A single range; of several ranges, or what is none, everything is sent. */
  private static ByteRange part(String text, Representation form) {
    Matcher range = RANGE.matcher(text.strip());
    if (!range.matches() || (range.group(1).isEmpty() && range.group(2).isEmpty())) {
      return all(form);
    }
    long size = form.length();
    long first = number(range.group(1), -1);
    long last = number(range.group(2), Long.MAX_VALUE);
    if (first < 0) {
      first = Math.max(0, size - last); // the last so many bytes
      last = last == 0 ? -1 : size - 1;
    } else if (last < first) {
      return all(form);
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

  /** The header that says which bytes these are; null where it says nothing. */
  @Nullable String contentRange(Representation form) {
    if (status.equals(HttpResponseStatus.PARTIAL_CONTENT)) {
      return "bytes " + start + "-" + (start + length - 1) + "/" + form.length();
    }
    return status.equals(HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        ? "bytes */" + form.length()
        : null;
  }
}
