package io.earshot;

import io.earshot.spi.Broker;

/** The broker that tests of the core use keeps the contract, or they would show nothing. */
final class HubBrokerTest extends BrokerContract {
  private final Hub hub = Hub.prompt();

  @Override
  protected Broker broker() {
    return hub.broker();
  }
}
