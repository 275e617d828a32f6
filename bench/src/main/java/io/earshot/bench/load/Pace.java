package io.earshot.bench.load;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Decides when which room gets the next message.
 *
 * <p>Owned by the generator's thread.
 */
sealed interface Pace {
  /** How long deliveries may fail to arrive before a closed loop goes on without them. */
  long STALL_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Sends what is due. */
  void say(long now);

  /** How often no delivery has arrived for two seconds. */
  int stalls();

  /**
   * An open loop: a fixed rate, round robin over the rooms. The stamp is the time at which the
   * message was due, so that the latency of a message sent late includes its delay.
   */
  final class Rate implements Pace {
    private final Generator generator;
    private final List<Room> rooms;
    private final double interval;
    private final long start;
    private long said;

    Rate(Generator generator, List<Room> rooms, long start, double perSecond) {
      this.generator = generator;
      this.rooms = rooms;
      this.start = start;
      this.interval = 1e9 / perSecond;
    }

    @Override
    public void say(long now) {
      long due = start + (long) (said * interval);
      while (due <= now) {
        generator.say(rooms.get((int) (said % rooms.size())), due);
        said++;
        due = start + (long) (said * interval);
      }
    }

    @Override
    public int stalls() {
      return 0;
    }
  }

  /** A closed loop: a fixed number of messages in flight in each room. */
  final class Window implements Pace {
    private final Generator generator;
    private final List<Room> rooms;
    private final DeliveryCounter deliveries;
    private final int messages;
    private long counted;
    private long countedAt;
    private int stalls;

    Window(
        Generator generator,
        List<Room> rooms,
        DeliveryCounter deliveries,
        long start,
        int messages) {
      this.generator = generator;
      this.rooms = rooms;
      this.deliveries = deliveries;
      this.messages = messages;
      this.countedAt = start;
    }

    @Override
    public void say(long now) {
      for (Room room : rooms) {
        if (room.receivers > 0) {
          long most = room.done() + messages;
          while (room.sent < most && generator.say(room, generator.now())) {}
        }
      }
      if (deliveries.counted() != counted) {
        counted = deliveries.counted();
        countedAt = now;
      } else if (now - countedAt > STALL_NANOS) {
        stalls++;
        countedAt = now;
        rooms.forEach(Room::writeOff);
      }
    }

    @Override
    public int stalls() {
      return stalls;
    }
  }
}
