package io.earshot.cluster;

import io.earshot.testing.HubEvent;

/**
 * From when to when a client was certainly a member of a room, in numbers of events.
 *
 * <p>Owned by the test's thread.
 */
final class Stay {
  private final String room;
  private final String id;
  private final int from;

  /** Whether the client's server was connected to the hub all the time while it entered. */
  final boolean isSure;

  int to = Integer.MAX_VALUE;

  Stay(String room, String id, int from, boolean isSure) {
    this.room = room;
    this.id = id;
    this.from = from;
    this.isSure = isSure;
  }

  /** Whether an event in the room falls into this stay of the client with an id. */
  boolean includes(HubEvent event, String of) {
    return room.equals(event.room) && id.equals(of) && from < event.at && event.at < to;
  }

  @Override
  public String toString() {
    return "%s from %d to %d".formatted(room, from, to);
  }
}
