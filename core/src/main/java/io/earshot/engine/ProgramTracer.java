package io.earshot.engine;

import io.earshot.spi.SayTracer;
import org.jspecify.annotations.Nullable;

/** Finds what traces says, if the program has it. */
final class ProgramTracer {
  private static final String API = "io.opentelemetry.api.GlobalOpenTelemetry";

  private ProgramTracer() {}

  /** OpenTelemetry, if its API is there and the program has set an SDK; else null. */
  static @Nullable SayTracer find() {
    try {
      var unused = Class.forName(API, false, ProgramTracer.class.getClassLoader());
      return OpenTelemetrySays.ofSdk();
    } catch (ClassNotFoundException | LinkageError e) {
      return null; // no API, or one of an older version
    }
  }
}
