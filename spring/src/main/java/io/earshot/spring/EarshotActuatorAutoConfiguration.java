package io.earshot.spring;

import io.earshot.metrics.EarshotMetrics;
import io.earshot.netty.EarshotServer;
import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The health and the metrics of the server, for Spring Boot's Actuator. */
@AutoConfiguration(after = EarshotAutoConfiguration.class)
@ConditionalOnBean(EarshotLifecycle.class)
public final class EarshotActuatorAutoConfiguration {
  /** Called by Spring. */
  public EarshotActuatorAutoConfiguration() {}

  /** Loaded only where the application has the classes. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.boot.health.contributor.HealthIndicator")
  static class ForHealth {
    @Bean
    EarshotHealth earshotHealthIndicator(EarshotLifecycle lifecycle) {
      return new EarshotHealth(lifecycle);
    }
  }

  /** Loaded only where the application has the classes. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({MeterRegistry.class, EarshotMetrics.class})
  static class ForMetrics {
    @Bean
    ServerListener earshotMetrics(ObjectProvider<MeterRegistry> registry) {
      return new BoundMetrics(registry);
    }
  }

  /**
   * Adds the meters of the server that runs to the application's registry.
   *
   * <p>Guarded by the lock of the {@link EarshotLifecycle}.
   */
  private static final class BoundMetrics implements ServerListener {
    private final ObjectProvider<MeterRegistry> registry;
    private @Nullable EarshotMetrics bound;

    BoundMetrics(ObjectProvider<MeterRegistry> registry) {
      this.registry = registry;
    }

    @Override
    public void started(EarshotServer server) {
      MeterRegistry ofApplication = registry.getIfAvailable();
      if (ofApplication != null) {
        bound = new EarshotMetrics(server);
        bound.bindTo(ofApplication);
      }
    }

    @Override
    public void stopping() {
      if (bound != null) {
        bound.close();
        bound = null;
      }
    }
  }
}
