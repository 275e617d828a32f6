package io.earshot.spi;

import io.earshot.Config;

/** Makes brokers. {@link java.util.ServiceLoader} finds it when the settings ask for a cluster. */
public interface BrokerProvider {

  /**
   * A broker that is not started.
   *
   * @param config the settings
   * @return the broker
   * @throws IllegalArgumentException if a setting is wrong; the message names the setting
   */
  Broker broker(Config config);
}
