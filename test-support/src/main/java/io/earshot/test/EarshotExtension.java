package io.earshot.test;

import io.earshot.Api;
import java.lang.reflect.AnnotatedElement;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Starts a server for a test that asks for one, and stops it after the test.
 *
 * <p>Thread-safe: the store of JUnit holds the server of each test.
 */
final class EarshotExtension implements ParameterResolver, AfterEachCallback {
  private static final Namespace OURS = Namespace.create(EarshotExtension.class);

  /** Whether the annotations of Spring's tests are there. */
  private static final boolean IS_SPRING_THERE = isSpringThere();

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
    Class<?> type = parameter.getParameter().getType();
    return type == EarshotTestServer.class || (type == Api.class && fromSpring(test) == null);
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
    if (test.getTestMethod().isEmpty()) {
      throw new ParameterResolutionException(
          "each test has a server of its own: make it a parameter of the test method, or of a method"
              + " with @BeforeEach or @AfterEach, and not of "
              + parameter.getDeclaringExecutable());
    }
    Store store = test.getStore(OURS);
    EarshotTestServer server = store.get(EarshotTestServer.class, EarshotTestServer.class);
    if (server == null) {
      SpringServer spring = fromSpring(test);
      server =
          spring == null ? EarshotTestServer.start(settings(test)) : EarshotTestServer.of(spring);
      store.put(EarshotTestServer.class, server);
    }
    return parameter.getParameter().getType() == Api.class ? server.api() : server;
  }

  @Override
  public void afterEach(ExtensionContext test) {
    EarshotTestServer server =
        test.getStore(OURS).remove(EarshotTestServer.class, EarshotTestServer.class);
    if (server != null) {
      server.close();
    }
  }

  private static String[] settings(ExtensionContext test) {
    for (Optional<ExtensionContext> at = Optional.of(test);
        at.isPresent();
        at = at.get().getParent()) {
      Optional<AnnotatedElement> element = at.get().getElement();
      EarshotTest found = element.map(each -> each.getAnnotation(EarshotTest.class)).orElse(null);
      if (found != null) {
        return found.value();
      }
    }
    return new String[0];
  }

  private static @Nullable SpringServer fromSpring(ExtensionContext test) {
    return IS_SPRING_THERE ? SpringServer.of(test) : null;
  }

  private static boolean isSpringThere() {
    try {
      ClassLoader loader = EarshotExtension.class.getClassLoader();
      Class.forName(
          "org.springframework.test.context.junit.jupiter.SpringExtension", false, loader);
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}
