package io.earshot.metrics;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.OperatingSystemMXBean;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmInfoMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The JVM and the process, for a server that is a process of its own.
 *
 * <p>The collector and the CPU are read here. Micrometer's binder for the collector has the JVM
 * report each collection, which costs as much as one does in a small heap. That for the CPU has
 * names that break the conventions of Prometheus, and values for which the JDK reads dozens of
 * files in a container.
 */
final class ProcessMeters {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessMeters() {}

  static void addTo(MeterRegistry registry) {
    List<MeterBinder> binders =
        List.of(
            new JvmMemoryMetrics(),
            new JvmThreadMetrics(),
            new ClassLoaderMetrics(),
            new JvmInfoMetrics(),
            new FileDescriptorMetrics(),
            new UptimeMetrics());
    binders.forEach(binder -> binder.bindTo(registry));
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      FunctionTimer.builder(
              "jvm.gc.pause",
              collector,
              GarbageCollectorMXBean::getCollectionCount,
              GarbageCollectorMXBean::getCollectionTime,
              TimeUnit.MILLISECONDS)
          .tag("gc", collector.getName())
          .description("Garbage collections, and how long they took.")
          .register(registry);
    }
    var machine = ManagementFactory.getOperatingSystemMXBean();
    if (machine instanceof OperatingSystemMXBean system) {
      FunctionCounter.builder("process.cpu", system, each -> each.getProcessCpuTime() / 1e9)
          .baseUnit("seconds")
          .description("CPU time of the process.")
          .register(registry);
    }
    Gauge.builder("system.load.average.1m", machine::getSystemLoadAverage)
        .description("Threads of the machine that run or want to, as an average of a minute.")
        .register(registry);
    Gauge.builder("system.cpus", () -> Runtime.getRuntime().availableProcessors())
        .description("Processors that the process may use.")
        .register(registry);
    if (Files.isReadable(STATUS)) {
      Gauge.builder("process.resident.memory", ProcessMeters::residentBytes)
          .baseUnit("bytes")
          .description("Memory of the process that is in RAM, inside and outside the heap.")
          .register(registry);
    }
  }

  /** The line {@code VmRSS: 123 kB} of the file; not a number if there is none. */
  private static double residentBytes() {
    try {
      for (String line : Files.readAllLines(STATUS, US_ASCII)) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) * 1024.0;
        }
      }
      return Double.NaN;
    } catch (IOException | NumberFormatException e) {
      return Double.NaN;
    }
  }
}
