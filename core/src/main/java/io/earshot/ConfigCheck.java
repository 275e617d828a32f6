package io.earshot;

import io.earshot.config.TokenKeys;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which settings do not go together. Each check throws an {@link IllegalArgumentException} that
 * names the settings.
 *
 * <p>Immutable.
 */
record ConfigCheck(Config config) {
  private static final Pattern ADMIN_KEY = Pattern.compile("[A-Za-z0-9_.-]{1,64} +[!-~]{32,512}");

  static void check(Config config) {
    var check = new ConfigCheck(config);
    check.webSockets();
    check.redis();
    check.tokens();
    check.cookie();
    check.sizes();
    check.origins();
  }

  /** Checks that each entry of a list is an address or a range of addresses. */
  static void ranges(String path, List<String> ranges) {
    for (String range : ranges) {
      try {
        AddressRange.of(range);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
      }
    }
  }

  /** Checks the keys of the admin API. No message shows a key, since keys are secret. */
  static void adminKeys(List<String> keys) {
    var names = new HashSet<String>();
    for (String key : keys) {
      require(
          ADMIN_KEY.matcher(key).matches(),
          "admin.keys: a key is NAME SECRET: a name of letters, digits, - _ and ., and a secret of"
              + " at least 32 characters without blanks");
      require(
          names.add(key.substring(0, key.indexOf(' '))),
          "admin.keys: each key must have a name of its own");
    }
  }

  private static void require(boolean isMet, String message) {
    if (!isMet) {
      throw new IllegalArgumentException(message);
    }
  }

  private void webSockets() {
    Duration ping = config.webSockets().pingInterval();
    Duration idle = config.webSockets().idleTimeout();
    require(
        idle.isZero() || ping.compareTo(idle) < 0,
        "webSockets.pingInterval must be shorter than webSockets.idleTimeout; otherwise a silent"
            + " client is disconnected before it is pinged");
  }

  private void redis() {
    Config.Redis redis = config.redis();
    if (redis.url().isEmpty()) {
      return;
    }
    require(
        config.rooms().historyFolder().isEmpty(),
        "rooms.historyFolder cannot be used with redis.url: in a cluster Redis keeps the history");
    require(
        redis.lease().compareTo(Duration.ofSeconds(1)) >= 0
            && redis.lease().compareTo(redis.timeout().multipliedBy(2)) >= 0,
        "redis.lease must be at least a second and at least twice redis.timeout; otherwise a server"
            + " that waits for Redis counts as dead");
    require(redis.timeout().toMillis() >= 100, "redis.timeout must be at least 100 ms");
    require(
        redis.prefix().matches("[A-Za-z0-9:._-]{0,64}"),
        "redis.prefix may have letters, digits, and : . _ -, at most 64 of them");
  }

  private void tokens() {
    var _ = new TokenKeys(config.tokens().keys(), config.commonWeb().cookieSecret());
  }

  private void cookie() {
    String cookie = config.commonWeb().fingerprintOptions().cookieKey();
    require(
        cookie.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}") && !cookie.equals("__room"),
        "commonWeb.fingerprintOptions.cookieKey must be a cookie's name: letters, digits, - and _,"
            + " and not __room");
  }

  private void sizes() {
    Config.Limits limits = config.limits();
    int longest =
        Math.max(config.tcpServer().maxLineLength(), config.webSockets().maxMessageLength());
    require(
        limits.outboundBytes() >= 2L * longest,
        "limits.outboundBytes must be at least twice the longest message (tcpServer.maxLineLength,"
            + " webSockets.maxMessageLength); otherwise one message disconnects its recipients");
    require(
        config.rooms().historyBytes() <= limits.outboundBytes() / 2,
        "rooms.historyBytes must be at most half of limits.outboundBytes; otherwise a client is"
            + " disconnected by the history that it returns for");
    require(
        limits.outboundBytes() >= limits.answerBytes(),
        "limits.outboundBytes must be at least limits.answerBytes; otherwise the answer of an"
            + " action disconnects its caller");
  }

  private void origins() {
    for (String origin : config.webSockets().allowedOrigins()) {
      require(
          origin.equals("*") || origin.matches("[a-z][a-z0-9+.-]*://[^/\\s]+"),
          "webSockets.allowedOrigins: '"
              + origin
              + "' is not an origin; write it like https://chat.example.org");
    }
  }
}
