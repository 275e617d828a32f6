package io.earshot.spring;

import io.earshot.Api;
import io.earshot.Config;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Starts an Earshot server in an application, with the properties {@code earshot.*}. Beans of type
 * {@link io.earshot.Action}, {@link io.earshot.PlugIn} and of the hooks in {@link io.earshot.Hooks}
 * are added to the server before its ports open.
 */
@AutoConfiguration
@ConditionalOnProperty(name = "earshot.enabled", matchIfMissing = true)
public final class EarshotAutoConfiguration {
  /** Called by Spring. */
  public EarshotAutoConfiguration() {}

  @Bean
  EarshotLifecycle earshotLifecycle(
      Environment environment,
      ListableBeanFactory beans,
      ObjectProvider<ServerListener> listeners) {
    NettyVersions.check();
    Config config;
    try {
      config = SpringSettings.of(environment);
    } catch (IllegalArgumentException e) {
      throw new EarshotStartException("Earshot cannot start: " + e.getMessage(), e);
    }
    return new EarshotLifecycle(
        config, new ServerBeans(beans), listeners.orderedStream().toList(), environment);
  }

  @Bean
  @ConditionalOnMissingBean(Api.class)
  CurrentApi earshotApi(EarshotLifecycle lifecycle) {
    return new CurrentApi(lifecycle);
  }
}
