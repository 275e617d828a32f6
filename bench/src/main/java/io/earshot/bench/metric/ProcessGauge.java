package io.earshot.bench.metric;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Reads the resources of a process and its descendants from {@code /proc} on Linux; reads nothing
 * on other systems.
 *
 * <p>Immutable.
 *
 * @param pid the process
 * @param core the core that the process is pinned to, if it is pinned to one
 */
public record ProcessGauge(long pid, OptionalInt core) implements Gauge {
  private static final int UTIME = 11;
  private static final int IDLE = 4;
  private static final int IO_WAIT = 5;
  private static final int STEAL = 8;

  @Override
  public Reading read() {
    double cpu = 0;
    double scheduled = 0;
    long resident = 0;
    try {
      for (Path process : processes()) {
        try {
          cpu += cpuMicros(process);
          scheduled += scheduledMicros(process);
          resident += residentBytes(process);
        } catch (NoSuchFileException _) {
          // The process has ended.
        }
      }
      return new Reading(cpu, scheduled, coreMicros(), resident);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resources of process " + pid, e);
    }
  }

  private List<Path> processes() {
    return ProcessHandle.of(pid).stream()
        .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
        .map(process -> Path.of("/proc", Long.toString(process.pid())))
        .filter(Files::isDirectory)
        .toList();
  }

  private static double cpuMicros(Path process) throws IOException {
    String stat = Files.readString(process.resolve("stat"));
    // The name is in parentheses, and may contain blanks and parentheses.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[UTIME + 1])) * TICK_MICROS;
  }

  private static double scheduledMicros(Path process) throws IOException {
    double nanos = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(process.resolve("task"))) {
      for (Path thread : threads) {
        try {
          String schedstat = Files.readString(thread.resolve("schedstat"));
          nanos += Long.parseLong(schedstat.substring(0, schedstat.indexOf(' ')));
        } catch (NoSuchFileException _) {
          // The thread has ended, or this kernel has no schedstat.
        }
      }
    }
    return nanos / 1000;
  }

  private double coreMicros() throws IOException {
    if (core.isEmpty()) {
      return 0;
    }
    String name = "cpu" + core.getAsInt();
    for (String line : Files.readAllLines(Path.of("/proc/stat"))) {
      String[] fields = line.split(" +", -1);
      if (fields[0].equals(name)) {
        double busy = 0;
        for (int i = 1; i < STEAL; i++) {
          busy += i == IDLE || i == IO_WAIT ? 0 : Long.parseLong(fields[i]);
        }
        return busy * TICK_MICROS;
      }
    }
    return 0;
  }

  private static long residentBytes(Path process) throws IOException {
    // smaps_rollup is exact; status may be wrong by some pages for each thread.
    for (String file : new String[] {"smaps_rollup", "status"}) {
      try {
        for (String line : Files.readAllLines(process.resolve(file))) {
          if (line.startsWith("Rss:") || line.startsWith("VmRSS:")) {
            return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
          }
        }
      } catch (IOException _) {
        // Not every kernel has this file, or lets every user read it.
      }
    }
    return 0;
  }
}
