package io.earshot.backend.webhook;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;

/**
 * What came of a request to a back end.
 *
 * <p>Immutable.
 *
 * @param status the status of the answer; 0 if there was none that could be read
 * @param what a sentence for the operator, such as "it cannot be reached"
 * @param retryAfter how long the back end asks to wait, in milliseconds; 0 if it does not
 */
record Answer(int status, String what, long retryAfter) {

  /** What an answer means for the events of the request. */
  enum Verdict {
    /** The back end has dealt with them. */
    ACCEPTED,
    /** The back end refuses what it was sent: one of the events, or how many they are. */
    REFUSED,
    /** The back end failed, perhaps by a fault that one of the events leads to. */
    FAULT,
    /** The back end is away, overloaded, or not set up; the events have nothing to do with it. */
    AWAY
  }

  Verdict verdict() {
    if (status >= 200 && status <= 299) {
      return Verdict.ACCEPTED;
    }
    return switch (status) {
      case 500 -> Verdict.FAULT;
      case 401, 402, 403, 404, 405, 407, 408, 410, 421, 423, 425, 429 -> Verdict.AWAY;
      default -> status >= 400 && status <= 499 ? Verdict.REFUSED : Verdict.AWAY;
    };
  }

  /**
   * Reads the header {@code Retry-After}.
   *
   * @param header seconds, or a date; empty without the header
   * @param now the time of day, in milliseconds since 1970
   * @return milliseconds; 0 if there is no time in the future
   */
  static long retryAfter(String header, long now) {
    if (header.matches("\\d{1,9}")) {
      return Long.parseLong(header) * 1_000;
    }
    try {
      Instant date = DateTimeFormatter.RFC_1123_DATE_TIME.parse(header, Instant::from);
      return Math.max(0, date.toEpochMilli() - now);
    } catch (DateTimeException | ArithmeticException e) {
      return 0;
    }
  }
}
