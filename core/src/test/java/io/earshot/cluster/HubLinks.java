package io.earshot.cluster;

import io.earshot.testing.Hub;
import io.earshot.testing.HubBroker;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import java.util.ArrayList;
import java.util.List;

/**
 * The connections of a {@link Simulation}'s servers to its hub, and since when a server knows that
 * it is connected.
 *
 * <p>Owned by the test's thread.
 */
final class HubLinks {
  private final Hub hub;
  private final List<Link> links = new ArrayList<>();

  /** The connection of one server. */
  private static final class Link {
    final TestServer server;
    final HubBroker broker;

    /** How often it was lost. */
    int cuts;

    /** How many tasks each loop of the server has run once it knows of the last connection. */
    List<Long> known = List.of();

    Link(TestServer server, HubBroker broker) {
      this.server = server;
      this.broker = broker;
    }

    boolean isKnown() {
      for (int i = 0; i < known.size(); i++) {
        if (server.loops.get(i).ran() < known.get(i)) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * What held when a client made a request.
   *
   * @param at the number of events
   * @param cuts how often its server had lost the connection to the hub
   * @param isConnected whether its server was connected to the hub, and knew
   */
  record Asked(int at, int cuts, boolean isConnected) {}

  HubLinks(Hub hub) {
    this.hub = hub;
  }

  void add(TestServer server, HubBroker broker) {
    links.add(new Link(server, broker));
  }

  void connect(int server) {
    Link link = links.get(server);
    link.broker.connect();
    link.known = link.server.loops.stream().map(ManualLoop::given).toList();
  }

  void disconnect(int server) {
    Link link = links.get(server);
    link.cuts++;
    link.broker.disconnect();
  }

  boolean isUp(int server) {
    return links.get(server).broker.isUp();
  }

  /** Whether a server is connected, and its loops know: before that, they do as without a hub. */
  private boolean isConnected(int server) {
    return isUp(server) && links.get(server).isKnown();
  }

  Asked asked(int server) {
    return new Asked(hub.events.size(), links.get(server).cuts, isConnected(server));
  }

  /** Whether a server was connected to the hub all the time since, and knew. */
  boolean wasConnected(int server, Asked since) {
    return since.isConnected && since.cuts == links.get(server).cuts && isConnected(server);
  }
}
