package io.earshot.test;

import io.earshot.netty.EarshotServer;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.springframework.context.ApplicationContext;
import org.springframework.context.Lifecycle;
import org.springframework.test.context.junit.jupiter.SpringExtension;

/**
 * The server of an application of Spring, which its context starts and stops.
 *
 * <p>Thread-safe: immutable.
 */
final class SpringServer implements HostedServer {
  /** The bean of the starter, which is a {@link Lifecycle} and a supplier of its server. */
  private static final String BEAN = "earshotLifecycle";

  private final Object bean;

  private SpringServer(Object bean) {
    this.bean = bean;
  }

  /**
   * The server of the context of a test; null if Spring does not run the test, or has no server.
   */
  static @Nullable SpringServer of(ExtensionContext test) {
    boolean isOfSpring =
        test.getTestClass().stream()
            .flatMap(
                each ->
                    AnnotationSupport.findRepeatableAnnotations(each, ExtendWith.class).stream())
            .anyMatch(each -> Arrays.asList(each.value()).contains(SpringExtension.class));
    if (!isOfSpring) {
      return null;
    }
    ApplicationContext context = SpringExtension.getApplicationContext(test);
    return context.containsBean(BEAN) ? new SpringServer(context.getBean(BEAN)) : null;
  }

  @Override
  public EarshotServer server() {
    return (EarshotServer) ((Supplier<?>) bean).get();
  }

  @Override
  public void restart() {
    var lifecycle = (Lifecycle) bean;
    lifecycle.stop();
    lifecycle.start();
  }

  @Override
  public String token(String user) {
    throw new IllegalStateException(
        "the application decides which tokens are logins: use client(builder -> builder.login(token))");
  }

  @Override
  public void close() {}
}
