package io.earshot.bench;

/** What the server has used up so far. */
interface Gauge {
  /** Knows nothing, for a server that is part of this process. */
  Gauge NONE = () -> new Reading(0, 0, 0, 0);

  Reading read();

  /**
   * What has been used up at one moment.
   *
   * <p>Immutable.
   *
   * @param cpuMicros processor time of the process, in steps of 10 ms
   * @param scheduledMicros the same from the scheduler, finer, but blind for threads that ended
   * @param coreMicros busy time of the core that the server is pinned to, the kernel's work for it
   *     included; 0 if it is not pinned to one
   * @param residentBytes memory of the process
   */
  record Reading(double cpuMicros, double scheduledMicros, double coreMicros, long residentBytes) {
    /** What was used since an earlier reading, for so many deliveries. */
    void putSince(Reading before, long deliveries, Figures figures) {
      if (deliveries > 0 && residentBytes > 0) {
        figures.put(Figure.CPU, (cpuMicros - before.cpuMicros) / deliveries);
        figures.put(Figure.SCHEDULED, (scheduledMicros - before.scheduledMicros) / deliveries);
        if (coreMicros > 0) {
          figures.put(Figure.CORE, (coreMicros - before.coreMicros) / deliveries);
        }
        figures.put(Figure.RESIDENT, residentBytes / 1e6);
      }
    }
  }
}
