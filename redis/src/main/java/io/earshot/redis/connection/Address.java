package io.earshot.redis.connection;

import io.earshot.Config;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The address of Redis: one server, the sentinels that know which server is the primary, or some
 * servers of a Redis Cluster.
 *
 * <p>Immutable.
 *
 * @param uris the servers to connect to; one entry for all sentinels
 */
record Address(List<RedisURI> uris) {

  /** To connect takes three round trips: HELLO, the client's name, the client's library. */
  private static final int ROUND_TRIPS = 3;

  /**
   * Reads the setting {@code redis.url}.
   *
   * @throws IllegalArgumentException if the setting is not an address; the message says what to
   *     write
   */
  static Address of(Config.Redis settings) {
    String url = settings.url().strip();
    int scheme = url.indexOf("://");
    if (scheme < 0) {
      throw invalid("it does not begin with redis://");
    }
    // Each round trip may take the timeout; a shorter limit would never connect over a slow
    // network.
    Duration handshake = settings.timeout().multipliedBy(ROUND_TRIPS);
    var uris = new ArrayList<RedisURI>();
    // Commas separate sentinels too, but all sentinels are one address.
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
        throw invalid(String.valueOf(e.getMessage()));
      }
    }
    return new Address(uris);
  }

  private static IllegalArgumentException invalid(String why) {
    // The message leaves out the address, which may contain a password.
    return new IllegalArgumentException(
        "redis.url: "
            + why
            + "; write it as redis://HOST:PORT, rediss:// for TLS, redis://USER:PASSWORD@HOST:PORT,"
            + " redis-sentinel://HOST:PORT,HOST:PORT?sentinelMasterId=NAME, or, for a Redis Cluster,"
            + " redis://HOST:PORT,HOST:PORT");
  }

  /** Whether there are several servers, which only a Redis Cluster has. */
  boolean isCluster() {
    return uris.size() > 1;
  }

  /** The address for log lines, without passwords. */
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
