package io.earshot.redis.connection;

import io.earshot.Config;
import io.earshot.config.RedisUrl;
import io.earshot.redis.link.Node;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import java.time.Duration;
import java.util.List;

/**
 * The address of Redis for Lettuce: one server, the sentinels that know which server is the
 * primary, or some servers of a Redis Cluster.
 *
 * <p>Immutable.
 *
 * @param url the address in the settings
 * @param uris the servers to connect to; one entry for all sentinels
 */
record Address(RedisUrl url, List<RedisURI> uris) {

  /** To connect takes three round trips: HELLO, the client's name, the client's library. */
  private static final int ROUND_TRIPS = 3;

  /**
   * Reads the setting {@code redis.url}, and the user and password of the sentinels.
   *
   * @throws IllegalArgumentException if the setting is not an address; the message says what to
   *     write
   */
  static Address of(Config.Redis settings) {
    RedisUrl url = RedisUrl.of(settings.url());
    if (!url.isSentinel()) {
      return new Address(
          url, url.servers().stream().map(server -> authenticated(server, settings, url)).toList());
    }
    RedisURI.Builder uri = RedisURI.builder().withSentinelMasterId(url.primary());
    for (RedisUrl.Server server : url.servers()) {
      RedisURI sentinel = uri(RedisURI.create(server.host(), server.port()), settings, url);
      authenticate(sentinel, settings.sentinelUser(), settings.sentinelPassword());
      uri.withSentinel(sentinel);
    }
    RedisURI primary = uri(uri.build(), settings, url);
    authenticate(primary, url.user(), url.password());
    return new Address(url, List.of(primary));
  }

  private static RedisURI authenticated(
      RedisUrl.Server server, Config.Redis settings, RedisUrl url) {
    RedisURI uri = uri(RedisURI.create(server.host(), server.port()), settings, url);
    authenticate(uri, url.user(), url.password());
    return uri;
  }

  private static RedisURI uri(RedisURI uri, Config.Redis settings, RedisUrl url) {
    uri.setTimeout(handshake(settings.timeout()));
    uri.setClientName("earshot");
    uri.setDatabase(url.database());
    uri.setSsl(url.tls());
    uri.setVerifyPeer(
        switch (url.verify()) {
          case NONE -> SslVerifyMode.NONE;
          case CA -> SslVerifyMode.CA;
          case FULL -> SslVerifyMode.FULL;
        });
    return uri;
  }

  private static void authenticate(RedisURI uri, String user, String password) {
    if (!user.isEmpty()) {
      uri.setAuthentication(user, password);
    } else if (!password.isEmpty()) {
      uri.setAuthentication(password);
    }
  }

  /**
   * How long to connect may take: each round trip may take the timeout, and a shorter limit would
   * never connect over a slow network.
   */
  static Duration handshake(Duration timeout) {
    return timeout.multipliedBy(ROUND_TRIPS);
  }

  /**
   * A node of the Redis Cluster. Its name is used instead of its address if the name is compared
   * with the certificate.
   */
  RedisURI uri(Node node) {
    RedisURI uri = RedisURI.builder(uris.getFirst()).build();
    boolean isNameVerified = uri.isSsl() && uri.getVerifyMode() == SslVerifyMode.FULL;
    uri.setHost(isNameVerified && !node.hostname().isEmpty() ? node.hostname() : node.host());
    uri.setPort(node.port());
    return uri;
  }

  /** Whether there are several servers, which only a Redis Cluster has. */
  boolean isCluster() {
    return url.isCluster();
  }

  /** The address for log lines, without passwords. */
  @Override
  public String toString() {
    return url.toString();
  }
}
