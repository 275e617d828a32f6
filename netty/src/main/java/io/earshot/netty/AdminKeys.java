package io.earshot.netty;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the admin API, and how often. Guesses are limited by address; who has a key is let in
 * from wherever others guess, since a key is too long to be guessed, and back ends often share an
 * address with strangers. The log tells of guesses now and then.
 *
 * <p>Thread-safe: keys do not change, and guesses have a lock.
 */
final class AdminKeys {
  private static final System.Logger LOG = System.getLogger(AdminKeys.class.getName());
  private static final String BEARER = "Bearer ";
  private static final long SECOND = 1_000_000_000;

  /** So many wrong keys a minute from one address are answered as such. */
  private static final int GUESSES = 10;

  /** So many times a minute wrong keys are logged. */
  private static final int NOTES = 6;

  /** Of so many addresses guesses are counted. */
  private static final int MOST_ADDRESSES = 10_000;

  private final List<Key> keys;
  private final Map<String, Bucket> guesses = new LinkedHashMap<>();

  /** How often wrong keys are logged, and how many there were since. */
  private final Bucket notes = new Bucket(60 * SECOND / NOTES, NOTES);

  private int wrong;

  /**
   * A key.
   *
   * @param name what it is called
   * @param digest of its secret, which is not kept
   * @param requests how often it may be used
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Key(String name, byte[] digest, Bucket requests) {}

  /**
   * Reads settings.
   *
   * @param keys each as NAME SECRET
   */
  AdminKeys(List<String> keys, int requestsPerSecond) {
    this.keys =
        keys.stream()
            .map(
                key ->
                    new Key(
                        key.substring(0, key.indexOf(' ')),
                        digest(key.substring(key.indexOf(' ')).strip()),
                        new Bucket(SECOND / requestsPerSecond, 2 * requestsPerSecond)))
            .toList();
  }

  static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JDK has SHA-256", e);
    }
  }

  /**
   * Finds out whose key somebody shows.
   *
   * @param authorization the header, or null
   * @param now the time, in nanoseconds
   */
  Key check(@Nullable String authorization, InetAddress from, long now) throws ProblemException {
    if (authorization == null
        || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      throw unauthorized("a key is required: Authorization: Bearer SECRET");
    }
    byte[] shown = digest(authorization.substring(BEARER.length()).strip());
    Key found = null;
    for (Key key : keys) {
      // All of them, so that the time tells nothing.
      found = MessageDigest.isEqual(key.digest, shown) ? key : found;
    }
    if (found == null) {
      long wait = guess(from, now);
      note(from, now);
      throw wait == 0
          ? unauthorized("this is no key (admin.keys)")
          : tooMany("too many wrong keys from this address", wait);
    }
    long wait = found.requests.take(now);
    if (wait > 0) {
      throw tooMany("too many requests with this key (admin.requestsPerSecond)", wait);
    }
    return found;
  }

  private synchronized long guess(InetAddress from, long now) {
    byte[] address = from.getAddress();
    // Who has an IPv6 address has all that begin with the same 64 bits.
    String where = Arrays.toString(Arrays.copyOf(address, Math.min(8, address.length)));
    Bucket bucket = guesses.remove(where);
    if (bucket == null) {
      bucket = new Bucket(60 * SECOND / GUESSES, GUESSES);
      if (guesses.size() >= MOST_ADDRESSES) {
        guesses.remove(guesses.keySet().iterator().next());
      }
    }
    guesses.put(where, bucket); // now the youngest
    return bucket.take(now);
  }

  /** Wrong keys are told the operator, but not so often that they fill the log. */
  private synchronized void note(InetAddress from, long now) {
    wrong++;
    if (notes.take(now) == 0) {
      LOG.log(
          Level.WARNING,
          "admin: a wrong key from {0} ({1} since the last such line)",
          from.getHostAddress(),
          wrong);
      wrong = 0;
    }
  }

  private static ProblemException unauthorized(String detail) {
    return new ProblemException(
        HttpResponseStatus.UNAUTHORIZED,
        detail,
        Map.of("www-authenticate", "Bearer realm=\"admin\""));
  }

  private static ProblemException tooMany(String detail, long wait) {
    return new ProblemException(
        HttpResponseStatus.TOO_MANY_REQUESTS, detail, Map.of("retry-after", Bucket.seconds(wait)));
  }
}
