package io.earshot.redis.link;

/**
 * One server of Redis.
 *
 * <p>Immutable.
 *
 * @param id the id of the node in a Redis Cluster; empty for a single server
 * @param host where to connect to
 * @param port where to connect to
 * @param hostname the name that the node announces beside its address; empty if there is none
 */
public record Node(String id, String host, int port, String hostname) {

  /** Whether a redirection to this address means this node. */
  public boolean isAt(String otherHost, int otherPort) {
    return port == otherPort && (host.equals(otherHost) || hostname.equals(otherHost));
  }

  /** The address for log lines. */
  @Override
  public String toString() {
    return host + ":" + port;
  }
}
