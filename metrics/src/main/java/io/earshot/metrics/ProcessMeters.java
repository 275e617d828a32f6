package io.earshot.metrics;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.OperatingSystemMXBean;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmInfoMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The JVM and the process, for a server that is a process of its own.
 *
 * <p>Owned by the exporter that makes it.
 */
final class ProcessMeters implements AutoCloseable {
  /** Names that break the conventions of Prometheus; the same values have others here. */
  private static final Set<String> REPLACED = Set.of("process.cpu.time", "system.cpu.count");

  private static final Path STATUS = Path.of("/proc/self/status");

  private final List<JvmGcMetrics> listening = new ArrayList<>();

  void addTo(MeterRegistry registry) {
    registry.config().meterFilter(MeterFilter.deny(id -> REPLACED.contains(id.getName())));
    var collections = new JvmGcMetrics();
    listening.add(collections);
    List<MeterBinder> binders =
        List.of(
            new JvmMemoryMetrics(),
            collections,
            new JvmThreadMetrics(),
            new ClassLoaderMetrics(),
            new JvmInfoMetrics(),
            new FileDescriptorMetrics(),
            new ProcessorMetrics(),
            new UptimeMetrics());
    binders.forEach(binder -> binder.bindTo(registry));
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      FunctionCounter.builder("process.cpu", system, each -> each.getProcessCpuTime() / 1e9)
          .baseUnit("seconds")
          .description("CPU time of the process.")
          .register(registry);
    }
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

  /** Listens to collections no more. */
  @Override
  public void close() {
    listening.forEach(JvmGcMetrics::close);
  }
}
