package io.earshot.netty.admin;

import io.earshot.Config;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.identity.BearerToken;
import io.earshot.protocol.User;
import io.earshot.spi.Pace;
import io.earshot.spi.PerAddress;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the admin API, and how often each may be used. Wrong keys are limited by address. The
 * right key works from an address that is over that limit, since a key is too long to be guessed,
 * and back ends often share an address with other programs.
 *
 * <p>Thread-safe: keys do not change, and the counts of wrong keys have a lock.
 */
final class AdminKeys {
  private static final System.Logger LOG = System.getLogger(AdminKeys.class.getName());
  private static final int MINUTE = 60;

  /** The rate of a limit per minute: one unit a second, with bursts of a minute's units. */
  private static final Pace PER_MINUTE = new Pace(1, MINUTE);

  /** How many wrong keys per minute from one address are answered as wrong. */
  private static final int WRONG_KEYS = 10;

  /** How many log lines per minute there are about wrong keys. */
  private static final int LOG_LINES = 1;

  /** How many addresses are remembered that sent wrong keys. */
  private static final int MAX_ADDRESSES = 10_000;

  private final List<Key> keys;

  /** The users who are admins, by id. */
  private final Map<String, Key> users;

  /** Takes note of an address that shows a wrong key. */
  private final Consumer<String> guessed;

  private final Pace requestPace;

  /** The bucket of each address that sent wrong keys, as {@link Pace} has it; oldest first. */
  private final Map<Long, AtomicLong> wrongKeys = new LinkedHashMap<>();

  /** The bucket of log lines. */
  private final AtomicLong logLines = new AtomicLong();

  /** How many wrong keys there were since the last log line. */
  private int notLogged;

  /**
   * A key, or a user who is an admin.
   *
   * @param digest of its secret, which is not kept; empty for a user
   * @param mayWrite whether it may change something
   * @param requests the bucket of its requests, as {@link Pace} has it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Key(String name, byte[] digest, boolean mayWrite, AtomicLong requests) {
    /** Reads a setting: NAME SECRET. */
    private static Key of(String setting, boolean mayWrite) {
      int blank = setting.indexOf(' ');
      return new Key(
          setting.substring(0, blank),
          AdminKeys.digest(setting.substring(blank).strip()),
          mayWrite,
          new AtomicLong());
    }

    private static Key ofUser(String id, boolean mayWrite) {
      return new Key(id, new byte[0], mayWrite, new AtomicLong());
    }
  }

  /**
   * Reads settings.
   *
   * @param guessed takes note of an address that shows a wrong key
   */
  AdminKeys(Config.Admin settings, Consumer<String> guessed) {
    this.keys =
        Stream.concat(
                settings.keys().stream().map(each -> Key.of(each, true)),
                settings.readKeys().stream().map(each -> Key.of(each, false)))
            .toList();
    this.users =
        Stream.concat(
                settings.users().stream().map(each -> Key.ofUser(each, true)),
                settings.readUsers().stream().map(each -> Key.ofUser(each, false)))
            .collect(Collectors.toUnmodifiableMap(Key::name, Function.identity()));
    this.guessed = guessed;
    int rate = settings.requestsPerSecond();
    this.requestPace = new Pace(rate, 2 * rate);
  }

  static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JDK has SHA-256", e);
    }
  }

  /**
   * Finds the key that a request presents.
   *
   * @param headers the headers of the request
   * @param user the user who has logged in with the token in the headers; null for none
   * @param from the address of the client
   * @param now the time, in milliseconds
   */
  Key check(HttpHeaders headers, @Nullable User user, InetAddress from, long now)
      throws ProblemException {
    String secret = BearerToken.of(headers);
    if (secret == null) {
      throw unauthorized("a key is required: Authorization: Bearer SECRET");
    }
    byte[] shown = digest(secret);
    Key found = user == null ? null : users.get(user.id());
    if (user != null && found == null) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN, "this user is no admin (admin.users)");
    }
    for (Key key : keys) {
      // All keys are compared, so that the time does not reveal which of them is similar.
      found = MessageDigest.isEqual(key.digest, shown) ? key : found;
    }
    if (found == null) {
      guessed.accept(from.getHostAddress());
      long wait = countWrongKey(from, now);
      log(from, now);
      throw wait == 0
          ? unauthorized("this is no key (admin.keys)")
          : ProblemException.tooManyRequests("too many wrong keys from this address", wait);
    }
    long wait = requestPace.take(found.requests, now, 1);
    if (wait > 0) {
      throw ProblemException.tooManyRequests(
          "too many requests with this key (admin.requestsPerSecond)", wait);
    }
    return found;
  }

  /** Returns how long the address has to wait, in milliseconds. */
  private synchronized long countWrongKey(InetAddress from, long now) {
    Long address = PerAddress.key(from);
    AtomicLong bucket = wrongKeys.remove(address);
    if (bucket == null) {
      bucket = new AtomicLong();
      if (wrongKeys.size() >= MAX_ADDRESSES) {
        wrongKeys.remove(wrongKeys.keySet().iterator().next());
      }
    }
    wrongKeys.put(address, bucket); // as the youngest
    return PER_MINUTE.take(bucket, now, MINUTE / WRONG_KEYS);
  }

  /** Logs wrong keys, but not so often that they fill the log. */
  private synchronized void log(InetAddress from, long now) {
    notLogged++;
    if (PER_MINUTE.take(logLines, now, MINUTE / LOG_LINES) == 0) {
      LOG.log(
          Level.WARNING,
          "admin: a wrong key from {0} ({1} since the last such line)",
          from.getHostAddress(),
          notLogged);
      notLogged = 0;
    }
  }

  private static ProblemException unauthorized(String detail) {
    return new ProblemException(
        HttpResponseStatus.UNAUTHORIZED,
        detail,
        Map.of("www-authenticate", "Bearer realm=\"admin\""));
  }
}
