package io.earshot.spring;

import io.earshot.netty.EarshotServer;
import io.earshot.stats.ServerState.ClusterState;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Whether the server should get new clients, as {@code /readyz} says: not while it is being
 * emptied, or cannot reach its Redis.
 *
 * <p>Thread-safe: immutable.
 */
final class EarshotHealth extends AbstractHealthIndicator {
  private final EarshotLifecycle lifecycle;

  EarshotHealth(EarshotLifecycle lifecycle) {
    this.lifecycle = lifecycle;
  }

  @Override
  protected void doHealthCheck(Health.Builder health) {
    if (!lifecycle.isRunning()) {
      health.outOfService().withDetail("reason", "the server does not run");
      return;
    }
    EarshotServer server = lifecycle.get();
    ClusterState cluster = server.state().cluster();
    health.withDetail("tcpPort", server.tcpPort());
    health.withDetail("httpPort", server.httpPort());
    health.withDetail("connections", server.api().connections().size());
    if (cluster != null) {
      health.withDetail("servers", cluster.servers());
    }
    if (server.isDraining()) {
      health.outOfService().withDetail("reason", "the server is draining, and will stop");
    } else if (cluster != null && !cluster.isConnected()) {
      health.down().withDetail("reason", "Redis cannot be reached");
    } else {
      health.up();
    }
  }
}
