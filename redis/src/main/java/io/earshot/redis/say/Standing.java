package io.earshot.redis.say;

import io.earshot.redis.connection.Connections;
import io.earshot.spi.BrokerException;
import org.jspecify.annotations.Nullable;

/**
 * Where this server stands in its cluster, at the moment of the call. Any thread may call it; no
 * method blocks.
 */
public interface Standing {

  /** The connections to Redis; null while Redis cannot be reached. */
  @Nullable Connections connections();

  /** Why there are no connections. */
  BrokerException whyUnavailable();

  /** When the lease ends, in milliseconds of Redis' clock. */
  long leaseUntil();

  /** Whether the lease is over by this server's own clock. */
  boolean isLeaseOver();

  /** Has the lease renewed now, because something looks wrong. */
  void requestBeat();

  /** The lease is over: the request was refused, and has changed nothing. */
  default BrokerException lostContact() {
    requestBeat();
    return new BrokerException(
        "this server has lost contact with the cluster; try again in a moment", false);
  }
}
