package io.earshot.bench;

import org.HdrHistogram.Histogram;

/**
 * Counts who is there and what they hear.
 *
 * <p>Owned by the generator's thread.
 */
final class Audience {
  private static final long LONGEST = 3_600_000_000_000L;

  private final Histogram latencies = new Histogram(1, LONGEST, 3);
  private boolean counting;
  private boolean measuring;
  private long readAt;
  private long counted;
  private long measured;
  private long reads;
  private long bytes;
  private int joined;
  private int lost;

  /** One more client has entered its room. */
  void joined() {
    joined++;
  }

  /** One more client is disconnected; whether it had entered its room. */
  void lost(boolean hadJoined) {
    lost++;
    if (hadJoined) {
      joined--;
    }
  }

  int joinedNow() {
    return joined;
  }

  int lostSoFar() {
    return lost;
  }

  /** From now on deliveries count; before, what is heard is from an earlier run. */
  void startCounting() {
    counting = true;
  }

  void startMeasuring() {
    measuring = true;
  }

  void stopMeasuring() {
    measuring = false;
  }

  /** Something has been read; what is in it was delivered now. */
  void reading(long now, int length) {
    readAt = now;
    if (measuring) {
      reads++;
      bytes += length;
    }
  }

  /** A message was delivered that was due at the time of its stamp. */
  void delivered(Room room, long stamp) {
    if (!counting) {
      return;
    }
    counted++;
    room.received++;
    if (measuring) {
      measured++;
      latencies.recordValue(Math.clamp(readAt - stamp, 0, LONGEST));
    }
  }

  /** Deliveries since counting was started. */
  long counted() {
    return counted;
  }

  /** Deliveries while it was measured. */
  long measured() {
    return measured;
  }

  double deliveriesPerRead() {
    return reads == 0 ? 0 : (double) measured / reads;
  }

  double bytesPerDelivery() {
    return measured == 0 ? 0 : (double) bytes / measured;
  }

  /** The latency that this share of the deliveries did not exceed, in milliseconds. */
  double latency(double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e6;
  }
}
