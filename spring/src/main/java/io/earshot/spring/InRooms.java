package io.earshot.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The rooms that a bean of type {@link io.earshot.Hooks.JoinHook} or {@link
 * io.earshot.Hooks.SayHook} decides about: at its class, or at its method with {@code @Bean}.
 * Without this annotation it decides about all rooms.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface InRooms {
  /**
   * The pattern of the names of rooms.
   *
   * @return the pattern; {@code *} matches any characters
   */
  String value();
}
