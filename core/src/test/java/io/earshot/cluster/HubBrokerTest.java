package io.earshot.cluster;

import io.earshot.spi.Broker;
import io.earshot.testing.BrokerContract;
import io.earshot.testing.Hub;

/** The broker that tests of the core use keeps the contract, or they would show nothing. */
final class HubBrokerTest extends BrokerContract {
  private final Hub hub = Hub.prompt();

  @Override
  protected Broker broker() {
    return hub.broker();
  }
}
