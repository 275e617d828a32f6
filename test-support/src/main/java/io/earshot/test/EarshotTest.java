package io.earshot.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives the tests of a class a server: each test method that has a parameter of type {@link
 * EarshotTestServer} or {@link io.earshot.Api} gets a server of its own, in this process, on free
 * ports. Its methods with {@code @BeforeEach} and {@code @AfterEach} get the same server.
 *
 * <pre>{@code
 * @EarshotTest("rooms.rules=staff.* join=nobody")
 * class ChatTest {
 *   @Test void messages_survive_a_lost_connection(EarshotTestServer server) {
 *     TestClient ada = server.client();
 *     TestClient bob = server.client();
 *     ada.join("attic");
 *     bob.join("attic");
 *     server.cutAll();
 *     ada.say("attic", "hello");
 *     bob.await("attic", "hello");
 *     server.assertNoGap();
 *   }
 * }
 * }</pre>
 *
 * <p>In a test whose application context has the Earshot server of the Spring Boot starter, the
 * parameter is that server, and the settings are those of the application.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(EarshotExtension.class)
public @interface EarshotTest {
  /**
   * Settings of the server, each as {@code PATH=VALUE}. Those at a method replace those at its
   * class.
   *
   * @return the settings; by default those of {@link EarshotTestServer#start}
   */
  String[] value() default {};
}
