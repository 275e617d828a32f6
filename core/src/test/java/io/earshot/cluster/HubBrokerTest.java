package io.earshot.cluster;

import io.earshot.spi.Broker;
import io.earshot.testing.BrokerContract;
import io.earshot.testing.Hub;

/** The in-memory broker, which other tests rely on, keeps the contract. */
final class HubBrokerTest extends BrokerContract {
  private final Hub hub = Hub.prompt();

  @Override
  protected Broker broker() {
    return hub.broker();
  }
}
