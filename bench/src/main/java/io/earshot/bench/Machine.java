package io.earshot.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Describes the machine that the bench runs on. */
final class Machine {
  private Machine() {}

  static String described(int cores) {
    return processor()
        + ", "
        + cores
        + (cores == 1 ? " core, " : " cores, ")
        + memory()
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.version");
  }

  private static String processor() {
    return value("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch"));
  }

  private static String memory() {
    return value("/proc/meminfo", "MemTotal")
        .map(kilobytes -> Long.parseLong(kilobytes.replaceAll("\\D", "")) / 1_000_000 + " GB, ")
        .orElse("");
  }

  private static Optional<String> value(String file, String key) {
    try (Stream<String> lines = Files.lines(Path.of(file))) {
      return lines
          .filter(line -> line.startsWith(key))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException | UncheckedIOException _) {
      return Optional.empty();
    }
  }

  /** The load average of the last minute; 0 if the system does not report it. */
  static double load() {
    return Math.max(0, ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  /** The flags of Earshot's JVM. */
  static String flags(Path root) {
    String more = System.getenv("EARSHOT_JAVA_OPTS");
    String shipped = "(not built)";
    try {
      List<String> lines =
          Files.readAllLines(root.resolve("server/target/quick/earshot/jvm.flags"));
      shipped = String.join(" ", lines);
    } catch (IOException _) {
      // The report says that it is not built.
    }
    return more == null || more.isBlank() ? shipped : shipped + " " + more;
  }
}
