package io.earshot.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a setting means, in words that a configuration file can show. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {

  /** One or two sentences, with the unit where there is one. */
  String value();

  /** Another name that is understood for it. */
  String alias() default "";

  /** The smallest number accepted. */
  long min() default 0;

  /** The largest number accepted. */
  long max() default Integer.MAX_VALUE;
}
