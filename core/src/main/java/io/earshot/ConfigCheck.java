package io.earshot;

import io.earshot.config.AddressLiteral;
import io.earshot.config.HostPattern;
import io.earshot.config.Pem;
import io.earshot.config.RedisUrl;
import io.earshot.config.SettingFileException;
import io.earshot.config.WebOrigin;
import io.earshot.token.TokenKeys;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which settings do not go together. Each check throws an {@link IllegalArgumentException} that
 * names the settings.
 *
 * <p>Immutable.
 */
record ConfigCheck(Config config) {
  /** A name whose last part is not a number, as that of an address is. */
  private static final Pattern HOST_NAME =
      Pattern.compile(
          "(?![0-9.]*$)(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(\\.[A-Za-z0-9_-]{1,63})*\\.?");

  /** The brackets and the zone that an IPv6 address may have. */
  private static final Pattern ADDRESS_EXTRAS = Pattern.compile("^\\[|]$|%[A-Za-z0-9._-]+(?=]?$)");

  private static final Pattern ADMIN_KEY = Pattern.compile("[A-Za-z0-9_.-]{1,64} +[!-~]{32,512}");

  private static final Pattern ADMIN_USER = Pattern.compile("[^\\s\\p{Cntrl}]{1,128}");

  private static final Pattern COOKIE = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}");

  private static final Pattern ATTRIBUTE =
      Pattern.compile("(?!(?:user|identity) *=)[A-Za-z0-9_.-]{1,64} *= *[!-~]{1,256}");

  private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9-]{1,32} +[!-~]([ -~]*[!-~])?");

  private static final Pattern HEADER_NAME = Pattern.compile("[A-Za-z0-9_-]{1,100}");

  private static final Pattern BACK_END_SECRET =
      Pattern.compile("whsec_[A-Za-z0-9+/]{32,86}={0,2}");

  private static final Pattern HTTP_URL = Pattern.compile("https?://[A-Za-z0-9\\[][!-~]*");

  static void check(Config config) {
    var check = new ConfigCheck(config);
    check.webSockets();
    check.redis();
    check.tokens();
    check.cookie();
    check.sizes();
    check.origins();
  }

  /** Checks that a text can be an address or a host name. Does not ask a name service. */
  static void bindIP(String path, String text) {
    require(
        text.equals("*") || isAddress(text) || HOST_NAME.matcher(text).matches(),
        path
            + ": '"
            + text
            + "' is not an address; write one of this machine such as 127.0.0.1, or * for all");
  }

  private static boolean isAddress(String text) {
    try {
      var unused = AddressLiteral.parse(ADDRESS_EXTRAS.matcher(text).replaceAll(""));
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
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

  /** Checks the names of headers that requests to back ends pass on. */
  static void backEndHeaders(List<String> names) {
    for (String name : names) {
      require(
          HEADER_NAME.matcher(name).matches(),
          "backEnds.headers: '" + name + "' is not the name of a header, such as user-agent");
    }
  }

  /** Checks the secrets of requests to back ends. No message shows one. */
  static void backEndSecrets(List<String> secrets) {
    for (String secret : secrets) {
      require(
          BACK_END_SECRET.matcher(secret).matches(),
          "backEnds.secrets: a secret is whsec_ and the base64 of 24 to 64 random bytes, such as"
              + " the output of: echo whsec_$(openssl rand -base64 32)");
    }
  }

  /** Checks the keys of the admin API. No message shows a key, since keys are secret. */
  static void adminKeys(List<String> keys, List<String> readKeys) {
    var names = new HashSet<String>();
    checkKeys("admin.keys", keys, names);
    checkKeys("admin.readKeys", readKeys, names);
  }

  private static void checkKeys(String setting, List<String> keys, Set<String> names) {
    for (String key : keys) {
      require(
          ADMIN_KEY.matcher(key).matches(),
          setting
              + ": a key is NAME SECRET: a name of letters, digits, - _ and ., and a secret of"
              + " at least 32 characters without blanks");
      require(
          names.add(key.substring(0, key.indexOf(' '))),
          setting + ": each key must have a name of its own");
    }
  }

  /** Checks the settings {@code admin.users} and {@code admin.readUsers}. */
  static void adminUsers(List<String> users, List<String> readUsers) {
    var ids = new HashSet<String>();
    checkUsers("admin.users", users, ids);
    checkUsers("admin.readUsers", readUsers, ids);
  }

  private static void checkUsers(String setting, List<String> users, Set<String> ids) {
    for (String user : users) {
      require(
          ADMIN_USER.matcher(user).matches(),
          setting + ": a user's id has 1 to 128 characters and no blanks");
      require(ids.add(user), setting + ": each user is listed once, here or as the other kind");
    }
  }

  /** Checks the settings {@code users}. */
  static void users(String cookie, List<String> attributes, String jwks) {
    require(
        cookie.isEmpty() || COOKIE.matcher(cookie).matches(),
        "users.cookie must be a cookie's name: letters, digits, - and _");
    for (String each : attributes) {
      require(
          ATTRIBUTE.matcher(each).matches(),
          "users.attributes: write each as ATTRIBUTE=CLAIM, such as plan=subscription; user and"
              + " identity are set by every login");
    }
    require(
        jwks.isEmpty() || HTTP_URL.matcher(jwks).matches(),
        "users.jwks must be an address such as https://id.example.org/.well-known/jwks.json");
  }

  /** Checks the settings of OTLP. No message shows a header, since its value is secret. */
  static void otlp(String url, Duration every, List<String> headers) {
    require(
        url.isEmpty() || HTTP_URL.matcher(url).matches(),
        "metrics.otlpUrl must be an address such as http://localhost:4318/v1/metrics");
    require(
        every.compareTo(Duration.ofSeconds(1)) >= 0, "metrics.otlpEvery must be at least a second");
    for (String header : headers) {
      require(
          HEADER.matcher(header).matches(),
          "metrics.otlpHeaders: write each header as NAME VALUE, such as Authorization Bearer TOKEN");
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
    redisAccess(redis, RedisUrl.of(redis.url()));
    require(redis.timeout().toMillis() >= 100, "redis.timeout must be at least 100 ms");
    require(
        redis.prefix().matches("[A-Za-z0-9:._-]{0,64}"),
        "redis.prefix may have letters, digits, and : . _ -, at most 64 of them");
  }

  private static void redisAccess(Config.Redis redis, RedisUrl url) {
    require(
        url.isSentinel() || (redis.sentinelUser().isEmpty() && redis.sentinelPassword().isEmpty()),
        "redis.sentinelUser and redis.sentinelPassword are for sentinels, and redis.url has none;"
            + " the user and the password of Redis are part of redis.url");
    require(
        redis.sentinelUser().isEmpty() || !redis.sentinelPassword().isEmpty(),
        "redis.sentinelUser needs redis.sentinelPassword");
    require(
        url.tls() || (redis.caFile() + redis.certFile() + redis.keyFile()).isEmpty(),
        "redis.caFile, redis.certFile and redis.keyFile need TLS: write redis.url with rediss:// or"
            + " rediss-sentinel://");
    require(
        redis.keyFile().isEmpty() || !redis.certFile().isEmpty(),
        "redis.keyFile is the key of redis.certFile, which is not set");
    try {
      if (!redis.caFile().isEmpty()) {
        var unused = Pem.certificates("redis.caFile", redis.caFile());
      }
      if (!redis.certFile().isEmpty()) {
        var unused = Pem.read("redis", redis.certFile(), redis.keyFile());
      }
    } catch (SettingFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private void tokens() {
    var unused = new TokenKeys(config.tokens().keys(), config.commonWeb().cookieSecret());
  }

  private void cookie() {
    String cookie = config.commonWeb().fingerprintOptions().cookieKey();
    require(
        COOKIE.matcher(cookie).matches() && !cookie.equals("__room"),
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
    origins("webSockets.allowedOrigins", config.webSockets().allowedOrigins());
    origins("httpServer.corsOrigins", config.httpServer().corsOrigins());
    for (String host : config.httpServer().hosts()) {
      require(
          host.equals("*") || HostPattern.of(host) != null,
          "httpServer.hosts: '"
              + host
              + "' is not a host; write it like chat.example.org or *.example.org");
    }
  }

  private static void origins(String path, List<String> origins) {
    for (String origin : origins) {
      try {
        var unused = origin.equals("*") ? null : WebOrigin.ofSetting(origin);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
      }
    }
  }
}
