package io.earshot.redis;

import io.earshot.Config;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Where Redis is: one server, or the sentinels that know which, or some servers of a Redis Cluster.
 *
 * <p>Immutable.
 *
 * @param uris the servers to ask
 */
record Address(List<RedisURI> uris) {

  /** So many it takes to connect: hello, who one is, what one understands. */
  private static final int ROUND_TRIPS = 3;

  /**
   * Reads the setting {@code redis.url}.
   *
   * @throws IllegalArgumentException if it is no address; the message says what to write
   */
  static Address of(Config.Redis settings) {
    String url = settings.url().strip();
    int scheme = url.indexOf("://");
    if (scheme < 0) {
      throw wrong("it has no redis:// in front");
    }
    // Several round trips, each of which may take the timeout, or a long way is never connected.
    Duration handshake = settings.timeout().multipliedBy(ROUND_TRIPS);
    var uris = new ArrayList<RedisURI>();
    // Sentinels are told apart by commas as well, but they are one address.
    String[] parts =
        url.startsWith("redis-sentinel") || url.startsWith("rediss-sentinel")
            ? new String[] {url}
            : url.split(",", -1);
    for (String part : parts) {
      String whole = part.contains("://") ? part : url.substring(0, scheme + 3) + part;
      try {
        RedisURI uri = RedisURI.create(whole.strip());
        uri.setTimeout(handshake);
        uri.getSentinels().forEach(sentinel -> sentinel.setTimeout(handshake));
        uri.setClientName("earshot");
        uris.add(uri);
      } catch (IllegalArgumentException e) {
        throw wrong(String.valueOf(e.getMessage()));
      }
    }
    return new Address(uris);
  }

  private static IllegalArgumentException wrong(String why) {
    // Without the address itself, which may hold a password.
    return new IllegalArgumentException(
        "redis.url: "
            + why
            + "; write it as redis://HOST:PORT, rediss:// for TLS, redis://USER:PASSWORD@HOST:PORT,"
            + " redis-sentinel://HOST:PORT,HOST:PORT?sentinelMasterId=NAME, or, for a Redis Cluster,"
            + " redis://HOST:PORT,HOST:PORT");
  }

  /** Whether it can only be a Redis Cluster. */
  boolean isMany() {
    return uris.size() > 1;
  }

  /** Without passwords. */
  @Override
  public String toString() {
    return uris.stream()
        .map(
            uri ->
                uri.getSentinels().isEmpty()
                    ? uri.getHost() + ":" + uri.getPort()
                    : uri.getSentinelMasterId()
                        + " (sentinels "
                        + uri.getSentinels().stream()
                            .map(each -> each.getHost() + ":" + each.getPort())
                            .collect(Collectors.joining(", "))
                        + ")")
        .collect(Collectors.joining(", "));
  }
}
