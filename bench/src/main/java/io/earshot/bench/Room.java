package io.earshot.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * One room as the generator sees it: who speaks in it, and how much of what they said has been
 * heard.
 *
 * <p>Owned by the generator's thread.
 */
final class Room {
  final int number;

  /** How many hear one message. */
  final int hearers;

  private final List<Client> publishers = new ArrayList<>();
  private int next;
  long sent;
  long received;

  Room(int number, int hearers) {
    this.number = number;
    this.hearers = hearers;
  }

  void addPublisher(Client client) {
    publishers.add(client);
  }

  /** Lets the next publisher say a message; false if there is none left. */
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

  /** How many messages all have heard. */
  long done() {
    return received / hearers;
  }

  /** Takes what is missing for lost, so that a closed loop goes on. */
  void forgive() {
    received = sent * hearers;
  }
}
