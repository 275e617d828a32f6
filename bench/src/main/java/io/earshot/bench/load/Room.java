package io.earshot.bench.load;

import java.util.ArrayList;
import java.util.List;

/**
 * A room of the generator: its publishers, and how many deliveries their messages still need.
 *
 * <p>Owned by the generator's thread.
 */
final class Room {
  final int number;

  /** How many clients receive each message. */
  final int receivers;

  private final List<Client> publishers = new ArrayList<>();
  private int next;
  long sent;
  long received;

  Room(int number, int receivers) {
    this.number = number;
    this.receivers = receivers;
  }

  void addPublisher(Client client) {
    publishers.add(client);
  }

  /** Sends a message from the next publisher. Returns false if all are disconnected. */
  boolean say(long stamp) {
    for (int tried = 0; tried < publishers.size(); tried++) {
      Client client = publishers.get(next);
      next = next + 1 == publishers.size() ? 0 : next + 1;
      if (client.isReady()) {
        sent++;
        client.say(stamp);
        return true;
      }
    }
    return false;
  }

  /** How many messages all receivers have got. */
  long done() {
    return received / receivers;
  }

  /** Counts missing deliveries as lost, so that a closed loop goes on. */
  void writeOff() {
    received = sent * receivers;
  }
}
