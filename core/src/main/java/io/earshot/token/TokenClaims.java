package io.earshot.token;

import io.earshot.protocol.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The claims of a token whose signature is verified.
 *
 * <p>Immutable.
 *
 * @param json the claims as the token has them
 */
public record TokenClaims(Json.Obj json) {
  /** The end of the year 9999, in seconds since 1970. */
  private static final double LATEST = 253_402_300_799d;

  /**
   * Checks that the token is valid now.
   *
   * @param leeway how far the clock that {@code nbf} was read from may be ahead of this one (RFC
   *     7519, section 4.1.5). It does not extend {@code exp}: no permission outlasts its token
   * @throws InvalidTokenException if it is not valid yet, has expired, or has no claim {@code exp}
   */
  public void checkTime(Instant now, Duration leeway) throws InvalidTokenException {
    if (json.get("nbf") != null) {
      Instant from = time("nbf");
      if (now.plus(leeway).isBefore(from)) {
        throw new InvalidTokenException("this token is not valid before " + from);
      }
    }
    Instant until = expiry();
    if (!now.isBefore(until)) {
      throw new InvalidTokenException(expired(until, now));
    }
  }

  /** Says of a token that it has expired, and how long ago. */
  public static String expired(Instant until, Instant now) {
    return "this token expired " + shown(Duration.between(until, now)) + " ago";
  }

  /**
   * When the token expires.
   *
   * @throws InvalidTokenException if it has no such claim
   */
  public Instant expiry() throws InvalidTokenException {
    return time("exp");
  }

  /** A time in seconds since 1970. */
  private Instant time(String name) throws InvalidTokenException {
    if (required(name) instanceof Json.Num(String seconds)) {
      return Instant.ofEpochSecond((long) Math.clamp(Double.parseDouble(seconds), 0, LATEST));
    }
    throw new InvalidTokenException(
        "this token is not valid: its claim " + name + " is not a number");
  }

  /**
   * A claim that is a text or a number.
   *
   * @throws InvalidTokenException if it is missing, or another value
   */
  public String text(String name) throws InvalidTokenException {
    String text = required(name).asText();
    if (text == null) {
      throw new InvalidTokenException(
          "this token is not valid: its claim " + name + " is not a text");
    }
    return text;
  }

  private Json required(String name) throws InvalidTokenException {
    Json claim = json.get(name);
    if (claim == null || claim instanceof Json.Null) {
      throw new InvalidTokenException("this token is not valid: it has no claim " + name);
    }
    return claim;
  }

  /** Whether a claim is a text, or a list with this text. */
  public boolean names(String claim, String text) {
    @Nullable Json value = json.get(claim);
    Json wanted = Json.of(text);
    return value instanceof Json.Array(List<Json> items)
        ? items.contains(wanted)
        : wanted.equals(value);
  }

  /** A time span in its largest unit, such as {@code 3 s} or {@code 2 days}. */
  private static String shown(Duration span) {
    if (span.toMinutes() < 2) {
      return span.toSeconds() + " s";
    } else if (span.toHours() < 2) {
      return span.toMinutes() + " min";
    }
    return span.toDays() < 2 ? span.toHours() + " h" : span.toDays() + " days";
  }
}
