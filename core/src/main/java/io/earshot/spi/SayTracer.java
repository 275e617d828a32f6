package io.earshot.spi;

import org.jspecify.annotations.Nullable;

/**
 * Makes a span of each say, for a tracing system.
 *
 * <p>Called on the loop of the sender; it must not block.
 */
public interface SayTracer {

  /**
   * A say begins.
   *
   * @param room the room
   * @param parent the {@code traceparent} that came with it, as the client sent it; null for none.
   *     One that is not valid is ignored
   * @return the span
   */
  SaySpan begin(String room, @Nullable String parent);
}
