package io.earshot.redis;

import io.earshot.Config;
import io.earshot.testing.BrokerPeer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/**
 * A test with servers that it starts one by one, and with the log lines of the module.
 *
 * <p>Owned by the test's thread.
 */
abstract class PeersTestCase {
  final Warnings warnings = new Warnings();
  private final List<BrokerPeer> peers = new ArrayList<>();

  @AfterEach
  final void closePeers() {
    warnings.close();
    peers.forEach(BrokerPeer::close);
  }

  /** Starts a server, which need not reach its Redis. */
  final BrokerPeer begin(Config config) {
    var peer = new BrokerPeer("peer-" + peers.size(), Brokers.at(config));
    peers.add(peer);
    return peer.start();
  }
}
