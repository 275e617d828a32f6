package io.earshot.spi;

import io.earshot.Config;

/** Makes brokers; found by {@link java.util.ServiceLoader} when settings ask for a cluster. */
public interface BrokerProvider {

  /**
   * A broker that is not started.
   *
   * @param config the settings
   * @return the broker
   * @throws IllegalArgumentException if a setting is wrong; the message names it
   */
  Broker broker(Config config);
}
