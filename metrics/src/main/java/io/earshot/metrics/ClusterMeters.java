package io.earshot.metrics;

import io.earshot.netty.EarshotServer;
import io.earshot.stats.Gauge;
import io.earshot.stats.ServerState.ClusterState;
import io.micrometer.core.instrument.Tags;
import java.util.function.ToDoubleFunction;

/** The cluster, and its Redis; nothing for a server that is in none. */
final class ClusterMeters {
  private ClusterMeters() {}

  static void addTo(Meters meters) {
    if (meters.server().state().cluster() == null) {
      return;
    }
    meters.gauge(
        "redis.connected",
        "Whether Redis can be reached (1) or not (0).",
        of(meters, cluster -> cluster.isConnected() ? 1 : 0));
    meters.seconds(
        "redis.lease.left",
        "How long the lease of this server lasts if it is not renewed; below 0 the other servers"
            + " count it as dead.",
        Tags.empty(),
        of(meters, cluster -> cluster.leaseLeft() / 1e3));
    meters.seconds(
        "redis.clock.skew",
        "How far the clock of this server is ahead of that of Redis.",
        Tags.empty(),
        of(meters, cluster -> cluster.clockSkew() / 1e3));
    meters.gauge(
        "cluster.servers",
        "Servers of the cluster that are alive, including this one, as this server sees it.",
        of(meters, ClusterState::servers));
    meters.gauge(
        "cluster.catch.ups",
        "Rooms that wait to read missing messages from Redis, or do so.",
        server -> server.stats().sum(Gauge.CATCH_UPS));
  }

  private static ToDoubleFunction<EarshotServer> of(
      Meters meters, ToDoubleFunction<ClusterState> value) {
    return ignored -> {
      ClusterState cluster = meters.state().cluster();
      return cluster == null ? Double.NaN : value.applyAsDouble(cluster);
    };
  }
}
