package io.earshot.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The one place for the meaning and the default of a setting. The shipped configuration file and
 * the page that {@code ./earshot config} prints are made from it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.METHOD})
public @interface Setting {

  /** The meaning, in a few sentences, with the unit where there is one. */
  String value();

  /** The default, as a configuration file has it; a list is separated by commas. */
  String defaultValue();

  /** A second name, accepted in place of the component's; empty for none. */
  String alias() default "";

  /** The part of the setting that is never shown. */
  Secret secret() default Secret.NONE;

  /** The smallest number accepted. */
  long min() default 0;

  /** The largest number accepted. */
  long max() default Integer.MAX_VALUE;
}
