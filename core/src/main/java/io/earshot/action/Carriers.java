package io.earshot.action;

import java.lang.management.ManagementFactory;
import java.lang.management.PlatformManagedObject;
import java.lang.reflect.InvocationTargetException;
import org.jspecify.annotations.Nullable;

/**
 * The carriers of the JVM's virtual threads. Programs can add some from Java 24 on, by an interface
 * that is called by its name, since this module is for Java 21, too.
 *
 * <p>Thread-safe: immutable.
 */
final class Carriers {
  private static final String SCHEDULER = "jdk.management.VirtualThreadSchedulerMXBean";

  private final Class<?> type;
  private final PlatformManagedObject scheduler;

  private Carriers(Class<?> type, PlatformManagedObject scheduler) {
    this.type = type;
    this.scheduler = scheduler;
  }

  /** The carriers; null if this JVM lets no program add some. */
  static @Nullable Carriers find() {
    try {
      var type = Class.forName(SCHEDULER).asSubclass(PlatformManagedObject.class);
      PlatformManagedObject scheduler = ManagementFactory.getPlatformMXBean(type);
      return scheduler == null ? null : new Carriers(type, scheduler);
    } catch (ClassNotFoundException e) {
      return null;
    }
  }

  /** How many there may be. */
  int parallelism() {
    return number("getParallelism");
  }

  void parallelism(int count) {
    try {
      type.getMethod("setParallelism", int.class).invoke(scheduler, count);
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(SCHEDULER + " cannot be set", e);
    }
  }

  /** How many there are. */
  int count() {
    return number("getPoolSize");
  }

  private int number(String getter) {
    try {
      return (int) type.getMethod(getter).invoke(scheduler);
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(SCHEDULER + " cannot be read", e);
    }
  }
}
