package io.earshot.bench.metric;

/** Reads how much CPU and memory the server has used. */
public interface Gauge {
  /** Reads nothing, for a server inside this process. */
  Gauge NONE = () -> new Reading(0, 0, 0, 0);

  /** The resolution of CPU time: Linux reports hundredths of a second, whatever its clock does. */
  double TICK_MICROS = 10_000;

  Reading read();

  /**
   * The resources that were used up to one moment.
   *
   * <p>Immutable.
   *
   * @param cpuMicros CPU time of the process in microseconds, in steps of 10 ms
   * @param scheduledMicros CPU time according to the scheduler in microseconds: finer, but without
   *     threads that have ended
   * @param coreMicros busy time of the core that the server is pinned to, in microseconds, with all
   *     work of the kernel; 0 if the server is not pinned to one core
   * @param residentBytes resident memory of the process
   */
  record Reading(double cpuMicros, double scheduledMicros, double coreMicros, long residentBytes) {
    /**
     * The CPU time since an earlier reading in microseconds: as fine as that of the scheduler,
     * unless threads have ended since then, whose time the scheduler's value lacks.
     */
    public double cpuMicrosSince(Reading before) {
      double cpu = cpuMicros - before.cpuMicros;
      double scheduled = scheduledMicros - before.scheduledMicros;
      return Math.abs(cpu - scheduled) > 2 * TICK_MICROS ? cpu : scheduled;
    }

    /** Adds what was used for each delivery since an earlier reading. */
    public void putSince(Reading before, long deliveries, Measurements measurements) {
      if (deliveries > 0 && residentBytes > 0) {
        measurements.put(Metric.CPU, (cpuMicros - before.cpuMicros) / deliveries);
        measurements.put(Metric.SCHEDULED, (scheduledMicros - before.scheduledMicros) / deliveries);
        if (coreMicros > 0) {
          measurements.put(Metric.CORE, (coreMicros - before.coreMicros) / deliveries);
        }
        measurements.put(Metric.RESIDENT, residentBytes / 1e6);
      }
    }
  }
}
