package io.earshot.bench.load;

import org.HdrHistogram.Histogram;

/**
 * Counts the clients that have joined and the messages that are delivered to them.
 *
 * <p>Owned by the generator's thread.
 */
final class DeliveryCounter {
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

  /** A client has joined its room. */
  void clientJoined() {
    joined++;
  }

  /** A client was disconnected; {@code hadJoined} says whether it was in its room. */
  void clientLost(boolean hadJoined) {
    lost++;
    if (hadJoined) {
      joined--;
    }
  }

  int joined() {
    return joined;
  }

  int lost() {
    return lost;
  }

  /** Counts deliveries from now on. Those before belong to an earlier run. */
  void startCounting() {
    counting = true;
  }

  void startMeasuring() {
    measuring = true;
  }

  void stopMeasuring() {
    measuring = false;
  }

  /** Bytes were read: the deliveries in them arrived at this time. */
  void reading(long now, int length) {
    readAt = now;
    if (measuring) {
      reads++;
      bytes += length;
    }
  }

  /** A message was delivered. Its stamp is the time at which it was due. */
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

  /** Deliveries between the start and the stop of measuring. */
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
